// A page that cannot be drawn says so in its place; navigation and the other pages go on.
import { html, useErrorBoundary } from "../app/html.js";
import { Problem } from "./parts.js";

export function Guarded({ title, children }) {
  const [error, drawAgain] = useErrorBoundary((found) => reportError(found));
  if (!error) return children;
  const problem = { title: "This page could not be drawn", message: "The other pages go on working. The browser's console has the details." };
  return html`<header class="page"><h1>${title}</h1></header><${Problem} problem=${problem} onRetry=${drawAgain} />`;
}
