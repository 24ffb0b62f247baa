// A cell holds a value that several parts of the page show. `useCell` draws a component again when the value changes.
import { useEffect, useRef, useState } from "./html.js";

export function makeCell(value) {
  const listeners = new Set();
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of [...listeners]) listener(value);
    },
    update(change) {
      this.set(change(value));
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

// Effects run after the browser has painted, which a busy machine does late. A value that was set between drawing and
// subscribing would be lost, and the page would wait for ever; so what was drawn is compared with what holds then.
export function useCell(cell) {
  const [, redraw] = useState(0);
  const drawn = useRef();
  drawn.current = cell.get();
  useEffect(() => {
    const compare = () => Object.is(drawn.current, cell.get()) || redraw((count) => count + 1);
    const unsubscribe = cell.subscribe(compare);
    compare();
    return unsubscribe;
  }, [cell]);
  return drawn.current;
}

// A cell whose value outlives the page, in this browser only. Never for keys.
export function keptCell(name, standard, isValid) {
  const place = `mediasieve.${name}`;
  let kept = standard;
  try {
    const found = JSON.parse(localStorage.getItem(place));
    if (found !== null && isValid(found)) kept = found;
  } catch {
    // what cannot be read does not count
  }
  const cell = makeCell(kept);
  cell.subscribe((value) => {
    try {
      localStorage.setItem(place, JSON.stringify(value));
    } catch {
      // storage may be full or forbidden; the setting then lasts as long as the page
    }
  });
  return cell;
}
