// Search by a picture that is dropped, pasted or chosen. Nothing of it is stored.
import { html, useEffect, useRef, useState } from "../app/html.js";
import { addressOfPage, go, Link, route } from "../app/router.js";
import { ask } from "../app/api.js";
import { makeCell, useCell } from "../app/cells.js";
import { name, number, percent, plural } from "../app/format.js";
import { collectionOf } from "../app/settings.js";
import { Chip, ConfidenceChip, Empty, Loading, Problem, VerdictChip } from "../components/parts.js";
import { mapInWords, Picture } from "../components/picture.js";

const MAX_BYTES = 20 * 1024 * 1024;
const TYPES = /^(image|video)\//;
// A file that was dropped or pasted anywhere, until this page takes it.
export const handedOver = makeCell(null);

export function watchForFiles() {
  const take = (event, list) => {
    const file = [...(list || [])].find((entry) => entry instanceof File && TYPES.test(entry.type));
    if (!file) return;
    event.preventDefault();
    handedOver.set(file);
    if (route.get().page !== "search") go(addressOfPage("search"));
  };
  addEventListener("dragover", (event) => event.dataTransfer?.types.includes("Files") && event.preventDefault());
  addEventListener("drop", (event) => (event.dataTransfer?.types.includes("Files") && event.preventDefault(), take(event, event.dataTransfer?.files)));
  addEventListener("paste", (event) => take(event, event.clipboardData?.files));
}

export function Search() {
  const current = useCell(route);
  const collection = collectionOf(current);
  const [state, setState] = useState({ file: null, result: null, problem: null, isBusy: false });
  const handed = useCell(handedOver);
  const running = useRef(null);
  async function search(file) {
    running.current?.abort();
    running.current = new AbortController();
    const { signal } = running.current;
    if (file.size > MAX_BYTES) {
      setState({ file, result: null, isBusy: false, problem: { title: "The file is too large", message: "At most 20 MiB are searched; submit larger media by URL." } });
      return;
    }
    setState({ file, result: null, problem: null, isBusy: true });
    try {
      const result = await ask("/v1/search", { method: "POST", params: { collection, limit: 40 }, body: file, headers: { "Content-Type": file.type || "application/octet-stream" }, signal });
      setState({ file, result, problem: null, isBusy: false });
    } catch (problem) {
      if (!signal.aborted) setState({ file, result: null, problem, isBusy: false });
    }
  }
  useEffect(() => {
    if (!handed) return;
    handedOver.set(null);
    search(handed);
  }, [handed]);
  useEffect(() => {
    if (state.file) search(state.file);
  }, [collection]);
  const onWords = (event) => {
    event.preventDefault();
    const words = new FormData(event.target).get("q").trim();
    if (words) go(addressOfPage("media", "", { q: words }));
  };
  return html`
    <header class="page"><h1>Search</h1></header>
    <div class="columns">
      <label class="drop"><b>Drop a picture or video here</b><span>or paste one, or choose a file. It is not stored.</span>
        <input type="file" accept="image/*,video/*" onChange=${(event) => event.target.files[0] && search(event.target.files[0])} /></label>
      <form class="panel words" role="search" onSubmit=${onWords}><label class="choice"><span>Or words in names, metadata, labels, reasons</span><input type="search" name="q" maxlength="512" /></label>
        <button type="submit" class="primary">Search words</button></form>
    </div>
    ${state.file ? html`<${Asked} file=${state.file} />` : null}
    ${state.isBusy ? html`<${Loading} what="what resembles it" />` : null}
    <${Problem} problem=${state.problem} onRetry=${state.file && state.problem?.passes ? () => search(state.file) : null} />
    ${state.result ? html`<${Results} result=${state.result} />` : null}`;
}

function Asked({ file }) {
  const [address, setAddress] = useState("");
  useEffect(() => {
    const made = URL.createObjectURL(file);
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);
  const isImage = file.type.startsWith("image/") && file.type !== "image/svg+xml";
  return html`<figure class="asked">${isImage && address ? html`<img src=${address} alt="What is searched for" />` : null}<figcaption>${name(file.name)}</figcaption></figure>`;
}

function Results({ result }) {
  const contents = result.contents || [];
  const videos = result.videos || [];
  if (!contents.length && !videos.length) return html`<${Empty} title="Nothing resembles it">No known content is near. Cut-outs are found by submitting, which compares more views.<//>`;
  const matches = contents.filter((entry) => entry.match);
  const others = contents.filter((entry) => !entry.match);
  return html`
    <h2 role="status">${matches.length ? plural(matches.length, "match", "matches") : "No match"}${others.length ? `, ${number(others.length)} that only resemble` : ""}</h2>
    <ul class="results">${[...matches, ...others].map((entry) => html`<li key=${entry.content_id}><${Found} entry=${entry} /></li>`)}
    ${videos.map((entry) => html`<li key=${entry.content_id}><${Link} class="card" href=${addressOfPage("groups", entry.content_id)}>
      <span class="card-text"><b class="title">${name(entry.media_id)}</b><span>${number(entry.frames_alike)} of ${plural(entry.frames_asked, "frame")} are alike</span><span class="quiet">${number(entry.distance_bits)} bits away</span></span><//></li>`)}</ul>`;
}

function Found({ entry }) {
  const { match } = entry;
  return html`<${Link} class="card" href=${addressOfPage("groups", entry.group_content_id || entry.content_id)}>
    <span class="pair"><${Picture} decision=${entry.decision} size=${150} /></span>
    <span class="card-text">
      <span class="chips">${match ? html`<${ConfidenceChip} match=${match} />` : html`<${Chip} kind="other">${entry.verified ? "no match" : "not verified"}<//>`} <${VerdictChip} verdict=${entry.verdict} /></span>
      <b class="title">${name(entry.media_id)}</b>
      ${match ? html`<span class="why">${match.explanation}</span><span class="quiet">${mapInWords(match.map)}</span>` : null}
      <span class="quiet">${number(entry.distance_bits)} bits away${entry.differs !== null ? `, ${percent(entry.differs, 0)} is something else` : ""}; ${plural(entry.submissions, "submission")}</span>
    </span>
  <//>`;
}

