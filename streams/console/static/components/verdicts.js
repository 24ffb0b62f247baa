// The buttons of the verdicts, always in reach.
import { html } from "../app/html.js";
import { name, plural } from "../app/format.js";
import { Key } from "./parts.js";

export function VerdictBar({ member, selection, act }) {
  const about = selection.size ? plural(selection.size, "selected content") : member ? name(member.media_id) : "the group";
  return html`<section class="verdicts" aria-label="Verdict">
    <p class="about">On <b>${about}</b> and its copies</p>
    <div class="buttons">
      <button type="button" class="allow" onClick=${act.allow}>Allow <${Key}>a<//></button>
      <button type="button" class="block" onClick=${act.block}>Block <${Key}>b<//></button>
      <button type="button" class="review" onClick=${act.review}>Review <${Key}>r<//></button>
      <button type="button" disabled=${!act.canPair || selection.size > 0} onClick=${act.split}>Not a match <${Key}>n<//></button>
      <button type="button" disabled=${!act.canPair || selection.size > 0} onClick=${act.merge}>The same <${Key}>m<//></button>
    </div>
  </section>`;
}
