// The API: one function per request, errors as Problem.

const base = "/api/v1";
let csrf = "";
let signedOut = () => {};

// Problem is an answer that is none: RFC 9457 problem details, or a server that cannot be reached (status 0).
export class Problem extends Error {
  constructor(status, details) {
    super(details.detail || details.title || `The server answers ${status}`);
    this.status = status;
    this.details = details;
  }
}

// whenSignedOut says what happens once the session is over.
export function whenSignedOut(then) {
  signedOut = then;
}

async function call(method, path, body, signal) {
  const headers = { Accept: "application/json" };
  const init = { method, headers, signal, credentials: "same-origin", cache: "no-store" };
  if (method !== "GET") {
    headers["Idempotency-Key"] = crypto.randomUUID?.() ?? randomKey();
    headers["X-CSRF-Token"] = csrf;
  }
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(body);
  }
  const answer = await send(path, init, method === "GET" ? 0 : 1);
  const isJSON = /json/.test(answer.headers.get("Content-Type") ?? "");
  const content = isJSON ? await answer.json().catch(() => ({})) : {};
  if (answer.ok) return content;
  if (answer.status === 401 && path !== `${base}/session`) signedOut();
  throw new Problem(answer.status, content);
}

// send tries a write that did not get through again, which its Idempotency-Key makes safe.
async function send(path, init, tries) {
  try {
    return await fetch(path, init);
  } catch (cause) {
    if (cause.name === "AbortError") throw cause;
    if (tries === 0) throw new Problem(0, { title: "Weir cannot be reached" });
    await new Promise((resolve) => setTimeout(resolve, 800));
    return send(path, init, tries - 1);
  }
}

// randomKey stands in where the page is served without TLS from elsewhere than loopback, and so has no randomUUID.
const randomKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("")
  .replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, "$1-$2-4$3-8$4-$5");

const get = (path, signal) => call("GET", base + path, undefined, signal);
const post = (path, body) => call("POST", base + path, body);
const part = encodeURIComponent;

export async function me() {
  const person = await get("/me");
  csrf = person.csrf ?? "";
  return person;
}

export const signIn = (name, password) => post("/session", { name, password });
export const signOut = () => call("DELETE", `${base}/session`);

// queue reads a page of the queue; filter is {order, view, severity, account}.
export function queue(filter, cursor, limit) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries({ ...filter, cursor, limit })) if (value) query.set(key, value);
  return get(`/queue?${query}`);
}

export const oneCase = (id, signal) => get(`/cases/${part(id)}`, signal);
export const oneAlert = (id, signal) => get(`/alerts/${part(id)}`, signal);
export const timeline = (account, signal) => get(`/accounts/${part(account)}/timeline`, signal);
export const search = (text) => get(`/search?q=${part(text)}`);
export const stats = () => get("/stats");

export const step = (verb, c, more) => post(`/cases/${part(c.id)}/${verb}`, { version: c.version, ...more });
export const disposeAll = (cases, label) => post("/cases:dispose", { cases: cases.map(({ id, version }) => ({ id, version })), label });
export const undo = (token) => post("/undo", { undo: token });

const entries = (list) => `/lists/${part(list)}/entries`;
export const addEntry = (list, key, until, reason) => post(entries(list), { key, until, reason });
export const removeEntry = (list, key) => call("DELETE", `${base}${entries(list)}?key=${part(key)}`);

export const changesAddress = `${base}/changes`;
