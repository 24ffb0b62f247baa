// What somebody set in this browser, and which collection is shown.
import { keptCell, makeCell } from "./cells.js";
import { me } from "./api.js";
import { route } from "./router.js";

const isText = (value) => typeof value === "string";

export const theme = keptCell("theme", "system", (value) => ["system", "light", "dark"].includes(value));
export const blur = keptCell("blur", "sensitive", (value) => ["sensitive", "all", "none"].includes(value));
// WCAG 2.1.4: keys of a single character can be turned off.
export const singleKeys = keptCell("keys", true, (value) => typeof value === "boolean");
export const personName = keptCell("name", "", isText);
const lastCollection = keptCell("collection", "", isText);
// Contents whose blur somebody lifted; until the page is closed.
export const revealed = makeCell(new Set());

theme.subscribe(applyTheme);
applyTheme(theme.get());

function applyTheme(value) {
  document.documentElement.dataset.theme = value;
}

// The collection of the address, else the last one here, else the only one of the key, else `default`.
export function collectionOf(current = route.get()) {
  const named = current.query.get("collection");
  if (named) {
    lastCollection.set(named);
    return named;
  }
  const patterns = me.get()?.collections || [];
  const plain = patterns.filter((pattern) => !/[*?]/.test(pattern));
  if (lastCollection.get() && patterns.some((pattern) => pattern === "*" || pattern === lastCollection.get())) {
    return lastCollection.get();
  }
  return plain.length === 1 && patterns.length === 1 ? plain[0] : "default";
}

export function isSensitive(decision) {
  if (!decision) return false;
  const { status, labels } = decision.verdict || {};
  return status === "blocked" || status === "review" || (labels || []).length > 0;
}

export function isBlurred(decision) {
  const chosen = blur.get();
  if (chosen === "none" || !decision || revealed.get().has(decision.content_id)) return false;
  return chosen === "all" || isSensitive(decision);
}

export function reveal(contentId, isShown) {
  revealed.update((before) => {
    const next = new Set(before);
    if (isShown) next.add(contentId);
    else next.delete(contentId);
    return next;
  });
}
