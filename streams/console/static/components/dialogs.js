// Help and settings.
import { html } from "../app/html.js";
import { useCell } from "../app/cells.js";
import { blur, personName, singleKeys, theme } from "../app/settings.js";
import { Choice, Dialog } from "./parts.js";

const KEYS = [
  ["a", "allow"], ["b", "block"], ["r", "set for review"], ["n", "not a match: never matched again"], ["m", "the same: merge"],
  ["z", "undo"], ["← →", "the member before, the next"], ["↑ ↓", "the group before, the next"], ["Enter", "open"],
  ["x", "select"], ["d", "show or hide what differs"], ["s", "show or blur"], ["Esc", "back to the queue, or select nothing"],
  ["/", "search"], ["?", "this help"],
];

export function Help({ onClose }) {
  return html`<${Dialog} title="Keys" onClose=${onClose}>
    <dl class="keys">${KEYS.map(([key, does]) => html`<div><dt>${key.split(" ").map((part) => html`<kbd>${part}</kbd> `)}</dt><dd>${does}</dd></div>`)}</dl>
    <p class="quiet">A verdict holds for the content and for its copies, past and future. Settings turn keys of one character off.</p>
  <//>`;
}

export function Settings({ onClose }) {
  return html`<${Dialog} title="Settings" onClose=${onClose}>
    <div class="fields">
      <label class="choice"><span>Your name, for your verdicts</span>
        <input maxlength="64" autocomplete="username" value=${useCell(personName)} onInput=${(event) => personName.set(event.target.value.trim())} placeholder="the name of the key" /></label>
      <${Choice} label="Blur" value=${useCell(blur)} onChange=${blur.set} options=${[["sensitive", "what is blocked, for review or labelled"], ["all", "everything"], ["none", "nothing"]]} />
      <${Choice} label="Colours" value=${useCell(theme)} onChange=${theme.set} options=${[["system", "as the system"], ["light", "light"], ["dark", "dark"]]} />
      <label class="check"><input type="checkbox" checked=${useCell(singleKeys)} onChange=${(event) => singleKeys.set(event.target.checked)} /> Keys of one character</label>
    </div>
  <//>`;
}
