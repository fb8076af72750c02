// A phone, written from docs/patient-app.md alone: activates with a code, records with a queue on disk, refreshes its tokens,
// and chooses its reminders. `node guide_client.mjs SERVER FILE NOW COMMAND …` prints one JSON document.
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";

const [server, file, now, command, ...words] = process.argv.slice(2);
const state = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { queue: [], cursor: 0, notices: [] };

function keep() {
  writeFileSync(`${file}.new`, JSON.stringify(state));
  renameSync(`${file}.new`, file);
}

async function send(method, path, body, headers = {}) {
  const answer = await fetch(server + path, {
    method,
    redirect: "error",
    headers: { ...(body && { "Content-Type": "application/json" }), ...headers },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, etag: answer.headers.get("ETag"), document: text ? JSON.parse(text) : null };
}

async function ask(method, path, body, headers = {}) {
  const own = () => ({ ...headers, Authorization: `Bearer ${state.access_token}` });
  let answer = await send(method, path, body, own());
  if (answer.status !== 401) return answer;
  // The old refresh token is kept until the new pair is on disk.
  const pair = await send("POST", "/v1/token", { refresh_token: state.refresh_token });
  if (pair.status === 401) throw new Error("This phone needs a new code.");
  Object.assign(state, pair.document);
  keep();
  return send(method, path, body, own());
}

async function activate(code) {
  const { status, document } = await send("POST", "/v1/activate", { code, device_name: "Node" }, { "Accept-Language": "zh-CN" });
  if (status !== 200) throw new Error(document.errors[0].code);
  // Another patient's queue is nobody's business.
  if (state.patient_id && state.patient_id !== document.patient_id) Object.assign(state, { queue: [], cursor: 0, notices: [], today: null });
  Object.assign(state, document);
  keep();
}

async function look() {
  const headers = state.etag && state.today ? { "If-None-Match": state.etag } : {};
  const { status, etag, document } = await ask("GET", "/v1/me/today", null, headers);
  if (status === 200) Object.assign(state, { today: document, etag });
  keep();
  return status;
}

function record(status, amount) {
  const dose = state.today.doses[0];
  const fact = { client_id: randomUUID(), kind: "dose_recorded", said_at: now, dose_id: dose.dose_id, status };
  if (status === "taken") fact.amount = amount ?? dose.amount;
  state.queue.push(fact);
  keep();
}

async function sync() {
  const body = { cursor: state.cursor, sent_at: now, facts: state.queue };
  const { status, document } = await ask("POST", "/v1/me/sync", body);
  if (status !== 200) throw new Error(`sync ${status}`);
  const settled = new Set(document.outcomes.map((one) => one.client_id));
  const told = document.outcomes.filter((one) => !["recorded", "already_recorded"].includes(one.outcome));
  const news = state.cursor ? document.changes.filter((one) => one.by === "site") : [];
  state.queue = state.queue.filter((fact) => !settled.has(fact.client_id));
  state.notices.push(...told.map((one) => one.outcome), ...news.map((one) => one.kind));
  Object.assign(state, { cursor: document.cursor, today: document.today, etag: null });
  keep();
  return document.outcomes.map((one) => one.outcome);
}

const commands = {
  activate: () => activate(words[0]),
  look,
  record: () => record(words[0]),
  sync,
  calendar: async () => (await ask("GET", "/v1/me/calendar")).document.doses,
  remind: async () => (await ask("PATCH", "/v1/me/reminders", { times: [words[0]] })).document,
  snooze: async () => {
    const { status, document } = await ask("POST", "/v1/me/reminders/snooze", { minutes: Number(words[0]) });
    return status === 200 ? document : document.errors[0].code;
  },
  push: async () => (await ask("POST", `/v1/me/devices/${state.device_id}/push`, { kind: "relay", token: words[0] })).status,
  devices: async () => (await ask("GET", "/v1/me/devices")).document.items,
};

const result = await commands[command]();
console.log(JSON.stringify({ result: result ?? null, today: state.today, waiting: state.queue.length, notices: state.notices }));
