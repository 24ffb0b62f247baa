// Jobs: how far imports are, and why submissions of them failed.
import { html } from "../app/html.js";
import { addressOfPage, Link, route } from "../app/router.js";
import { useAnswer } from "../app/answers.js";
import { useCell } from "../app/cells.js";
import { ago, bytes, duration, moment, name, number, word } from "../app/format.js";
import { collectionOf } from "../app/settings.js";
import { Chip, Empty, Figure, Loading, Problem, Table } from "../components/parts.js";

const EVERY_MS = 5_000;

export function Jobs({ jobId }) {
  const collection = collectionOf(useCell(route));
  return jobId ? html`<${OneJob} jobId=${jobId} collection=${collection} />` : html`<${AllJobs} collection=${collection} />`;
}

function AllJobs({ collection }) {
  const { data, problem, reload } = useAnswer("/v1/jobs", { collection, limit: 100 }, { everyMs: EVERY_MS });
  return html`<header class="page"><h1>Jobs</h1></header>
    <${Problem} problem=${problem} onRetry=${reload} />
    ${!data && !problem ? html`<${Loading} what="jobs" onRetry=${reload} />` : null}
    ${data && !data.jobs.length ? html`<${Empty} title="No jobs">A job is a number of submissions that somebody follows together, such as an import: mediasieve publish --job.<//>` : null}
    <ul class="jobs">${(data?.jobs || []).map((job) => html`<li key=${job.job_id} class="panel">
      <header><h2><${Link} href=${addressOfPage("jobs", job.job_id)}>${name(job.name)}<//></h2> <${Chip} kind=${job.progress}>${job.progress}<//> <span class="quiet">${job.lane}</span></header>
      <${Progress} job=${job} /></li>`)}</ul>`;
}

function Progress({ job }) {
  const label = `${number(job.decided)} of ${job.expected === null ? "an unknown number" : number(job.expected)} decided`;
  return html`<progress max=${job.expected || Math.max(1, job.decided)} value=${job.expected ? job.decided : 0} aria-label=${label}></progress>
    <p class="quiet">${label}${job.progress !== "done" && job.per_second ? `, ${number(Math.round(job.per_second))} a second` : ""}${job.left_s ? `, ${duration(job.left_s)} left` : ""}${job.failed ? `, ${number(job.failed)} failed` : ""}; begun ${ago(job.started_at)}</p>`;
}

function OneJob({ jobId, collection }) {
  const { data, problem, reload } = useAnswer(`/v1/jobs/${encodeURIComponent(jobId)}`, { collection }, { everyMs: EVERY_MS });
  if (!data) {
    return html`<header class="page"><h1>Job</h1></header>
      ${problem ? html`<${Problem} problem=${problem} onRetry=${reload} />` : html`<${Loading} what="the job" onRetry=${reload} />`}`;
  }
  const { job, failures } = data;
  return html`<header class="page"><p class="crumbs"><${Link} href=${addressOfPage("jobs")}>Jobs<//> / ${name(job.job_id)}</p><h1>${name(job.name)}</h1> <${Chip} kind=${job.progress}>${job.progress}<//></header>
    <section class="panel"><${Progress} job=${job} /></section>
    <dl class="figures">${["unique", "duplicate", "near_duplicate", "failed", "for_review", "replayed"].map((field) => html`<${Figure} label=${word(field)} value=${number(job[field])} />`)}
      <${Figure} label="Bytes" value=${bytes(job.size_bytes)} /></dl>
    <section class="panel"><h2>Failures</h2>${failures.length ? html`<${Table} caption="Failures by reason" rows=${failures} columns=${[
      ["Reason", (row) => word(row.reason)], ["Submissions", (row) => number(row.submissions), "number"], ["Latest", (row) => html`<time datetime=${row.last_at} title=${moment(row.last_at)}>${ago(row.last_at)}</time>`], ["Medium", (row) => name(row.last_media_id)], ["Detail", (row) => name(row.last_detail)]]} />
      <p><a href=${`/v1/jobs/${encodeURIComponent(jobId)}/failures?${new URLSearchParams({ collection })}`} download=${`${jobId}-failures.ndjson`}>All failures as lines of JSON</a></p>` : html`<p class="quiet">None.</p>`}</section>`;
}
