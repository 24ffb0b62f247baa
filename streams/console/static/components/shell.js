// What is around every page: navigation, the collection, settings, notices, and what is up with the API.
import { html, useEffect, useRef, useState } from "../app/html.js";
import { addressOfPage, go, Link, route, setQuery } from "../app/router.js";
import { canUndo, dismiss, notices, undoLast } from "../app/acts.js";
import { connection, may, me, signOut } from "../app/api.js";
import { useAnswer } from "../app/answers.js";
import { useCell } from "../app/cells.js";
import { useKeys } from "../app/keys.js";
import { number } from "../app/format.js";
import { collectionOf } from "../app/settings.js";
import { Key } from "./parts.js";
import { Help, Settings } from "./dialogs.js";

export const PAGES = [
  ["queue", "Queue"], ["media", "Media"], ["search", "Search"], ["statistics", "Statistics"], ["jobs", "Jobs"],
  ["lists", "Hash lists", "admin"], ["letters", "Dead letters", "admin"],
];

export function Shell({ children }) {
  const current = useCell(route);
  const [dialog, setDialog] = useState(null);
  useKeys({
    "?": () => setDialog("help"),
    "/": () => { go(addressOfPage("search")); },
    z: () => undoLast(),
  });
  const isFirst = useRef(true);
  useEffect(() => { // those who do not see the page hear that it is another
    if (!isFirst.current) document.getElementById("main").focus({ preventScroll: true });
    isFirst.current = false;
  }, [current.page, current.name]);
  const shown = current.page === "groups" ? "queue" : current.page;
  return html`
    <a class="skip" href="#main" onClick=${(event) => (event.preventDefault(), document.getElementById("main").focus())}>Skip to the page</a>
    <header class="top">
      <${Link} class="brand" href=${addressOfPage("queue")}><b>mediasieve</b><//>
      <${CollectionChoice} />
      <span class="gap"></span>
      <button type="button" class="small" onClick=${undoLast} disabled=${!useCell(canUndo)}>Undo <${Key}>z<//></button>
      <button type="button" class="icon" aria-label="Keys and help" title="Keys and help (?)" onClick=${() => setDialog("help")}>?</button>
      <button type="button" class="icon" aria-label="Settings" title="Settings" onClick=${() => setDialog("settings")}>⚙</button>
      ${me.get()?.name !== "local" ? html`<button type="button" class="small" onClick=${signOut}>Sign out</button>` : null}
    </header>
    <nav class="pages" aria-label="Pages"><ul>${PAGES.filter(([, , role]) => !role || may(role)).map(([page, title]) =>
      html`<li><${Link} href=${addressOfPage(page)} aria-current=${page === shown ? "page" : null}>${title}<//></li>`)}</ul></nav>
    <${Connection} />
    <main id="main" tabindex="-1">${children}</main>
    <${Notices} />
    ${dialog === "help" ? html`<${Help} onClose=${() => setDialog(null)} />` : null}
    ${dialog === "settings" ? html`<${Settings} onClose=${() => setDialog(null)} />` : null}`;
}

function CollectionChoice() {
  const current = useCell(route);
  const chosen = collectionOf(current);
  const { data } = useAnswer("/v1/collections", {}, { everyMs: 60_000 });
  const names = [...new Set([chosen, ...(data || []).map((entry) => entry.collection)])];
  const waiting = Object.fromEntries((data || []).map((entry) => [entry.collection, entry.waiting]));
  const choose = (event) => (current.page === "groups" ? go(addressOfPage("queue", "", { collection: event.target.value })) : setQuery({ collection: event.target.value }, { replace: false }));
  return html`<label class="collection"><span class="hidden">Collection</span>
    <select value=${chosen} onChange=${choose}>${names.map((entry) => html`<option value=${entry} selected=${entry === chosen}>${entry}${waiting[entry] ? ` (${number(waiting[entry])} wait)` : ""}</option>`)}</select></label>`;
}

function Connection() {
  const state = useCell(connection);
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(state !== "ok"), state === "ok" ? 0 : 300);
    return () => clearTimeout(timer);
  }, [state]);
  const text = state === "away" ? "The API does not answer. The console goes on trying; nothing that you did is lost." : "The API answers slowly.";
  return html`<div role="status" class=${`connection ${isShown ? state : "ok"}`}>${isShown && state !== "ok" ? text : ""}</div>`;
}

const STATES = { sending: "sending …", done: "done", failed: "not all done" };

function Notices() {
  const list = useCell(notices);
  return html`<section class="notices" aria-label="What was done" aria-live="polite">${list.map((notice) => html`
    <div key=${notice.id} class=${`notice notice-${notice.state}`}>
      <p><span>${notice.text}</span> <small>${notice.isLate ? "sent; the effect takes a moment" : STATES[notice.state]}</small></p>
      ${notice.total > 1 ? html`<progress max=${notice.total} value=${notice.done} aria-label=${notice.text}></progress><small>${number(notice.done)} of ${number(notice.total)}</small>` : null}
      ${notice.failed.length ? html`<p class="failed">${number(notice.failed.length)} refused: ${notice.failed[0].message} <button type="button" class="small" onClick=${notice.again}>Try again</button></p>` : null}
      <button type="button" class="icon" aria-label="Dismiss" onClick=${() => dismiss(notice.id)}>×</button>
    </div>`)}</section>`;
}
