// A group: the canonical content beside the chosen member, only what differs, why it matched, and whose verdict holds.
import { html, useEffect, useMemo, useRef, useState } from "../app/html.js";
import { addressOfPage, go, Link, route, setQuery } from "../app/router.js";
import { effects, forgetGiven, given, giveVerdict, splitOrMerge } from "../app/acts.js";
import { useAnswer } from "../app/answers.js";
import { may } from "../app/api.js";
import { useCell } from "../app/cells.js";
import { useKeys } from "../app/keys.js";
import { name, plural, shortId } from "../app/format.js";
import { collectionOf, isBlurred, reveal } from "../app/settings.js";
import { Chip, Empty, Labels, Loading, Problem, useVerdict, VerdictChip, VerdictSource } from "../components/parts.js";
import { DifferenceMap, mapInWords, Picture, RevealButton } from "../components/picture.js";
import { Acts, Differences, Metadata, Why } from "../components/comparison.js";
import { Members } from "../components/members.js";
import { Timelines } from "../components/timelines.js";
import { VerdictBar } from "../components/verdicts.js";
import { queued } from "./queue.js";

const LIMIT = 100;

export function Group({ contentId }) {
  const current = useCell(route);
  const collection = collectionOf(current);
  const done = useCell(effects);
  const [extra, setExtra] = useState([]);
  const answer = useAnswer(`/v1/groups/${encodeURIComponent(contentId)}`, { collection, limit: LIMIT });
  const before = useRef(done);
  useEffect(() => {
    if (before.current === done) return undefined;
    before.current = done;
    const timers = [600, 2500].map((ms) => setTimeout(answer.reload, ms)); // rows come a second after decisions
    return () => timers.forEach(clearTimeout);
  }, [done]);
  const group = answer.data;
  const members = useMemo(() => orderMembers(group, extra), [group, extra]);
  useSettled(members);
  if (!group) {
    return html`<header class="page"><h1>Group</h1></header>
      ${answer.problem ? html`<${Problem} problem=${answer.problem} onRetry=${answer.reload} />` : html`<${Loading} what="the group" onRetry=${answer.reload} />`}`;
  }
  return html`<${GroupPage} key=${group.content_id} group=${group} members=${members} collection=${collection} problem=${answer.problem} />`;
}

// What waits comes first, then copies by arrival; the canonical content's own submissions come last.
const ORDER = { for_review: 0, near_copy: 1, other: 2, exact_copy: 3, canonical: 4 };

function orderMembers(group, extra) {
  const members = [...(group?.members || []), ...extra].map((member) => ({ ...member, said: saidOf(group, member) }));
  return members.map((member, index) => [member, index]).sort(([one, i], [two, j]) => (one.said ? 1 : 0) - (two.said ? 1 : 0) || ORDER[one.role] - ORDER[two.role] || i - j).map(([member]) => member);
}

// What was said last about this member and the canonical content: `split`, `merge`, or nothing.
function saidOf(group, member) {
  const pair = [member.content_id, group.content_id];
  const last = group.acts.find((act) => act.other_content_id && pair.includes(act.content_id) && pair.includes(act.other_content_id));
  return last && last.event !== "undo" ? last.event : "";
}

// Forgets what was shown at once, as soon as the API says the same.
function useSettled(members) {
  useEffect(() => {
    const just = given.get();
    forgetGiven(members.filter((member) => just.get(member.content_id)?.status === member.verdict.status).map((member) => member.content_id));
  }, [members]);
}

