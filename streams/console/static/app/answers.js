// Answers of the API as components use them: asked once, asked again after a failure that passes, and on a timer if wished.
import { ask } from "./api.js";
import { useCallback, useEffect, useRef, useState } from "./html.js";

const RETRY_MS = 3_000;

// `path` null asks nothing. `everyMs` asks again and again while the page is visible.
export function useAnswer(path, params = {}, { everyMs = 0 } = {}) {
  const question = path === null ? null : JSON.stringify([path, params]);
  const [state, setState] = useState({ question: null, data: null, problem: null });
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (question === null) return undefined;
    const ending = new AbortController();
    let timer = 0;
    const later = (ms) => (timer = setTimeout(() => (document.hidden ? later(ms) : run()), ms));
    async function run() {
      try {
        const data = await ask(path, { params, signal: ending.signal });
        setState({ question, data, problem: null });
        if (everyMs) later(everyMs);
      } catch (problem) {
        if (ending.signal.aborted) return;
        setState((before) => ({ question, data: before.question === question ? before.data : null, problem }));
        if (problem.passes || everyMs) later(Math.max(RETRY_MS, (problem.retryAfterS || 0) * 1000));
      }
    }
    run();
    return () => (ending.abort(), clearTimeout(timer));
  }, [question, round, everyMs]);
  const reload = useCallback(() => setRound((count) => count + 1), []);
  const isCurrent = state.question === question;
  return { data: isCurrent ? state.data : null, problem: isCurrent ? state.problem : null, reload };
}

// All pages of a list so far, and how to get the next. `take` makes an entry small before it is kept.
export function usePages(path, params, { entriesOf, take = (entry) => entry, body, limit = 200, max = 100_000 }) {
  const question = path === null ? null : JSON.stringify([path, params, body]);
  const kept = useRef(null);
  const [, redraw] = useState(0);
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (question === null) return undefined;
    const ending = new AbortController();
    const list = { entries: [], next: "", done: false, loading: false, problem: null };
    kept.current = list;
    list.more = async () => {
      if (list.loading || list.done || ending.signal.aborted) return;
      list.loading = true;
      let isEmpty = false;
      try {
        const page = await askPage(path, params, body, list.next, limit, ending.signal);
        const found = entriesOf(page);
        for (const entry of found) list.entries.push(take(entry));
        isEmpty = !found.length;
        list.next = page.next_cursor;
        list.done = !page.next_cursor || list.entries.length >= max;
        list.problem = null;
      } catch (problem) {
        if (ending.signal.aborted) return;
        list.problem = problem;
        if (problem.passes) setTimeout(() => list.more(), RETRY_MS);
      } finally {
        list.loading = false;
        if (isEmpty && !list.done) list.more(); // a page of which nothing fits the filters
        if (!ending.signal.aborted) redraw((count) => count + 1);
      }
    };
    list.more();
    redraw((count) => count + 1);
    return () => ending.abort();
  }, [question, round]);
  const list = kept.current || { entries: [], done: false, loading: true, problem: null, more: () => {} };
  return { ...list, reload: () => setRound((count) => count + 1) };
}

function askPage(path, params, body, cursor, limit, signal) {
  if (!body) return ask(path, { params: { ...params, limit, cursor }, signal });
  return ask(path, { method: "POST", json: { ...body, limit, ...(cursor ? { cursor } : {}) }, signal });
}
