// Asks the HTTP API. Every failure is an ApiProblem, which says what to do.
import { makeCell } from "./cells.js";

const TIMEOUT_MS = 45_000;
const SLOW_MS = 2_000;

// What the page knows about the API: "ok", "slow" or "away".
export const connection = makeCell("ok");
// Set while somebody must sign in: null while nobody knows, then the answer of /v1/me, or false.
export const me = makeCell(null);

export class ApiProblem extends Error {
  constructor(status, document, retryAfterS = 0) {
    super(document.detail || "The API gave no reason.");
    this.status = status;
    this.code = document.code || "unknown";
    this.title = document.title || "The request failed";
    this.requestId = document.request_id || "";
    this.retryAfterS = retryAfterS;
    this.errors = document.errors || [];
  }

  // Whether the same request may be answered later.
  get passes() {
    return this.status === 0 || this.status === 503 || this.status === 429;
  }
}

const UNREACHABLE = { code: "unreachable", title: "The API does not answer", detail: "The console goes on trying." };
let slowRequests = 0;

function noteSlow(change) {
  slowRequests += change;
  if (connection.get() !== "away") connection.set(slowRequests > 0 ? "slow" : "ok");
}

export function addressOf(path, params = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== null && value !== "" && value !== false) query.set(name, value);
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

// Sends a request and returns the parsed answer, or throws an ApiProblem.
export async function ask(path, { method = "GET", params, json, body, headers = {}, signal } = {}) {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const asked = {
    method,
    headers: { "X-Mediasieve-Console": "1", ...(json ? { "Content-Type": "application/json" } : {}), ...headers },
    body: json ? JSON.stringify(json) : body,
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    credentials: "same-origin",
    cache: "no-cache",
  };
  let noted = false;
  const slowly = setTimeout(() => ((noted = true), noteSlow(1)), SLOW_MS);
  try {
    const answer = await fetch(addressOf(path, params), asked);
    const document = await readAnswer(answer);
    connection.set(slowRequests > (noted ? 1 : 0) ? "slow" : "ok");
    if (answer.ok) return document;
    const problem = new ApiProblem(answer.status, document || {}, Number(answer.headers.get("Retry-After")) || 0);
    if (answer.status === 401 && path !== "/v1/session") me.set(false);
    throw problem;
  } catch (error) {
    if (error instanceof ApiProblem) throw error;
    if (signal?.aborted) throw error;
    connection.set("away");
    throw new ApiProblem(0, UNREACHABLE);
  } finally {
    clearTimeout(slowly);
    if (noted) noteSlow(-1);
  }
}

async function readAnswer(answer) {
  const type = answer.headers.get("Content-Type") || "";
  if (type.includes("json") && !type.includes("ndjson")) return answer.json();
  return answer.ok ? answer.text() : {};
}

export async function signIn(key) {
  const found = await ask("/v1/session", { method: "POST", headers: { Authorization: `Bearer ${key}` } });
  me.set(found);
  return found;
}

export async function signOut() {
  try {
    await ask("/v1/session", { method: "DELETE" });
  } finally {
    me.set(false);
  }
}

export async function findOutWhoAsks() {
  me.set(await ask("/v1/me"));
}

export function may(role) {
  const found = me.get();
  return Boolean(found) && (found.roles.includes(role) || found.roles.includes("admin"));
}
