// All media of a collection: filters and words in the address, a grid of any length, one verdict on many.
import { html, useEffect, useRef, useState } from "../app/html.js";
import { addressOfPage, Link, route, setQuery } from "../app/router.js";
import { giveVerdict } from "../app/acts.js";
import { usePages } from "../app/answers.js";
import { may } from "../app/api.js";
import { useCell } from "../app/cells.js";
import { useKeys } from "../app/keys.js";
import { ago, name, number, plural, word } from "../app/format.js";
import { collectionOf } from "../app/settings.js";
import { VirtualGrid } from "../components/grid.js";
import { Choice, Chip, Empty, Key, Loading, Problem, useVerdict, VerdictChip } from "../components/parts.js";
import { Picture } from "../components/picture.js";

const CHOICES = [
  ["outcome", "Outcome", [["", "any"], ["unique", "unique"], ["duplicate", "exact copies"], ["near_duplicate", "near duplicates"], ["failed", "failed"]]],
  ["verdict", "Verdict", [["", "any"], ["pending", "none"], ["allowed", "allowed"], ["blocked", "blocked"], ["review", "review"]]],
  ["confidence", "Confidence", [["", "any"], ["exact", "exact"], ["certain", "certain"], ["likely", "likely"], ["unverified", "unverified"]]],
  ["kind", "Kind", [["", "any"], ["image", "pictures"], ["video", "videos"]]],
];
const TEXTS = [["owner", "Owner"], ["label", "Label"]];

// What the grid keeps of a decision, so that 100,000 fit into memory.
const small = ({ decision_id, submission_id, media_id, content_id, outcome, verdict, facts, thumbnails, match, decided_at }) => ({
  decision_id, submission_id, media_id, content_id, outcome, thumbnails, decided_at,
  group: match?.group_content_id || content_id,
  verdict: { status: verdict.status, by: verdict.by, kind: verdict.kind, labels: verdict.labels, inherited_from: verdict.inherited_from },
  facts: facts && { kind: facts.kind, format: facts.format, width: facts.width, height: facts.height },
});

