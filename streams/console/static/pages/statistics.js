// What the system does now, and what copies saved. Asked again and again while the page is seen.
import { html, useEffect, useRef, useState } from "../app/html.js";
import { addressOfPage, Link, route } from "../app/router.js";
import { useAnswer } from "../app/answers.js";
import { may } from "../app/api.js";
import { useCell } from "../app/cells.js";
import { bytes, name, number, percent, word } from "../app/format.js";
import { collectionOf } from "../app/settings.js";
import { Chip, Figure, Loading, Problem, Table } from "../components/parts.js";

const EVERY_MS = 5_000;
const SECONDS = 120;

export function Statistics() {
  const collection = collectionOf(useCell(route));
  const { data, problem, reload } = useAnswer("/v1/statistics", { collection }, { everyMs: EVERY_MS });
  return html`
    <header class="page"><h1>Statistics</h1><p class="quiet">Of the collection ${collection}, live.</p></header>
    <${Problem} problem=${problem} onRetry=${reload} />
    ${data ? html`<${Totals} data=${data} />` : problem ? null : html`<${Loading} what="figures" onRetry=${reload} />`}
    <div class="columns">
      <${Live} key=${collection} collection=${collection} />
      ${may("admin") ? html`<${Health} />` : null}
    </div>
    ${data ? html`<${Details} data=${data} />` : null}`;
}

function Totals({ data }) {
  const { submissions, copies, submitted_bytes, saved_bytes } = data.savings;
  const minute = data.throughput?.find((entry) => entry.window_s === 60);
  const saved = data.calls_saved.reduce((sum, row) => sum + row.submissions, 0);
  const money = (data.calls || []).filter((row) => row.currency && row.cost_saved).map((row) => `${row.cost_saved.toFixed(2)} ${row.currency}`);
  return html`<dl class="figures">
    <${Figure} label="Submissions" value=${number(submissions)} more=${bytes(submitted_bytes)} />
    <${Figure} label="Copies" value=${submissions ? percent(copies / submissions) : "–"} more=${`${number(copies)} of them`} />
    <${Figure} label="Not processed again" value=${bytes(saved_bytes)} more="bytes of copies" />
    <${Figure} label="Moderator calls saved" value=${number(saved)} more=${money.length ? `${money.join(", ")} saved` : "verdicts that copies inherited"} />
    ${minute ? html`<${Figure} label="Throughput" value=${`${minute.per_second.toFixed(minute.per_second < 10 ? 1 : 0)}/s`} more=${`${percent(minute.duplicate_rate)} copies, last minute`} />` : null}
  </dl>`;
}

// Decisions a second, as they come by the stream of events.
function Live({ collection }) {
  const counts = useRef({ begun: Math.floor(Date.now() / 1000), all: new Map(), copies: new Map(), seen: 0 });
  const [, redraw] = useState(0);
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    const stop = follow(`/v1/events/decisions?${new URLSearchParams({ collection })}`, setOpen, (data) => note(counts.current, data));
    const timer = setInterval(() => redraw((count) => count + 1), 1000);
    return () => (stop(), clearInterval(timer));
  }, [collection]);
  const now = Math.floor(Date.now() / 1000);
  const heights = Array.from({ length: SECONDS }, (_, index) => {
    const second = now - SECONDS + index;
    return [counts.current.all.get(second) || 0, counts.current.copies.get(second) || 0];
  });
  const most = Math.max(1, ...heights.map(([all]) => all));
  const recent = heights.slice(-10).reduce((sum, [all]) => sum + all, 0) / 10;
  return html`<section class="panel"><h2>Decisions as they come <${Chip} kind=${isOpen ? "ok" : "away"}>${isOpen ? "following" : "waiting"}<//></h2>
    <svg class="spark" viewBox=${`0 0 ${SECONDS} 40`} preserveAspectRatio="none" role="img" aria-label=${`${recent.toFixed(1)} decisions a second over the last ten seconds`}>
      ${heights.map(([all, copies], index) => html`<rect class="all" x=${index} width="0.8" y=${40 - (all / most) * 40} height=${(all / most) * 40} /><rect class="copies" x=${index} width="0.8" y=${40 - (copies / most) * 40} height=${(copies / most) * 40} />`)}
    </svg>
    <p class="quiet">${recent.toFixed(1)} a second; ${number(counts.current.seen)} while this page was seen, copies in the darker colour. The last two minutes.</p>
  </section>`;
}

