// Small parts that all pages use.
import { html, useEffect, useRef, useState } from "../app/html.js";
import { given } from "../app/acts.js";
import { useCell } from "../app/cells.js";
import { ago, moment, name, percent, word } from "../app/format.js";

export function Chip({ kind, children, title }) {
  return html`<span class=${`chip chip-${kind}`} title=${title}>${children}</span>`;
}

export const VerdictChip = ({ verdict }) =>
  html`<${Chip} kind=${verdict?.status || "pending"}>${word(verdict?.status || "pending")}<//>`;

// The verdict to show: the one that was just given here, else the API's.
export function useVerdict(contentId, verdict) {
  const just = useCell(given).get(contentId);
  return just?.status ? { ...verdict, inherited_from: null, ...just } : verdict;
}

export function VerdictSource({ verdict }) {
  if (!verdict?.status || verdict.status === "pending") return html`<span class="quiet">Nobody has said anything yet.</span>`;
  return html`<span class="quiet">
    by ${verdict.kind || "person"} <b>${name(verdict.by)}</b>${verdict.at ? html` <time datetime=${verdict.at} title=${moment(verdict.at)}>${ago(verdict.at)}</time>` : ""}
    ${verdict.inherited_from ? html`, inherited from <b>${name(verdict.inherited_from)}</b>` : ""}
    ${verdict.reason ? html`: “${name(verdict.reason)}”` : ""}
  </span>`;
}

export const ConfidenceChip = ({ match }) =>
  match ? html`<${Chip} kind=${`confidence-${match.confidence}`}>${match.confidence}<//>` : null;

export function Labels({ labels }) {
  if (!labels?.length) return null;
  return html`<ul class="labels" aria-label="Labels">${labels.map(
    (label) => html`<li>${label.parent ? `${name(label.parent)} / ` : ""}${name(label.name)}${label.score !== null && label.score !== undefined ? ` ${percent(label.score, 0)}` : ""}</li>`,
  )}</ul>`;
}

export function Problem({ problem, onRetry }) {
  if (!problem) return null;
  const fields = (problem.errors || []).map((error) => html`<li><code>${error.field}</code>: ${error.problem}</li>`);
  return html`<div class="problem" role="alert">
    <strong>${problem.title || "That did not work"}.</strong> ${problem.message}
    ${fields.length ? html`<ul>${fields}</ul>` : null}
    ${problem.requestId ? html` <span class="quiet">Request ${problem.requestId}</span>` : null}
    ${onRetry ? html` <button type="button" class="small" onClick=${onRetry}>Try again</button>` : null}
  </div>`;
}

const SLOW_MS = 8_000;

// What is not there yet. After a while it says that it takes long, and `onRetry` asks again.
export function Loading({ what = "", onRetry }) {
  const [round, setRound] = useState(0);
  const [isSlow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), SLOW_MS);
    return () => clearTimeout(timer);
  }, [round]);
  const again = () => (setSlow(false), setRound(round + 1), onRetry());
  return html`<p class="loading" role="status">Loading${what ? ` ${what}` : ""} …${isSlow ? html` It takes longer than usual.
    ${onRetry ? html` <button type="button" class="small" onClick=${again}>Try again</button>` : null}` : null}</p>`;
}

export const Empty = ({ title, children }) =>
  html`<div class="empty"><h2>${title}</h2>${children ? html`<p>${children}</p>` : null}</div>`;

export const Key = ({ children }) => html`<kbd aria-hidden="true">${children}</kbd>`;

export const Figure = ({ label, value, more }) =>
  html`<div class="figure"><dt>${label}</dt><dd>${value}${more ? html`<small>${more}</small>` : null}</dd></div>`;

// A table with a caption; `columns` are [title, cell(row), class]. It scrolls sideways where there is little room.
export const Hidden = ({ children }) => html`<span class="hidden">${children}</span>`;

export function Table({ caption, columns, rows, rowKey }) {
  return html`<div class="scroller" tabindex="0" role="region" aria-label=${caption}><table>
    <caption class="hidden">${caption}</caption>
    <thead><tr>${columns.map(([title, , kind]) => html`<th scope="col" class=${kind}>${title}</th>`)}</tr></thead>
    <tbody>${rows.map((row, index) => html`<tr key=${rowKey ? rowKey(row) : index}>${columns.map(([, cell, kind]) => html`<td class=${kind}>${cell(row)}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}

// A dialog of the browser: it traps focus, closes with Escape, and gives focus back.
export function Dialog({ title, onClose, children }) {
  const element = useRef(null);
  useEffect(() => {
    const dialog = element.current;
    dialog.showModal();
    return () => dialog.close();
  }, []);
  const onClick = (event) => event.target === element.current && onClose();
  return html`<dialog ref=${element} aria-labelledby="dialog-title" onCancel=${(event) => (event.preventDefault(), onClose())} onClick=${onClick}>
    <div class="dialog">
      <header><h2 id="dialog-title">${title}</h2><button type="button" class="icon" aria-label="Close" onClick=${onClose}>×</button></header>
      ${children}
    </div>
  </dialog>`;
}

export function Choice({ label, value, options, onChange }) {
  return html`<label class="choice"><span>${label}</span>
    <select value=${value} onChange=${(event) => onChange(event.target.value)}>
      ${options.map(([code, text]) => html`<option value=${code} selected=${code === value}>${text}</option>`)}
    </select></label>`;
}
