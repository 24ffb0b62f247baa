// The queue: groups with submissions that wait for a person, the most urgent first.
import { html, useEffect, useRef, useState } from "../app/html.js";
import { addressOfPage, go, Link, route, setQuery } from "../app/router.js";
import { effects } from "../app/acts.js";
import { usePages } from "../app/answers.js";
import { makeCell, useCell } from "../app/cells.js";
import { useKeys } from "../app/keys.js";
import { ago, moment, name, plural } from "../app/format.js";
import { collectionOf } from "../app/settings.js";
import { Choice, Chip, ConfidenceChip, Empty, Loading, Problem } from "../components/parts.js";
import { Picture } from "../components/picture.js";

// The groups as they were shown last, so that a group can lead on to the next.
export const queued = makeCell([]);

export function Queue() {
  const current = useCell(route);
  const collection = collectionOf(current);
  const params = { collection, confidence: current.query.get("confidence") || "", kind: current.query.get("kind") || "" };
  const pages = usePages("/v1/review", params, { entriesOf: (page) => page.groups, limit: 50, max: 10_000 });
  const done = useCell(effects);
  const before = useRef(done);
  useEffect(() => {
    if (before.current !== done) pages.reload();
    before.current = done;
  }, [done]);
  const groups = pages.entries;
  useEffect(() => queued.set(groups.map((group) => group.content_id)), [groups.length, groups[0]?.content_id]);
  const [at, setAt] = useState(0);
  const list = useRef(null);
  const focusOn = (index) => {
    const next = Math.max(0, Math.min(groups.length - 1, index));
    setAt(next);
    list.current?.querySelectorAll("a.card")[next]?.focus();
  };
  useKeys({
    ArrowDown: () => focusOn(document.activeElement?.closest?.("a.card") ? at + 1 : at),
    ArrowUp: () => focusOn(at - 1),
    j: () => focusOn(at + 1),
    k: () => focusOn(at - 1),
    Enter: () => groups[at] && go(addressOfPage("groups", groups[at].content_id, { member: groups[at].first?.submission_id })),
  });
  return html`
    <header class="page"><h1>Queue</h1>
      <p class="quiet">${pages.entries.length ? `${plural(groups.length, "group")}${pages.done ? "" : " and more"} with something to look at, the most urgent first.` : ""}</p>
      <div class="filters">
        <${Choice} label="Confidence" value=${params.confidence} onChange=${(value) => setQuery({ confidence: value })} options=${[["", "any"], ["certain", "certain"], ["likely", "likely"], ["unverified", "unverified"]]} />
        <${Choice} label="Kind" value=${params.kind} onChange=${(value) => setQuery({ kind: value })} options=${[["", "any"], ["image", "pictures"], ["video", "videos"]]} />
      </div>
    </header>
    <${Problem} problem=${pages.problem} onRetry=${pages.reload} />
    ${!groups.length && pages.loading ? html`<${Loading} what="the queue" onRetry=${pages.reload} />` : null}
    ${!groups.length && pages.done ? html`<${Empty} title="Nothing waits">In the collection ${collection}, every match is certain or has a verdict. Choose another collection above, or look at <${Link} href=${addressOfPage("media")}>all media<//>.<//>` : null}
    <ol class="queue" ref=${list}>${groups.map((group, index) => html`
      <li key=${group.content_id}><${QueueCard} group=${group} onFocus=${() => setAt(index)} /></li>`)}</ol>
    ${groups.length && !pages.done ? html`<button type="button" onClick=${pages.more} disabled=${pages.loading}>More</button>` : null}`;
}

function QueueCard({ group, onFocus }) {
  const { canonical, first } = group;
  const match = first?.match;
  return html`<${Link} class="card" href=${addressOfPage("groups", group.content_id, { member: first?.submission_id })} onFocus=${onFocus}>
    <span class="pair"><${Picture} decision=${canonical} size=${150} /><span class="versus" aria-hidden="true">↔</span><${Picture} decision=${first} size=${150} map=${null} /></span>
    <span class="card-text">
      <span class="chips">
        ${group.known_status === "blocked" ? html`<${Chip} kind="blocked">resembles blocked<//>` : null}
        ${group.known_status === "allowed" ? html`<${Chip} kind="allowed">resembles allowed<//>` : null}
        <${ConfidenceChip} match=${match} />
        ${first?.verdict?.status === "review" ? html`<${Chip} kind="review">set for review<//>` : null}
      </span>
      <b class="title">${name(first?.media_id ?? canonical?.media_id)}</b>
      <span class="why">${match?.explanation || "A verdict asks for a look."}</span>
      <span class="quiet">${plural(group.waiting, "submission")} ${group.waiting === 1 ? "waits" : "wait"}, since <time datetime=${group.waiting_since} title=${moment(group.waiting_since)}>${ago(group.waiting_since)}</time>${group.submissions ? `; the group has ${plural(group.submissions, "submission")}` : ""}</span>
    </span>
  <//>`;
}
