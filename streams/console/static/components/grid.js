// A grid that draws only what is on the screen, however many entries there are. It scrolls with the page.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../app/html.js";

const OVERSCAN_ROWS = 3;
const AHEAD = 1_500; // entries to have beyond the screen, so that scrolling meets no end

// `height` is that of a row in pixels, `minWidth` the least of a column. `onNear` is called when the end comes near.
export function VirtualGrid({ entries, height, minWidth, gap = 10, label, render, keyOf, onNear, gridRef }) {
  const element = useRef(null);
  const [place, setPlace] = useState({ columns: 1, first: 0, last: 40 });
  const count = entries.length;
  const pitch = height + gap;
  useLayoutEffect(() => {
    let frame = 0;
    const measure = () => {
      frame = 0;
      const box = element.current?.getBoundingClientRect();
      if (!box) return;
      const columns = Math.max(1, Math.floor((box.width + gap) / (minWidth + gap)));
      const top = Math.max(0, -box.top);
      const first = Math.max(0, Math.floor(top / pitch) - OVERSCAN_ROWS) * columns;
      const last = (Math.ceil((top + innerHeight) / pitch) + OVERSCAN_ROWS) * columns;
      setPlace((before) => (before.columns === columns && before.first === first && before.last === last ? before : { columns, first, last }));
    };
    const soon = () => (frame ||= requestAnimationFrame(measure));
    addEventListener("scroll", soon, { passive: true });
    const watcher = new ResizeObserver(soon);
    watcher.observe(element.current);
    measure();
    return () => (removeEventListener("scroll", soon), watcher.disconnect(), cancelAnimationFrame(frame));
  }, [pitch, minWidth, gap]);
  const { columns, first, last } = place;
  useEffect(() => {
    if (last + AHEAD >= count) onNear?.();
  }, [last, columns, count]);
  const rows = Math.ceil(count / columns);
  const step = 100 / columns;
  if (gridRef) gridRef.current = { columns, focus: (index) => focusOn(element.current, index, columns, pitch) };
  return html`<ul class="grid" ref=${element} aria-label=${label} style=${{ height: `${Math.max(0, rows * pitch - gap)}px` }}>
    ${entries.slice(first, last).map((entry, offset) => {
      const index = first + offset;
      const style = {
        top: `${Math.floor(index / columns) * pitch}px`, height: `${height}px`,
        left: `calc(${(index % columns) * step}% + ${((index % columns) * gap) / columns}px)`, width: `calc(${step}% - ${(gap * (columns - 1)) / columns}px)`,
      };
      return html`<li key=${keyOf(entry)} data-index=${index} style=${style} aria-setsize=${count} aria-posinset=${index + 1}>${render(entry, index)}</li>`;
    })}
  </ul>`;
}

// Brings an entry into view, draws it if it was not, and focuses its link.
function focusOn(list, index, columns, pitch) {
  const top = list.getBoundingClientRect().top + scrollY + Math.floor(index / columns) * pitch;
  if (top < scrollY + 80) scrollTo({ top: top - 80 });
  else if (top + pitch > scrollY + innerHeight - 90) scrollTo({ top: top + pitch - innerHeight + 90 });
  requestAnimationFrame(() => requestAnimationFrame(() => list.querySelector(`[data-index="${index}"] a`)?.focus({ preventScroll: true })));
}