// Follows while the page is seen. Over HTTP/1.1 a browser has six connections to one server: pages in the background
// that kept theirs would leave none for the others.
function follow(address, setOpen, onDecision) {
  let source = null;
  const close = () => (source?.close(), (source = null), setOpen(false));
  const begin = () => {
    if (document.hidden || source) return;
    source = new EventSource(address);
    source.onopen = () => setOpen(true);
    source.onerror = () => setOpen(false);
    source.addEventListener("decision", (event) => onDecision(event.data));
  };
  const turn = () => (document.hidden ? close() : begin());
  document.addEventListener("visibilitychange", turn);
  addEventListener("pagehide", close);
  addEventListener("pageshow", begin);
  begin();
  return () => {
    document.removeEventListener("visibilitychange", turn);
    removeEventListener("pagehide", close);
    removeEventListener("pageshow", begin);
    close();
  };
}

function note(counts, data) {
  let decision;
  try {
    decision = JSON.parse(data);
  } catch {
    return;
  }
  const second = Math.floor(Date.now() / 1000);
  counts.seen += 1;
  counts.all.set(second, (counts.all.get(second) || 0) + 1);
  if (decision.outcome === "duplicate" || decision.outcome === "near_duplicate") counts.copies.set(second, (counts.copies.get(second) || 0) + 1);
  for (const kept of [counts.all, counts.copies]) if (kept.size > 2 * SECONDS) kept.delete(kept.keys().next().value);
}

function Health() {
  const { data, problem } = useAnswer("/health", {}, { everyMs: EVERY_MS });
  if (!data) return html`<section class="panel"><h2>Parts and lag</h2><${Problem} problem=${problem} /></section>`;
  return html`<section class="panel"><h2>Parts and lag</h2>
    <dl class="facts">
      ${data.parts.map((part) => html`<div><dt>${word(part.part)}</dt><dd><${Chip} kind=${part.status}>${part.status}<//> <span class="quiet">${part.advice || `${part.took_ms} ms`}</span></dd></div>`)}
      ${data.lag.map((stage) => html`<div><dt>Lag of ${stage.stage}</dt><dd>${stage.records === null ? html`<span class="quiet">unknown</span>` : `${number(stage.records)} records`}</dd></div>`)}
    </dl></section>`;
}

const milliseconds = (value) => `${number(Math.round(value))} ms`;

function Details({ data }) {
  return html`<div class="columns">
    <section class="panel"><h2>Outcomes</h2><${Table} caption="Outcomes" rows=${data.outcomes} columns=${[
      ["Outcome", (row) => html`<${Link} href=${addressOfPage("media", "", { outcome: row.outcome })}>${word(row.outcome)}<//>`],
      ["Decisions", (row) => number(row.decisions), "number"], ["Media", (row) => number(row.media), "number"], ["Bytes", (row) => bytes(row.size_bytes), "number"]]} /></section>
    <section class="panel"><h2>Confidence of matches</h2><${Table} caption="Confidence of matches" rows=${data.confidences} columns=${[
      ["Confidence", (row) => row.confidence || "by hashes alone"], ["Submissions", (row) => number(row.submissions), "number"], ["Copies", (row) => number(row.copies), "number"], ["To review", (row) => number(row.for_review), "number"]]} /></section>
    <section class="panel"><h2>Latency</h2><${Table} caption="Latency by hop" rows=${data.latency} columns=${[
      ["Hop", (row) => word(row.hop)], ["Median", (row) => milliseconds(row.p50_ms), "number"], ["90 %", (row) => milliseconds(row.p90_ms), "number"], ["99 %", (row) => milliseconds(row.p99_ms), "number"]]} /></section>
    <section class="panel"><h2>Alterations undone</h2><${Table} caption="Alterations" rows=${data.transformations} columns=${[
      ["Alteration", (row) => word(row.transformation || "none")], ["Submissions", (row) => number(row.submissions), "number"], ["Similarity", (row) => percent(row.mean_similarity), "number"]]} /></section>
    ${data.failures.length ? html`<section class="panel"><h2>Failures</h2><${Table} caption="Failures by reason" rows=${data.failures} columns=${[
      ["Reason", (row) => word(row.reason)], ["Submissions", (row) => number(row.submissions), "number"], ["Latest", (row) => name(row.last_media_id)]]} /></section>` : null}
  </div>`;
}
