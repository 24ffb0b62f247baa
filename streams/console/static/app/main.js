// The console: signs in, then shows the page of the address.
import { html, render, useEffect } from "./html.js";
import { findOutWhoAsks, me } from "./api.js";
import { makeCell, useCell } from "./cells.js";
import { route } from "./router.js";
import { Shell } from "../components/shell.js";
import { Empty, Loading, Problem } from "../components/parts.js";
import { Guarded } from "../components/guarded.js";
import { SignIn } from "../pages/signin.js";
import { Queue } from "../pages/queue.js";
import { Group } from "../pages/group.js";
import { Jobs } from "../pages/jobs.js";
import { Letters } from "../pages/letters.js";
import { Lists } from "../pages/lists.js";
import { Media } from "../pages/media.js";
import { Search, watchForFiles } from "../pages/search.js";
import { Statistics } from "../pages/statistics.js";

const RETRY_MS = 3_000;
const PAGES = {
  queue: ["Queue", () => html`<${Queue} />`],
  groups: ["Group", (current) => html`<${Group} key=${current.name} contentId=${current.name} />`],
  media: ["Media", () => html`<${Media} />`],
  search: ["Search", () => html`<${Search} />`],
  statistics: ["Statistics", () => html`<${Statistics} />`],
  jobs: ["Jobs", (current) => html`<${Jobs} jobId=${current.name} />`],
  lists: ["Hash lists", () => html`<${Lists} />`],
  letters: ["Dead letters", () => html`<${Letters} />`],
};

// Why nobody knows yet who asks.
const beginning = makeCell(null);
let retry = 0;

function Console() {
  const who = useCell(me);
  const current = useCell(route);
  const problem = useCell(beginning);
  const [title, page] = PAGES[current.page] || ["Not found", () => html`<header class="page"><h1>Not found</h1></header><${Empty} title="There is no such page">The navigation above leads to all pages.<//>`];
  useEffect(() => {
    document.title = who ? `${title} · mediasieve` : "Sign in · mediasieve";
  }, [title, who]);
  if (who === null) {
    return html`<main id="main"><header class="page"><h1>${title}</h1></header>
      ${problem ? html`<${Problem} problem=${problem} onRetry=${begin} />` : html`<${Loading} what="who is signed in" onRetry=${begin} />`}</main>`;
  }
  if (!who) return html`<${SignIn} />`;
  return html`<${Shell}><${Guarded} key=${current.page} title=${title}>${page(current)}<//><//>`;
}

async function begin() {
  clearTimeout(retry);
  try {
    await findOutWhoAsks();
  } catch (problem) {
    if (problem.status === 401) return;
    beginning.set(problem);
    clearTimeout(retry);
    retry = setTimeout(begin, Math.max(RETRY_MS, problem.retryAfterS * 1000));
  }
}

const place = document.getElementById("console");
place.replaceChildren();
render(html`<${Console} />`, place);
watchForFiles();
begin();
