// What differs between two media, why they matched, and what was said about them.
import { html } from "../app/html.js";
import { ago, bytes, duration, moment, name, number, percent, word } from "../app/format.js";
import { ConfidenceChip, Table } from "./parts.js";

const FACTS = {
  kind: ["Kind", (value) => value], format: ["Format", (value) => value], size_bytes: ["Size", bytes],
  width: ["Width", (value) => `${number(value)} px`], height: ["Height", (value) => `${number(value)} px`], frames: ["Frames", number],
  quality: ["Quality", (value) => (value === null ? "–" : value.toFixed(2))], duration_s: ["Duration", duration], codec: ["Codec", (value) => value],
};

export function Differences({ member }) {
  const rows = member.differs;
  return html`<section class="panel"><h2>Only what differs</h2>
    ${rows.length ? html`<${Table} caption="Facts that differ" rows=${rows} rowKey=${(row) => row.fact} columns=${[
      ["Fact", (row) => FACTS[row.fact]?.[0] || row.fact, "fact"],
      ["Known", (row) => shown(row.fact, row.canonical)],
      ["Submitted", (row) => html`<b>${shown(row.fact, row.member)}</b>`],
    ]} />` : html`<p class="quiet">Format, size, width, height and quality are the same.</p>`}
  </section>`;
}

const shown = (fact, value) => (value === null || value === undefined ? "–" : (FACTS[fact]?.[1] || String)(value));

export function Why({ member }) {
  const { match } = member;
  if (!match) return html`<section class="panel"><h2>Why it is here</h2><p>${member.role === "canonical" ? "It is the canonical content: the group is named after it." : "It has no match: a merge put it here."}</p></section>`;
  const parts = [
    ["Confidence", html`<${ConfidenceChip} match=${match} />`],
    match.score ? ["Score of the evidence", html`<${Bar} value=${match.score} max=${1000} mark=${490} /> ${number(match.score)} of 1,000`] : null,
    ["Something else", percent(match.differs, 1)],
    match.threshold_bits ? ["Distance", html`<${Bar} value=${match.distance_bits} max=${256} mark=${match.threshold_bits} isLess=${true} /> ${number(match.distance_bits)} of at most ${number(match.threshold_bits)} bits`] : null,
    ["Similarity", percent(match.similarity, 1)],
    match.transformation && match.transformation !== "none" ? ["Undone", word(match.transformation)] : null,
    match.relation ? ["Relation", word(match.relation)] : null,
    match.segments?.length ? ["Shared", `${percent(match.share, 0)} of it, ${percent(match.known_share, 0)} of the known video`] : null,
    ["Found by", html`<code>${match.method}</code>${match.view ? `, view ${match.view} on ${match.known_view}` : ""}`],
    ["Matched with", name(match.media_id)],
  ].filter(Boolean);
  return html`<section class="panel"><h2>Why it matched</h2>
    <p class="explanation">${member.why || match.explanation}</p>
    <dl class="facts">${parts.map(([title, value]) => html`<div><dt>${title}</dt><dd>${value}</dd></div>`)}</dl>
  </section>`;
}

// What the submitter said about the medium, as text.
export function Metadata({ decision }) {
  const entries = Object.entries(decision.metadata || {});
  if (!entries.length) return null;
  return html`<details class="panel"><summary>Metadata (${entries.length})</summary>
    <dl class="facts">${entries.slice(0, 100).map(([key, value]) => html`<div><dt>${name(key)}</dt><dd>${name(typeof value === "string" ? value : JSON.stringify(value))}</dd></div>`)}</dl></details>`;
}

// A bar with the mark that it is measured by; the text beside it says the same.
function Bar({ value, max, mark, isLess = false }) {
  const share = (part) => `${Math.max(0, Math.min(100, (part / max) * 100))}%`;
  const isGood = isLess ? value <= mark : value >= mark;
  return html`<span class=${`bar ${isGood ? "good" : "bad"}`} aria-hidden="true"><span style=${{ width: share(value) }}></span><i style=${{ left: share(mark) }}></i></span>`;
}

export function Acts({ acts }) {
  if (!acts.length) return null;
  return html`<details class="panel"><summary>What was said about this group (${acts.length})</summary>
    <${Table} caption="Moderation events" rows=${acts} rowKey=${(act) => act.event_id} columns=${[
      ["When", (act) => html`<time datetime=${act.at} title=${moment(act.at)}>${ago(act.at)}</time>`],
      ["What", (act) => `${word(act.event)}${act.status ? `: ${word(act.status)}` : ""}`],
      ["By", (act) => `${act.by_kind} ${name(act.by_name)}`],
      ["About", (act) => name(act.media_id || act.content_id.slice(0, 19))],
      ["Why", (act) => (act.reason ? name(act.reason) : "")],
    ]} /></details>`;
}