function GroupPage({ group, members, collection, problem }) {
  const current = useCell(route);
  const wanted = current.query.get("member");
  const found = members.findIndex((member) => member.decision.submission_id === wanted);
  const at = found >= 0 ? found : 0;
  const member = members[at];
  const chosenId = member?.decision.submission_id;
  useEffect(() => { // what is shown stays chosen when the order changes under somebody's hands
    if (chosenId && found < 0) setQuery({ member: chosenId });
  }, [chosenId, found]);
  const [selection, setSelection] = useState(new Set());
  const [isMapShown, setMapShown] = useState(true);
  const choose = (index) => members[index] && setQuery({ member: members[index].decision.submission_id });
  const act = useActs({ group, member, members, selection, collection });
  const neighbour = (step) => {
    const list = queued.get();
    const place = list.indexOf(group.content_id);
    const target = place >= 0 ? list[place + step] : list[0];
    return target !== group.content_id ? target : undefined;
  };
  const next = (step) => neighbour(step) && go(addressOfPage("groups", neighbour(step)));
  const toggle = (contentId) => setSelection((before) => toggled(before, contentId));
  const mayModerate = may("moderate");
  useKeys({
    ArrowLeft: () => choose(at - 1),
    ArrowRight: () => choose(at + 1),
    ArrowUp: () => next(-1),
    ArrowDown: () => next(1),
    x: () => member && toggle(member.content_id),
    d: () => setMapShown((before) => !before),
    s: () => showAll(group, member),
    Escape: () => (selection.size ? setSelection(new Set()) : go(addressOfPage("queue"))),
    ...(mayModerate ? { a: act.allow, b: act.block, r: act.review, n: act.split, m: act.merge } : {}),
  });
  const title = group.canonical ? name(group.canonical.media_id) : shortId(group.content_id);
  return html`
    <header class="page group-header">
      <p class="crumbs"><span><${Link} href=${addressOfPage("queue")}>Queue<//> / group</span>
        ${[[-1, "Before", "↑"], [1, "Next group", "↓"]].map(([step, text, key]) => neighbour(step)
          ? html`<${Link} href=${addressOfPage("groups", neighbour(step))}>${text} <kbd aria-hidden="true">${key}</kbd><//>` : null)}</p>
      <h1>${title}</h1>
      <p class="chips"><${VerdictChip} verdict=${group.verdict} /> <${VerdictSource} verdict=${group.verdict} /></p>
      <p class="quiet">${plural(members.length, "submission")}${group.next_cursor ? " and more" : ""} · <code title=${group.content_id}>${shortId(group.content_id)}</code></p>
    </header>
    <${Problem} problem=${problem} />
    ${member ? html`
      <section class="compare" aria-label="Side by side">
        <${Side} title="Known" decision=${group.canonical} map=${null} />
        <${Side} title="Submitted" decision=${member.decision} map=${isMapShown ? member.match?.map : null} role=${member.role} />
      </section>
      <div class="compare-tools">
        ${member.match?.map?.length ? html`<label class="check"><input type="checkbox" checked=${isMapShown} onChange=${() => setMapShown(!isMapShown)} /> Show what differs <kbd aria-hidden="true">d</kbd></label>
        <span class="quiet">${mapInWords(member.match.map)}</span>` : null}
      </div>
      <${Timelines} group=${group} member=${member} />
      <div class="columns">
        <${Differences} member=${member} />
        <${Why} member=${member} />
        <${Metadata} decision=${member.decision} />
      </div>` : html`<${Empty} title="Nothing to compare">This content has no copies.<//>`}
    <${Members} members=${members} at=${at} selection=${selection} onChoose=${choose} onToggle=${toggle} onSelect=${setSelection} />
    <${Acts} acts=${group.acts} />
    ${mayModerate ? html`<${VerdictBar} member=${member} selection=${selection} act=${act} />` : html`<p class="quiet">Your key may look, but not give verdicts.</p>`}`;
}

function toggled(before, entry) {
  const next = new Set(before);
  if (!next.delete(entry)) next.add(entry);
  return next;
}

function showAll(group, member) {
  const shown = [group.canonical, member?.decision].filter(Boolean);
  const hide = shown.some(isBlurred);
  for (const decision of shown) reveal(decision.content_id, hide);
}

// What the buttons and keys do: on the selection if there is one, else on the chosen member.
function useActs({ group, member, members, selection, collection }) {
  const subjectOf = (entry) => ({ contentId: entry.content_id, mediaId: entry.media_id, verdict: entry.verdict });
  const chosen = () => {
    if (!selection.size) return member ? [subjectOf(member)] : [{ contentId: group.content_id, mediaId: group.content_id, verdict: group.verdict }];
    const byContent = new Map(members.filter((entry) => selection.has(entry.content_id)).map((entry) => [entry.content_id, subjectOf(entry)]));
    return [...byContent.values()];
  };
  const pair = (event) => () => {
    if (!member || member.content_id === group.content_id) return;
    splitOrMerge(event, subjectOf(member), group.content_id, collection);
  };
  return {
    allow: () => giveVerdict(chosen(), "allowed", collection),
    block: () => giveVerdict(chosen(), "blocked", collection),
    review: () => giveVerdict(chosen(), "review", collection),
    split: pair("split"),
    merge: pair("merge"),
    canPair: Boolean(member) && member.content_id !== group.content_id,
  };
}

function Side({ title, decision, map, role }) {
  const verdict = useVerdict(decision?.content_id, decision?.verdict);
  if (!decision) return html`<figure class="side"><figcaption><b>${title}</b> is no longer known: it was deleted.</figcaption></figure>`;
  return html`<figure class=${`side side-${verdict?.status || "pending"}`}>
    <div class="stage"><${Picture} decision=${decision} size=${600} map=${map} /></div>
    <figcaption>
      <span class="chips"><b>${title}</b>${role && role !== "canonical" ? html` <${Chip} kind=${role}>${role.replace("_", " ")}<//>` : null} <${VerdictChip} verdict=${verdict} /> <${RevealButton} decision=${decision} /></span>
      <span class="title">${name(decision.media_id)}</span>
      <${VerdictSource} verdict=${verdict} />
      <${Labels} labels=${verdict?.labels} />
    </figcaption>
  </figure>`;
}
