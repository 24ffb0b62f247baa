// Verdicts and corrections: shown at once, sent, and taken back by undo. Many at once go in batches, with progress.
import { ask, me } from "./api.js";
import { makeCell } from "./cells.js";
import { name, plural } from "./format.js";
import { personName } from "./settings.js";

const WAIT_S = 3;
const BATCH = 50;
const MAX_UNDO = 100;
const MAX_SHOWN = 6;
// Requests that wait for an effect hold a connection each, of which a browser has six: more acts than these are sent
// without waiting, so that none of them is late in Kafka.
const MAX_WAITING = 3;
const PATHS = { verdict: "/v1/verdicts", withdrawal: "/v1/withdrawals", split: "/v1/splits", merge: "/v1/merges", undo: "/v1/undos" };
const DONE = { allowed: "Allowed", blocked: "Blocked", review: "Set for review" };

// By content id: the verdict that somebody just gave here, while the API's answers may still have the one before.
export const given = makeCell(new Map());
// What was done here, the latest last: {id, text, state: "sending" | "sent" | "done" | "failed", done, total, problem}.
export const notices = makeCell([]);
// Counts up with every effect, so that pages read again.
export const effects = makeCell(0);

const undoable = [];
let lastId = 0;

export const canUndo = makeCell(false);

function note(id, changes) {
  notices.update((before) => {
    const known = before.some((notice) => notice.id === id);
    const next = known ? before.map((notice) => (notice.id === id ? { ...notice, ...changes } : notice)) : [...before, { id, ...changes }];
    return next.slice(-MAX_SHOWN);
  });
}

export function dismiss(id) {
  notices.update((before) => before.filter((notice) => notice.id !== id));
}

const author = () => (personName.get() ? { by: personName.get() } : {});
const authorName = () => personName.get() || me.get()?.name || "";

// The act that takes a verdict back: the same person's verdict before it, or else a withdrawal.
function inverseOf(act, verdictBefore) {
  if (act.event !== "verdict") return { event: "undo", subject: act.subject, other: act.other };
  const isOwn = verdictBefore?.kind === "person" && verdictBefore.by === authorName() && !verdictBefore.inherited_from;
  if (!isOwn || verdictBefore.status === "pending") return { event: "withdrawal", subject: act.subject };
  return { event: "verdict", subject: act.subject, status: verdictBefore.status, labels: verdictBefore.labels };
}

// Gives a verdict on contents: [{contentId, mediaId, verdict}].
export function giveVerdict(subjects, status, collection) {
  const acts = subjects.map(({ contentId, verdict }) => ({
    act: { event: "verdict", subject: contentId, status }, verdictBefore: verdict,
  }));
  const what = subjects.length === 1 ? name(subjects[0].mediaId) : plural(subjects.length, "content");
  return perform(`${DONE[status]}: ${what}`, acts, collection);
}

export function splitOrMerge(event, subject, other, collection) {
  const text = event === "split" ? "Not a match" : "The same";
  return perform(`${text}: ${name(subject.mediaId)}`, [{ act: { event, subject: subject.contentId, other } }], collection);
}

// Takes the last act back: shown at once, sent as soon as the act itself has been.
export async function undoLast() {
  const last = undoable.pop();
  canUndo.set(undoable.length > 0);
  if (!last) return;
  show(last.acts.map(({ act, verdictBefore }) => ({ act: inverseOf(act, verdictBefore), shown: verdictBefore })));
  const inverse = await last.inverse;
  if (inverse.length) await perform(`Undone: ${last.text}`, inverse, last.collection, { isUndo: true });
}

function perform(text, acts, collection, { isUndo = false } = {}) {
  const id = (lastId += 1);
  note(id, { text, state: "sending", done: 0, total: acts.length, failed: [] });
  show(acts);
  const sending = acts.length === 1 ? sendOne(acts[0].act, collection, id) : sendMany(acts, collection, id);
  if (!isUndo) {
    const inverse = sending.then((failed) =>
      acts.filter(({ act }) => !failed.has(act)).map(({ act, verdictBefore }) => ({ act: inverseOf(act, verdictBefore), shown: verdictBefore })));
    undoable.push({ text, collection, acts, inverse });
    if (undoable.length > MAX_UNDO) undoable.shift();
    canUndo.set(true);
  }
  return finish(id, text, acts, collection, isUndo, sending);
}

async function finish(id, text, acts, collection, isUndo, sending) {
  const failed = await sending;
  if (failed.size) takeBack(new Set(failed.keys()));
  note(id, {
    state: failed.size ? "failed" : "done", done: acts.length - failed.size, failed: [...failed.values()],
    again: failed.size ? () => (dismiss(id), perform(text, acts.filter(({ act }) => failed.has(act)), collection, { isUndo })) : null,
  });
  if (!failed.size) setTimeout(() => dismiss(id), 6_000);
  effects.update((count) => count + 1);
}

// `shown` is the verdict that holds after a withdrawal.
function show(acts) {
  given.update((before) => {
    const next = new Map(before);
    for (const { act, shown } of acts) {
      if (act.event === "verdict") next.set(act.subject, { status: act.status, by: authorName(), kind: "person", from: act });
      else if (act.event === "split" || act.event === "merge") next.set(act.subject, { act: act.event, from: act });
      else if (shown) next.set(act.subject, { ...shown, from: act });
      else next.delete(act.subject);
    }
    return next;
  });
}

// What was refused is no longer shown, unless something newer is shown of the same content.
function takeBack(acts) {
  given.update((before) => new Map([...before].filter(([, shown]) => !acts.has(shown.from))));
}

// Pages read again: what they show now is what the API says.
export function forgetGiven(contentIds) {
  if (!contentIds.some((contentId) => given.get().has(contentId))) return;
  given.update((before) => new Map([...before].filter(([contentId]) => !contentIds.includes(contentId))));
}

let waiting = 0;

async function sendOne(act, collection, id) {
  const { event, ...body } = act;
  const hasEffect = event === "verdict" || event === "withdrawal"; // others need not change a decision
  const isAwaited = hasEffect && waiting < MAX_WAITING;
  waiting += isAwaited ? 1 : 0;
  try {
    const answer = await ask(PATHS[event], { method: "POST", params: { wait_s: isAwaited ? WAIT_S : 0 }, json: { ...body, ...author(), collection } });
    note(id, { isLate: hasEffect && answer.effect === null });
    return new Map();
  } catch (problem) {
    return new Map([[act, problem]]);
  } finally {
    waiting -= isAwaited ? 1 : 0;
  }
}

async function sendMany(acts, collection, id) {
  const failed = new Map();
  for (let begin = 0; begin < acts.length; begin += BATCH) {
    const part = acts.slice(begin, begin + BATCH).map(({ act }) => act);
    try {
      const json = { acts: part.map((act) => ({ ...act, ...author(), collection })) };
      const results = await ask("/v1/verdicts/batch", { method: "POST", json });
      results.forEach((result, index) => {
        if (result.status >= 300) failed.set(part[index], { message: result.detail, code: result.code });
      });
    } catch (problem) {
      for (const act of part) failed.set(act, problem);
    }
    note(id, { done: begin + part.length - failed.size });
  }
  return failed;
}
