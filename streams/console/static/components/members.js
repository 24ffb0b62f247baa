// The members of a group as a strip: choose one to compare, tick many for one verdict.
import { html, useEffect, useRef } from "../app/html.js";
import { useCell } from "../app/cells.js";
import { given } from "../app/acts.js";
import { name, percent } from "../app/format.js";
import { Chip, useVerdict, VerdictChip } from "./parts.js";
import { Picture } from "./picture.js";

export function Members({ members, at, selection, onChoose, onToggle, onSelect }) {
  const strip = useRef(null);
  useEffect(() => { // sideways only: the page stays where it is
    const list = strip.current;
    const chosen = list?.querySelector(".chosen");
    if (!chosen) return;
    if (chosen.offsetLeft < list.scrollLeft) list.scrollLeft = chosen.offsetLeft - 8;
    else if (chosen.offsetLeft + chosen.offsetWidth > list.scrollLeft + list.clientWidth) list.scrollLeft = chosen.offsetLeft + chosen.offsetWidth - list.clientWidth + 8;
  }, [at]);
  const waiting = members.filter((member) => (member.role === "for_review" && !member.said) || member.verdict.status === "review");
  return html`<section class="panel members" aria-labelledby="members-title">
    <header><h2 id="members-title">Members</h2>
      ${waiting.length > 1 ? html`<button type="button" class="small" onClick=${() => onSelect(new Set(waiting.map((member) => member.content_id)))}>Select what waits (${waiting.length})</button>` : null}
      ${selection.size ? html`<button type="button" class="small" onClick=${() => onSelect(new Set())}>Select nothing (${selection.size})</button>` : null}
    </header>
    <ul class="strip" ref=${strip}>${members.map((member, index) => html`
      <li key=${member.decision.submission_id} class=${`member ${index === at ? "chosen" : ""}`}>
        <${Member} member=${member} isChosen=${index === at} isSelected=${selection.has(member.content_id)}
          onChoose=${() => onChoose(index)} onToggle=${() => onToggle(member.content_id)} />
      </li>`)}</ul>
  </section>`;
}

const SAID = { split: "not a match", merge: "the same" };

function Member({ member, isChosen, isSelected, onChoose, onToggle }) {
  const verdict = useVerdict(member.content_id, member.verdict);
  const said = SAID[useCell(given).get(member.content_id)?.act || member.said];
  return html`
    <button type="button" class="member-button" aria-current=${isChosen ? "true" : "false"} onClick=${onChoose}>
      <${Picture} decision=${member.decision} size=${120} />
      <span class="title">${name(member.media_id)}</span>
      <span class="chips"><${Chip} kind=${member.role}>${said || member.role.replace("_", " ")}<//> <${VerdictChip} verdict=${verdict} /></span>
      ${member.match ? html`<small class="quiet">${member.match.confidence}, ${percent(member.match.differs, 0)} else</small>` : null}
    </button>
    <label class="tick"><input type="checkbox" checked=${isSelected} onChange=${onToggle} aria-label=${`Select ${name(member.media_id)}`} /></label>`;
}
