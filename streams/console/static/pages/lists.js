// Hash lists in force: import a file in place of a list, drop a list, see what matched.
import { html, useState } from "../app/html.js";
import { route } from "../app/router.js";
import { useAnswer } from "../app/answers.js";
import { ask } from "../app/api.js";
import { useCell } from "../app/cells.js";
import { ago, moment, name, number, plural } from "../app/format.js";
import { collectionOf } from "../app/settings.js";
import { Chip, Dialog, Empty, Hidden, Loading, Problem, Table, VerdictChip } from "../components/parts.js";

const TYPES = { csv: "text/csv", ndjson: "application/x-ndjson", jsonl: "application/x-ndjson", json: "application/json" };

export function Lists() {
  const collection = collectionOf(useCell(route));
  const { data, problem, reload } = useAnswer("/v1/lists", { collection }, { everyMs: 15_000 });
  const [dialog, setDialog] = useState(null);
  const close = () => (setDialog(null), setTimeout(reload, 1500));
  return html`<header class="page"><h1>Hash lists</h1><button type="button" class="primary" onClick=${() => setDialog({})}>Import a list</button></header>
    <${Problem} problem=${problem} onRetry=${reload} />
    ${!data && !problem ? html`<${Loading} what="hash lists" onRetry=${reload} />` : null}
    ${data && !data.length ? html`<${Empty} title="No hash lists">A list of digests or hashes gives its verdict to all media that are on it, past and future.<//>` : null}
    ${data?.length ? html`<section class="panel"><${Table} caption="Hash lists in force" rows=${data} rowKey=${(row) => row.list_name} columns=${[
      ["List", (row) => html`<b>${name(row.list_name)}</b>`], ["Version", (row) => name(row.version)],
      ["Says", (row) => (row.negative ? html`<${Chip} kind="allowed">never matched<//>` : html`<${VerdictChip} verdict=${{ status: row.status || "pending" }} />`)],
      ["Entries", (row) => number(row.entry_count), "number"], ["On it", (row) => plural(row.contents, "content"), "number"],
      ["Quarantined", (row) => (row.quarantined ? html`<${Chip} kind="review">${number(row.quarantined)}<//>` : "–"), "number"],
      ["Imported", (row) => html`<time datetime=${row.at} title=${moment(row.at)}>${ago(row.at)}</time> by ${name(row.by_name)}`],
      [html`<${Hidden}>Drop<//>`, (row) => html`<button type="button" class="small" onClick=${() => setDialog({ drop: row })}>Drop …</button>`],
    ]} /></section>` : null}
    ${dialog?.drop ? html`<${Drop} row=${dialog.drop} collection=${collection} onClose=${close} />` : dialog ? html`<${Import} collection=${collection} onClose=${close} />` : null}`;
}

function useSending(send, onClose) {
  const [state, setState] = useState({ problem: null, isBusy: false });
  async function run(...args) {
    setState({ problem: null, isBusy: true });
    try {
      await send(...args);
      onClose();
    } catch (problem) {
      setState({ problem, isBusy: false });
    }
  }
  return [state, run];
}

function Drop({ row, collection, onClose }) {
  const [state, drop] = useSending(() => ask(`/v1/lists/${encodeURIComponent(row.list_name)}`, { method: "DELETE", params: { collection } }), onClose);
  return html`<${Dialog} title="Drop this list?" onClose=${onClose}>
    <p>What <b>${name(row.list_name)}</b> said about ${plural(row.contents, "content")} is taken back. Importing the file again brings it back.</p>
    <${Problem} problem=${state.problem} />
    <p class="dialog-buttons"><button type="button" onClick=${onClose}>Keep</button> <button type="button" class="block" disabled=${state.isBusy} onClick=${drop}>Drop</button></p><//>`;
}

function Import({ collection, onClose }) {
  const [state, send] = useSending((form) => {
    const file = form.get("file");
    const status = form.get("status");
    const type = TYPES[file.name.split(".").pop().toLowerCase()] || "text/csv";
    return ask(`/v1/lists/${encodeURIComponent(form.get("name"))}`, {
      method: "PUT", body: file, headers: { "Content-Type": type },
      params: { collection, version: form.get("version"), ...(status === "negative" ? { negative: "true" } : { status }) },
    });
  }, onClose);
  const onSubmit = (event) => (event.preventDefault(), send(new FormData(event.target)));
  return html`<${Dialog} title="Import a hash list" onClose=${onClose}><form class="fields" onSubmit=${onSubmit}>
    <label class="choice"><span>File: CSV, lines of JSON, or an export of ThreatExchange</span><input type="file" name="file" required accept=".csv,.ndjson,.jsonl,.json" /></label>
    <label class="choice"><span>Name; a list of this name is replaced</span><input name="name" required maxlength="128" pattern="[^\\/]+" /></label>
    <label class="choice"><span>Version</span><input name="version" required maxlength="256" value=${new Date().toISOString().slice(0, 10)} /></label>
    <label class="choice"><span>What its entries say, unless they say it themselves</span><select name="status"><option value="blocked">blocked</option><option value="review">review</option><option value="allowed">allowed</option><option value="negative">never matched by near hashes</option></select></label>
    <${Problem} problem=${state.problem} />
    <button type="submit" class="primary" disabled=${state.isBusy}>${state.isBusy ? "Importing …" : "Import"}</button>
  </form><//>`;
}
