// Which page is shown, from the address: /console/<page>/<rest>?<filters>.
import { makeCell } from "./cells.js";
import { html } from "./html.js";

const ROOT = "/console/";

function read() {
  const path = location.pathname.startsWith(ROOT) ? location.pathname.slice(ROOT.length) : "";
  const slash = path.indexOf("/");
  const [page, rest] = slash < 0 ? [path, ""] : [path.slice(0, slash), path.slice(slash + 1)];
  let name = rest;
  try {
    name = decodeURIComponent(rest);
  } catch {
    // an address that somebody typed
  }
  return { page: page || "queue", name, query: new URLSearchParams(location.search) };
}

export const route = makeCell(read());
addEventListener("popstate", () => route.set(read()));

// The address of a page; the collection goes along.
export function addressOfPage(page, name = "", query = {}) {
  const collection = route.get().query.get("collection");
  const params = new URLSearchParams(collection ? { collection } : {});
  for (const [key, value] of Object.entries(query)) {
    if (value) params.set(key, value);
    else params.delete(key);
  }
  const text = params.toString();
  return `${ROOT}${page}${name ? `/${encodeURIComponent(name)}` : ""}${text ? `?${text}` : ""}`;
}

export function go(address, { replace = false } = {}) {
  if (address === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](null, "", address);
  route.set(read());
  if (!replace) scrollTo(0, 0);
}

// Changes filters in the address; empty values are removed.
export function setQuery(changes, { replace = true } = {}) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  const text = query.toString();
  go(location.pathname + (text ? `?${text}` : ""), { replace });
}

export function Link({ href, children, ...more }) {
  const onClick = (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go(href);
  };
  return html`<a href=${href} onClick=${onClick} ...${more}>${children}</a>`;
}
