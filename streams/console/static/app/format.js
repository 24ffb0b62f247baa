// Numbers, sizes, times and words as people read them.
const NUMBER = new Intl.NumberFormat("en");
const COMPACT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

export const number = (value) => (value === null || value === undefined ? "–" : NUMBER.format(value));
export const compact = (value) => COMPACT.format(value);
export const percent = (share, digits = 1) =>
  share === null || share === undefined ? "–" : `${(share * 100).toFixed(digits).replace(/\.0+$/, "")} %`;

export function bytes(value) {
  if (value === null || value === undefined) return "–";
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit && value < 100 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min` : `${Math.round(seconds / 86_400)} days`;
}

export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const rest = `${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")}:${String(whole % 60).padStart(2, "0")}`;
  return whole >= 3600 ? `${Math.floor(whole / 3600)}:${rest}` : rest;
}

export function ago(text, now = Date.now()) {
  if (!text) return "–";
  const seconds = (now - Date.parse(text)) / 1000;
  if (Number.isNaN(seconds)) return "–";
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${Math.round(seconds)} s ago`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} days ago`;
}

export const moment = (text) => (text ? new Date(text).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" }) : "–");
export const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

const MAX_SHOWN = 120;
// A name of untrusted origin: invisible and direction-changing characters are shown as what they are, long names are cut.
export function name(text) {
  const cut = [...String(text ?? "")].slice(0, MAX_SHOWN + 1);
  const shown = cut.slice(0, MAX_SHOWN).join("");
  const visible = shown.replace(/[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (found) => `\u27e8${found.codePointAt(0).toString(16).padStart(4, "0")}\u27e9`);
  return cut.length > MAX_SHOWN ? `${visible}…` : visible || "(no name)";
}

export const shortId = (contentId) => (contentId ? `${contentId.replace(/^sha256(-parts)?:/, "").slice(0, 12)}…` : "–");

const WORDS = {
  unique: "unique", duplicate: "exact copy", near_duplicate: "near duplicate", failed: "failed", deleted: "deleted",
  allowed: "allowed", blocked: "blocked", review: "review", pending: "no verdict",
  canonical: "canonical", exact_copy: "exact copy", near_copy: "near copy", for_review: "to review", other: "other",
};
export const word = (code) => WORDS[code] || String(code ?? "–").replaceAll("_", " ");
