// A thumbnail, blurred where somebody may not want to see it, with the map of what differs on it.
import { html, useEffect, useState } from "../app/html.js";
import { useCell } from "../app/cells.js";
import { name, word } from "../app/format.js";
import { blur, isBlurred, reveal, revealed } from "../app/settings.js";

const MAX_TRIES = 2;
const AGAIN_MS = 2_000;
const SIZES = ["150", "300", "600"];

function sourcesOf(decision) {
  const found = decision?.thumbnails;
  if (!found) return null;
  const known = SIZES.filter((size) => isOwnAddress(found[size]));
  return known.length ? known.map((size) => [size, found[size]]) : null;
}

// Only addresses of this API are loaded; the security policy would refuse others, too.
const isOwnAddress = (address) => typeof address === "string" && new URL(address, location.href).origin === location.origin;

export function useBlur(decision) {
  useCell(blur);
  useCell(revealed);
  return isBlurred(decision);
}

// `size` is the width in which it is shown, in pixels.
export function Picture({ decision, size = 150, map = null, onShape }) {
  const [isBroken, setBroken] = useState(false);
  const sources = sourcesOf(decision);
  const blurred = useBlur(decision);
  const [tries, setTries] = useState(0);
  useEffect(() => (setBroken(false), setTries(0)), [sources?.[0]?.[1]]);
  useEffect(() => {
    if (!isBroken || tries >= MAX_TRIES) return undefined;
    const timer = setTimeout(() => (setTries(tries + 1), setBroken(false)), AGAIN_MS); // it may not be written yet
    return () => clearTimeout(timer);
  }, [isBroken]);
  const alt = `${decision?.facts?.kind === "video" ? "Video" : "Picture"} ${name(decision?.media_id)}${blurred ? ", blurred" : ""}`;
  if (!sources || isBroken) return html`<${Placeholder} decision=${decision} map=${map} />`;
  const best = sources.find(([width]) => Number(width) >= size) || sources.at(-1);
  return html`<span class=${`picture ${blurred ? "blurred" : ""}`}>
    <img src=${best[1]} srcset=${sources.map(([width, address]) => `${address} ${width}w`).join(", ")} sizes=${`${size}px`}
      alt=${alt} loading="lazy" decoding="async" onError=${() => setBroken(true)} onLoad=${onShape} />
    ${map ? html`<${DifferenceMap} map=${map} />` : null}
  </span>`;
}

function Placeholder({ decision, map }) {
  const facts = decision?.facts;
  const shape = facts?.width && facts?.height ? { aspectRatio: `${facts.width} / ${facts.height}` } : {};
  return html`<span class="picture placeholder" style=${shape} role="img" aria-label=${`No thumbnail of ${name(decision?.media_id)}`}>
    <span aria-hidden="true">${facts ? html`<b>${facts.kind === "video" ? "▶" : "▦"}</b> ${facts.format}<br />${facts.width} × ${facts.height}` : word(decision?.outcome || "unknown")}</span>
    ${map ? html`<${DifferenceMap} map=${map} />` : null}
  </span>`;
}

const BLOCKS = { "=": "same", x: "other", "+": "beyond", ".": "nothing" };

// 8 × 8 blocks laid on the picture.
export function DifferenceMap({ map }) {
  if (!map?.length) return null;
  return html`<span class="map" aria-hidden="true">${map.flatMap((row, y) =>
    [...row].map((block, x) => html`<i key=${`${y}.${x}`} class=${`block-${BLOCKS[block] || "nothing"}`}></i>`))}</span>`;
}

// What the map says, for those who do not see it.
export function mapInWords(map) {
  if (!map?.length) return "There is no map of what differs.";
  const blocks = [...map.join("")];
  const other = blocks.filter((block) => block === "x").length;
  const beyond = blocks.filter((block) => block === "+").length;
  if (!other && !beyond) return "No block differs.";
  const where = [];
  const rows = map.map((row) => /[x+]/.test(row));
  if (rows.slice(0, 3).some(Boolean)) where.push("top");
  if (rows.slice(3, 5).some(Boolean)) where.push("middle");
  if (rows.slice(5).some(Boolean)) where.push("bottom");
  const parts = [other ? `${other} of ${blocks.length} blocks show something else` : "", beyond ? `${beyond} are beyond the known picture` : ""];
  return `${parts.filter(Boolean).join(", ")}: ${where.join(", ")}.`;
}

export function RevealButton({ decision }) {
  const blurred = useBlur(decision);
  const shown = useCell(revealed).has(decision?.content_id);
  if (!blurred && !shown) return null;
  return html`<button type="button" class="small" aria-pressed=${shown ? "true" : "false"} onClick=${() => reveal(decision.content_id, blurred)}>
    ${blurred ? "Show" : "Blur"}</button>`;
}
