// Dead letters: what could not be processed, why, and replay or drop of many at once.
import { html, useState } from "../app/html.js";
import { route, setQuery } from "../app/router.js";
import { useAnswer } from "../app/answers.js";
import { ask } from "../app/api.js";
import { useCell } from "../app/cells.js";
import { ago, bytes, moment, name, number, plural, word } from "../app/format.js";
import { collectionOf } from "../app/settings.js";
import { Choice, Chip, Dialog, Empty, Hidden, Loading, Problem, Table } from "../components/parts.js";

export function Letters() {
  const current = useCell(route);
  const collection = collectionOf(current);
  const status = current.query.get("status") || "open";
  const reason = current.query.get("reason") || "";
  const { data, problem, reload } = useAnswer("/v1/dead-letters", { collection, status, reason, limit: 200 }, { everyMs: 10_000 });
  const [selection, setSelection] = useState(new Set());
  const [dialog, setDialog] = useState(null);
  const letters = data?.letters || [];
  const placeOf = (letter) => `${letter.partition}/${letter.offset}`;
  const toggle = (place) => setSelection((before) => {
    const next = new Set(before);
    if (!next.delete(place)) next.add(place);
    return next;
  });
  const places = letters.map(placeOf).filter((place) => selection.has(place));
  const closed = () => (setDialog(null), setSelection(new Set()), setTimeout(reload, 1500));
  return html`<header class="page"><h1>Dead letters</h1>
      <div class="filters"><${Choice} label="Status" value=${status} onChange=${(value) => setQuery({ status: value })} options=${[["open", "open"], ["replayed", "replayed"], ["dropped", "dropped"], ["any", "any"]]} />
      ${reason ? html`<button type="button" onClick=${() => setQuery({ reason: "" })}>Reason: ${word(reason)} ×</button>` : null}</div></header>
    <${Problem} problem=${problem} onRetry=${reload} />
    ${!data && !problem ? html`<${Loading} what="dead letters" onRetry=${reload} />` : null}
    ${data && !letters.length ? html`<${Empty} title="No dead letters">Everything that came could be processed, or was dealt with.<//>` : null}
    ${data?.groups.length ? html`<section class="panel"><h2>By reason</h2><${Table} caption="Dead letters by reason" rows=${data.groups} columns=${[
      ["Reason", (row) => html`<button type="button" class="small" onClick=${() => setQuery({ reason: row.reason })}>${word(row.reason)}</button>`],
      ["Stage", (row) => row.stage], ["Letters", (row) => number(row.letters), "number"], ["Open", (row) => number(row.open), "number"],
      ["Bytes", (row) => bytes(row.size_bytes), "number"], ["Latest", (row) => html`<time datetime=${row.last_at} title=${moment(row.last_at)}>${ago(row.last_at)}</time>`],
      [html`<${Hidden}>Replay<//>`, (row) => html`<button type="button" class="small" onClick=${() => setDialog({ act: "replay", which: { reasons: [row.reason], stages: [row.stage] } })}>Replay all …</button>`],
    ]} /></section>` : null}
    ${letters.length ? html`<section class="panel members"><header><h2>Latest</h2>
      <button type="button" class="small" onClick=${() => setSelection(new Set(selection.size ? [] : letters.map(placeOf)))}>${selection.size ? "Select nothing" : "Select all"}</button>
      ${places.length ? html`<button type="button" class="small" onClick=${() => setDialog({ act: "replay", which: { places } })}>Replay ${number(places.length)} …</button>
      <button type="button" class="small" onClick=${() => setDialog({ act: "drop", which: { places } })}>Drop ${number(places.length)} …</button>` : null}</header>
      <${Table} caption="Latest dead letters" rows=${letters} rowKey=${placeOf} columns=${[
        [html`<${Hidden}>Select<//>`, (row) => html`<input type="checkbox" checked=${selection.has(placeOf(row))} onChange=${() => toggle(placeOf(row))} aria-label=${`Select ${placeOf(row)}`} />`],
        ["When", (row) => html`<time datetime=${row.at} title=${moment(row.at)}>${ago(row.at)}</time>`], ["Reason", (row) => word(row.reason)],
        ["Medium", (row) => name(row.media_id)], ["Detail", (row) => name(row.detail)], ["Status", (row) => html`<${Chip} kind=${row.status}>${row.status}<//>`],
        [html`<${Hidden}>Look<//>`, (row) => html`<button type="button" class="small" onClick=${() => setDialog({ letter: row })}>Look</button>`],
      ]} /></section>` : null}
    ${dialog?.letter ? html`<${Letter} row=${dialog.letter} collection=${collection} onClose=${() => setDialog(null)} />` : null}
    ${dialog?.act ? html`<${Act} ...${dialog} collection=${collection} onClose=${() => setDialog(null)} onDone=${closed} />` : null}`;
}

function Letter({ row, collection, onClose }) {
  const { data, problem } = useAnswer(`/v1/dead-letters/${row.partition}/${row.offset}`, { collection });
  return html`<${Dialog} title="Dead letter" onClose=${onClose}><${Problem} problem=${problem} />
    ${data ? html`<dl class="facts">${[["Reason", word(data.reason)], ["Detail", data.detail], ["From", `${data.topic} ${data.origin_partition}/${data.origin_offset}`], ["Medium", name(data.media_id)], ["Size", bytes(data.size_bytes)], ["Replays", number(data.replays)]]
      .map(([title, value]) => html`<div><dt>${title}</dt><dd>${value}</dd></div>`)}</dl>
      <details><summary>Headers</summary><dl class="facts">${data.headers.map((header) => html`<div><dt>${name(header.name)}</dt><dd>${name(header.value)}</dd></div>`)}</dl></details>
      <details><summary>Record</summary><pre tabindex="0">${asText(data.value)}</pre></details>` : problem ? null : html`<${Loading} />`}<//>`;
}

const MAX_SHOWN = 4000;

function asText(base64) {
  if (base64 === null) return "(empty)";
  const text = new TextDecoder().decode(Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0)));
  return text.slice(0, MAX_SHOWN).replace(/[\u0000-\u0008\u000b-\u001f\u007f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g, "·") + (text.length > MAX_SHOWN ? " …" : "");
}

// Counts first; nothing is done before somebody has seen how many there are.
function Act({ act, which, collection, onClose, onDone }) {
  const [state, setState] = useState({ isBusy: false, counted: null, problem: null });
  const send = async (isTrial) => {
    setState((before) => ({ ...before, isBusy: true, problem: null }));
    try {
      const result = await ask(`/v1/dead-letters/${act}`, { method: "POST", json: { ...which, collection, dry_run: isTrial } });
      if (isTrial) setState({ isBusy: false, counted: result, problem: null });
      else onDone();
    } catch (problem) {
      setState((before) => ({ ...before, isBusy: false, problem }));
    }
  };
  if (!state.counted && !state.isBusy && !state.problem) send(true);
  const many = state.counted ? plural(state.counted.done, "dead letter") : "…";
  return html`<${Dialog} title=${act === "replay" ? `Replay ${many}?` : `Drop ${many}?`} onClose=${onClose}>
    <p>${act === "replay" ? "They are published again to the topics they came from. Nothing is decided twice." : "Lists hide them, and no replay takes them."}</p>
    <${Problem} problem=${state.problem} />
    <p class="dialog-buttons"><button type="button" onClick=${onClose}>Cancel</button> <button type="button" class="primary" disabled=${state.isBusy || !state.counted?.done} onClick=${() => send(false)}>${act === "replay" ? "Replay" : "Drop"}</button></p><//>`;
}
