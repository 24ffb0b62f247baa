// Keys of a page. The component that was drawn last comes first; keys in fields and dialogs are left alone.
import { useLayoutEffect, useRef } from "./html.js";
import { singleKeys } from "./settings.js";

const scopes = [];

function isTyping(target) {
  return target.closest?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
}

addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key.length === 1 && !singleKeys.get()) return;
  if ((event.key === "Enter" || event.key === " ") && event.target.closest("a, button, summary, input")) return;
  for (let index = scopes.length - 1; index >= 0; index -= 1) {
    const handle = scopes[index].current[event.key];
    if (handle) {
      event.preventDefault();
      handle(event);
      return;
    }
  }
});

// `bindings` maps a key, as KeyboardEvent.key names it, to what it does.
export function useKeys(bindings) {
  const scope = useRef(bindings);
  scope.current = bindings;
  useLayoutEffect(() => { // as soon as a page is seen, its keys work
    scopes.push(scope);
    return () => scopes.splice(scopes.indexOf(scope), 1);
  }, []);
}