export function Media() {
  const current = useCell(route);
  const collection = collectionOf(current);
  const chosen = Object.fromEntries([...CHOICES, ...TEXTS].map(([field]) => [field, current.query.get(field) || ""]));
  const text = current.query.get("q") || "";
  const pages = useMedia(collection, chosen, text);
  const entries = pages.entries;
  const [selection, setSelection] = useState(new Map());
  const at = useRef(0);
  const grid = useRef(null);
  useEffect(() => setSelection(new Map()), [collection, text, JSON.stringify(chosen)]);
  const toggle = (entry) => setSelection((before) => {
    const next = new Map(before);
    if (!next.delete(entry.content_id)) next.set(entry.content_id, entry);
    return next;
  });
  const range = useRef(null);
  const tick = (entry, index, event) => {
    if (event.shiftKey && range.current !== null) {
      const [from, to] = [Math.min(range.current, index), Math.max(range.current, index)];
      setSelection((before) => new Map([...before, ...entries.slice(from, to + 1).filter((each) => each.content_id).map((each) => [each.content_id, each])]));
    } else toggle(entry);
    range.current = index;
  };
  const say = (status) => () => selection.size && giveVerdict([...selection.values()].map((entry) => ({ contentId: entry.content_id, mediaId: entry.media_id, verdict: entry.verdict })), status, collection);
  const move = (step) => () => {
    at.current = Math.max(0, Math.min(entries.length - 1, at.current + step()));
    grid.current?.focus(at.current);
  };
  useKeys({
    ArrowRight: move(() => 1), ArrowLeft: move(() => -1),
    ArrowDown: move(() => grid.current.columns), ArrowUp: move(() => -grid.current.columns),
    x: () => entries[at.current]?.content_id && toggle(entries[at.current]),
    Escape: () => setSelection(new Map()),
    ...(may("moderate") ? { a: say("allowed"), b: say("blocked"), r: say("review") } : {}),
  });
  return html`
    <header class="page"><h1>Media</h1>
      <p class="quiet" role="status">${entries.length ? `${number(entries.length)}${pages.done ? "" : " and more"}, the latest first` : ""}</p>
    </header>
    <${Filters} chosen=${chosen} text=${text} />
    <${Problem} problem=${pages.problem} onRetry=${pages.reload} />
    ${!entries.length && pages.loading ? html`<${Loading} what="media" onRetry=${pages.reload} />` : null}
    ${!entries.length && pages.done ? html`<${Empty} title="No media">Nothing in the collection ${collection} fits these filters.<//>` : null}
    <${VirtualGrid} entries=${entries} height=${208} minWidth=${150} label="Media" gridRef=${grid} onNear=${pages.more} keyOf=${(entry) => entry.decision_id}
      render=${(entry, index) => html`<${Tile} entry=${entry} isSelected=${selection.has(entry.content_id)} onTick=${(event) => tick(entry, index, event)} onFocus=${() => (at.current = index)} />`} />
    ${selection.size ? html`<${BulkBar} count=${selection.size} say=${say} entries=${entries} onSelect=${setSelection} />` : null}`;
}

// Words are searched by /v1/search, filters by /v1/decisions; search knows fewer filters.
function useMedia(collection, chosen, text) {
  const searched = { text, collection, ...(chosen.owner ? { owner: chosen.owner } : {}), ...(chosen.label ? { label: chosen.label } : {}) };
  const fits = (decision) => CHOICES.every(([field]) => !chosen[field] || valueOf(decision, field) === chosen[field]);
  return usePages(text ? "/v1/search" : "/v1/decisions", text ? {} : { collection, ...chosen }, {
    body: text ? searched : undefined,
    limit: text ? 100 : 200,
    entriesOf: (page) => (text ? page.texts.map((found) => found.decision).filter(fits) : page.decisions),
    take: small,
  });
}

const valueOf = (decision, field) => ({ outcome: decision.outcome, verdict: decision.verdict.status, confidence: decision.match?.confidence, kind: decision.facts?.kind })[field];

function Filters({ chosen, text }) {
  const timer = useRef(0);
  const later = (changes) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setQuery(changes), 350);
  };
  return html`<form class="filters panel" role="search" onSubmit=${(event) => event.preventDefault()}>
    <label class="choice wide"><span>Words in names, metadata, labels, reasons</span><input type="search" maxlength="512" defaultValue=${text} onInput=${(event) => later({ q: event.target.value.trim() })} /></label>
    ${CHOICES.map(([field, title, options]) => html`<${Choice} label=${title} value=${chosen[field]} options=${options} onChange=${(value) => setQuery({ [field]: value })} />`)}
    ${TEXTS.map(([field, title]) => html`<label class="choice"><span>${title}</span><input maxlength="256" size="10" defaultValue=${chosen[field]} onInput=${(event) => later({ [field]: event.target.value.trim() })} /></label>`)}
  </form>`;
}

function Tile({ entry, isSelected, onTick, onFocus }) {
  const verdict = useVerdict(entry.content_id, entry.verdict);
  const inside = html`<${Picture} decision=${{ ...entry, verdict }} size=${150} />
    <span class="title">${name(entry.media_id)}</span>
    <span class="chips"><${Chip} kind=${entry.outcome}>${word(entry.outcome)}<//> ${verdict.status === "pending" ? null : html`<${VerdictChip} verdict=${verdict} />`}</span>
    <small class="quiet">${ago(entry.decided_at)}</small>`;
  if (!entry.content_id) return html`<div class="tile">${inside}</div>`;
  return html`<${Link} class=${`tile ${isSelected ? "chosen" : ""}`} href=${addressOfPage("groups", entry.group, { member: entry.submission_id })} onFocus=${onFocus}>${inside}<//>
    <label class="tick"><input type="checkbox" checked=${isSelected} onClick=${onTick} aria-label=${`Select ${name(entry.media_id)}`} /></label>`;
}

function BulkBar({ count, say, entries, onSelect }) {
  const all = () => onSelect(new Map(entries.filter((entry) => entry.content_id).map((entry) => [entry.content_id, entry])));
  return html`<section class="verdicts" aria-label="Verdict on the selection">
    <p class="about"><b>${plural(count, "content")}</b> selected <button type="button" class="small" onClick=${all}>All ${number(entries.length)} loaded</button> <button type="button" class="small" onClick=${() => onSelect(new Map())}>None</button></p>
    ${may("moderate") ? html`<div class="buttons">
      <button type="button" class="allow" onClick=${say("allowed")}>Allow <${Key}>a<//></button>
      <button type="button" class="block" onClick=${say("blocked")}>Block <${Key}>b<//></button>
      <button type="button" class="review" onClick=${say("review")}>Review <${Key}>r<//></button>
    </div>` : null}
  </section>`;
}

