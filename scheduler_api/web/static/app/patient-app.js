/* A patient's phone as a web page: the same client as examples/patient_app.py, part by part. docs/patient-app.md walks
 * through it. It is served from the same origin as the API. This one file is also the page's service worker (at the end), so
 * that the page opens without a network. */
"use strict";

/** How long to wait for an answer, in milliseconds: some lines are slow. */
const PATIENCE = 20000;
/** How many queued facts are sent at once. */
const BATCH = 100;
/** The statuses of a visit that is still to be done. */
const TO_DO = ["upcoming", "open", "overdue"];
/** The language that the patient chose in the app, else the phone's. A service worker has neither choice nor words. */
const LANGUAGE = globalThis.localStorage?.getItem("language") || (navigator.language.toLowerCase().startsWith("zh") ? "zh-CN" : "en");
/** How dates are written: 24 November or November 24, as the phone is set, if it is set to our language. */
const LOCALE = navigator.language.startsWith(LANGUAGE) ? navigator.language : LANGUAGE;

/** No answer, or not one of the service's. Whether it got the request nobody knows: repeat it later. */
class Offline extends Error {}

/** The service said no; `problem` is its document (RFC 9457). */
class Refused extends Error {
  constructor(problem) {
    super((problem.errors || [problem]).map((error) => error.detail).join(" "));
    this.problem = problem;
  }
}

/** The phone has no session, or no longer one: the patient asks the site for a code. */
class NotActivated extends Error {}

// --- The phone's clock -----------------------------------------------------------------------------------------------

const two = (number) => String(number).padStart(2, "0");

/** The phone's day, YYYY-MM-DD. */
function localDay(at = new Date()) {
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** The present instant as RFC 3339 with the phone's offset; to the millisecond, since a patient can tap twice in a second. */
function localInstant(at = new Date()) {
  const east = -at.getTimezoneOffset();
  const offset = `${east < 0 ? "-" : "+"}${two(Math.floor(Math.abs(east) / 60))}:${two(Math.abs(east) % 60)}`;
  return `${localDay(at)}T${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, "0")}${offset}`;
}

/** The day that this phone's clock shows, less what the service last said that the clock is ahead. */
const clockDay = (state) => localDay(new Date(Date.now() - 1000 * (state.clock_off || 0)));

/** What the clock showed when the service last answered; null if it did not answer. */
let answeredOn = null;

/** The day that it is: as long as the clock shows the same as at the service's last answer, the service's. */
function presentDay(state) {
  const day = clockDay(state);
  return day === answeredOn ? state.today.document.today : day;
}

const timeZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

// --- What the phone keeps: a state, and the queue in the order of recording --------------------------------------------

/** What a phone keeps before it is activated. `today` and `calendar`, once fetched, are an etag and a document. */
const empty = () => ({
  patient_id: null,
  device_id: null,
  access_token: null,
  refresh_token: null,
  time_zone: null, // the one last told
  cursor: 0,
  clock_off: 0, // how many seconds this phone's clock is ahead, as the service last said
  push: null, // what was last sent of the subscription to Web Push: its endpoint, and for which device
  notices: [],
  today: null,
  calendar: null,
});

let database = null;

function opened() {
  database = database || new Promise((resolve, reject) => {
    const request = indexedDB.open("patient-app", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("state");
      request.result.createObjectStore("queue", { autoIncrement: true });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return database;
}

/**
 * Change the state in one transaction: all of it is kept, or nothing, also when the page is open twice.
 * `change(state, queue)` alters the state in place; `queue` is the object store. Gives the new state.
 */
async function keep(change) {
  const transaction = (await opened()).transaction(["state", "queue"], "readwrite", { durability: "strict" });
  return new Promise((resolve, reject) => {
    const states = transaction.objectStore("state");
    let state;
    states.get("state").onsuccess = (event) => {
      state = event.target.result || empty();
      change(state, transaction.objectStore("queue"));
      states.put(state, "state");
    };
    transaction.oncomplete = () => resolve(state);
    transaction.onabort = () => reject(transaction.error);
  });
}

/** What is kept: the state, what waits to be sent in order, and its keys in the queue. */
async function kept() {
  const transaction = (await opened()).transaction(["state", "queue"]);
  const got = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const queue = transaction.objectStore("queue");
  const state = got(transaction.objectStore("state").get("state"));
  const [known, facts, keys] = await Promise.all([state, got(queue.getAll()), got(queue.getAllKeys())]);
  return { state: known || empty(), facts, keys };
}

// --- Activation and tokens ---------------------------------------------------------------------------------------------

/** Turn the code into this phone's tokens. Throws Refused for a bad code, Offline. */
async function activate(code) {
  const body = { code, device_name: navigator.userAgentData?.platform || "Web app" };
  const { document: given } = await send("POST", "/v1/activate", body);
  // The messages to another patient are not for whoever has this phone now.
  const { patient_id: before } = (await kept()).state;
  if (before && before !== given.patient_id && canPush()) await (await (await pushManager()).getSubscription())?.unsubscribe();
  await keep((state, queue) => {
    // What the patient recorded before a new code was needed is still sent; another patient's is forgotten.
    if (state.patient_id !== given.patient_id) {
      Object.assign(state, empty());
      queue.clear();
    }
    const { patient_id, device_id, access_token, refresh_token } = given;
    Object.assign(state, { patient_id, device_id, access_token, refresh_token });
  });
}

/**
 * Get the next pair of tokens. Throws NotActivated when the session has ended, Offline.
 * The old refresh token is kept until the new one is, so a lost answer is repeated with the same.
 */
async function refresh() {
  const { refresh_token } = (await kept()).state;
  for (let triesLeft = 2; ; triesLeft--) {
    try {
      const { document: given } = await send("POST", "/v1/token", { refresh_token });
      await keep((state) => {
        state.access_token = given.access_token;
        state.refresh_token = given.refresh_token;
      });
      return;
    } catch (error) {
      if (error instanceof Refused && error.problem.status === 401) {
        // The queue stays: it is sent when the phone has been activated again.
        await keep((state) => { state.access_token = state.refresh_token = null; });
        throw new NotActivated();
      }
      if (!(error instanceof Offline) || !triesLeft) throw error;
    }
  }
}

// --- Requests ----------------------------------------------------------------------------------------------------------

/**
 * Send a request as this phone. Throws NotActivated, Refused, Offline.
 * Whether the access token has expired the service knows best: the phone's clock may be wrong.
 */
async function ask(method, path, body = null, etag = null) {
  const { access_token, refresh_token } = (await kept()).state;
  if (!refresh_token) throw new NotActivated();
  try {
    return await send(method, path, body, etag, access_token);
  } catch (error) {
    if (!(error instanceof Refused) || error.problem.status !== 401) throw error;
  }
  await refresh();
  return send(method, path, body, etag, (await kept()).state.access_token);
}

/** Send a request; status, ETag and document of the answer. */
async function send(method, path, body = null, etag = null, token = null) {
  const headers = { Accept: "application/json", "Accept-Language": LANGUAGE };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (etag) headers["If-None-Match"] = etag;
  if (body) headers["Content-Type"] = "application/json";
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE);
  try {
    // We keep the answers ourselves: the browser's own cache knows addresses, not patients.
    const answer = await fetch(path, {
      method, headers, body: body && JSON.stringify(body), cache: "no-store", redirect: "error", signal: stop.signal,
    });
    const { status } = answer;
    if (status === 304 || status === 204) return { status, etag, document: null };
    const kind = answer.headers.get("Content-Type") || "";
    if (answer.ok && kind.startsWith("application/json")) {
      return { status, etag: answer.headers.get("ETag"), document: await answer.json() };
    }
    if (kind.startsWith("application/problem+json") && status < 500) throw new Refused(await answer.json());
    throw new Offline(`The service is not well (${status}).`);
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Offline(error.message);
  } finally {
    clearTimeout(timer);
  }
}

// --- What the patient says -----------------------------------------------------------------------------------------------

/** `amount` is what the screen showed: nothing that the site records later changes what was taken. */
const record = (dose_id, status, amount) => enqueue("dose_recorded", { dose_id, status, ...(status === "taken" && { amount }) });
const takeBack = (dose_id) => enqueue("dose_taken_back", { dose_id });

/** The day of a dose, YYYY-MM-DD: what its name begins with. */
const dayOf = (dose_id) => dose_id.slice(0, 10);

/**
 * Keep what the patient said of a dose, whatever comes of the network. `client_id` is made once, here, and never anew.
 * Where the page is open twice, the other one may have kept the same already, which this one does not show yet. That is
 * seen in the transaction that keeps it, of which there is one at a time, so that it cannot be kept twice.
 */
const enqueue = (kind, data) => keep((state, queue) => {
  queue.getAll().onsuccess = ({ target: { result: waiting } }) => {
    if (!isSaid(state, waiting, data)) queue.add(fact(kind, data));
  };
});

/** Whether the phone already knows of a dose what the patient says; without `status`, that nothing is said of it. */
function isSaid(state, waiting, { dose_id, status, amount }) {
  const { doses, unrecorded, rows } = screenOf(state, waiting);
  const isIt = (one) => one.dose_id === dose_id;
  const known = waiting.filter(isIt).pop() || doses.find(isIt) || (unrecorded.includes(dose_id) ? {} : rows.get(dose_id));
  if (!known) return false;
  if (!status) return !["taken", "missed"].includes(known.status);
  return known.status === status && (status === "missed" || (known.taken_amount ?? known.amount) === amount);
}

const fact = (kind, data) => ({ client_id: crypto.randomUUID(), said_at: localInstant(), kind, ...data });

/** Queue the phone's time zone if it is not the one last told. Doses need it not: each has its own offset. */
async function noticeTimeZone() {
  const here = timeZone();
  await keep((state, queue) => {
    if (state.time_zone === null || state.time_zone === here) return;
    state.time_zone = here;
    queue.add(fact("time_zone_changed", { time_zone: here }));
  });
}

// --- Synchronisation -----------------------------------------------------------------------------------------------------

/**
 * Send what waits and take in what changed. Throws Offline, NotActivated, Refused; then repeat it later.
 * What was sent stays queued until its outcome is here, so after a lost answer the same is sent again, and by its
 * `client_id` the service knows that it is the same.
 */
async function sync() {
  for (;;) {
    const { state, facts, keys } = await kept();
    // The service corrects what a wrong clock says by the present time of that clock.
    const body = { cursor: state.cursor, sent_at: localInstant(), facts: facts.slice(0, BATCH) };
    const { document: synced } = await ask("POST", "/v1/me/sync", body);
    await takeIn(synced, body.facts, keys);
    await noticeTimeZone();
    // Again only for what has not been sent just now: the next batch, or what was recorded meanwhile.
    const sent = body.facts.map((one) => one.client_id);
    if ((await kept()).facts.every((one) => sent.includes(one.client_id))) return;
  }
}

/** Write all that an answer says at once: queue, cursor, today, and what the patient must be told. */
function takeIn(synced, sent, keys) {
  const outcomes = new Map(synced.outcomes.map((outcome) => [outcome.client_id, outcome]));
  return keep((state, queue) => {
    const notices = sent.map((one) => saidOf(one, outcomes.get(one.client_id)));
    // The first time all of the history comes: that is no news.
    if (state.cursor) notices.push(...synced.changes.filter((change) => change.by === "site").map(saidOfSite));
    state.notices.push(...new Set(notices.filter(Boolean)));
    sent.forEach((one, number) => outcomes.has(one.client_id) && queue.delete(keys[number]));
    state.cursor = synced.cursor;
    state.clock_off = synced.clock_off_seconds || 0;
    state.time_zone = state.time_zone || synced.today.time_zone;
    if (JSON.stringify(state.today?.document) !== JSON.stringify(synced.today)) {
      state.today = { etag: null, document: synced.today };
    }
  });
}

/** Fetch `today` or `calendar`, unless the one that is kept is still right; whether it was not. */
async function fetchKept(name) {
  const known = (await kept()).state[name];
  const { status, etag, document } = await ask("GET", `/v1/me/${name}`, null, known?.etag);
  if (status === 304) return false;
  await keep((state) => { state[name] = { etag, document }; });
  return true;
}

/**
 * Bring the phone up to date if there is a network; whether there was. While nothing changed, that is one request with
 * an answer of no bytes. The lock is for a page that is open twice: two must not refresh the tokens at the same time.
 */
function look() {
  return navigator.locks.request("network", async () => {
    await noticeTimeZone();
    try {
      const changed = await fetchKept("today");
      const { state, facts } = await kept();
      // Where the phone shows another day than the service, the service says how far the phone's clock is off.
      if (changed || facts.length || clockDay(state) !== state.today.document.today) {
        await sync();
        await fetchKept("calendar"); // For days that begin without a network.
      }
      answeredOn = clockDay((await kept()).state);
    } catch (error) {
      answeredOn = null;
      if (error instanceof Offline) return false;
      throw error;
    }
    return true;
  });
}

// --- Reminders by Web Push -----------------------------------------------------------------------------------------------

/** Whether the browser can get messages at all: it needs HTTPS, and no private window. */
const canPush = () => Boolean(self.PushManager && self.Notification && navigator.serviceWorker);

/** The patient does not let the page notify, or has taken that back. */
class NotPermitted extends Error {}

/** The browser cannot subscribe: its maker's push service does not answer, as in mainland China. */
class NoPushService extends Error {}

const pushManager = async () => (self.registration || (await navigator.serviceWorker.ready)).pushManager;

/** Whether messages come to this phone, as far as the phone knows. */
async function isSubscribed() {
  return canPush() && Notification.permission === "granted" && Boolean((await kept()).state.push) && Boolean(await (await pushManager()).getSubscription());
}

/** Subscribe, when the patient has tapped the button: only then may the browser ask. Throws NotPermitted, NoPushService, Refused, Offline. */
async function subscribe() {
  if ((await Notification.requestPermission()) !== "granted") throw new NotPermitted();
  await checkSubscription(true);
}

/**
 * Make the browser's subscription the one that the service sends to, if the patient wants one (`wanted`, or subscribed
 * before): browsers drop and replace them, a new code makes a new device, and the service's key may be another one.
 */
function checkSubscription(wanted = false) {
  return navigator.locks.request("network", async () => {
    const { state } = await kept();
    if (!canPush() || Notification.permission !== "granted" || !(wanted || state.push)) return;
    const { document: { public_key } } = await ask("GET", "/v1/me/push-key");
    const manager = await pushManager();
    let subscription = await manager.getSubscription();
    if (subscription && base64url(subscription.options.applicationServerKey) !== public_key) {
      await subscription.unsubscribe(); // Nothing that is sent for an old key is delivered.
      subscription = null;
    }
    try {
      subscription ||= await manager.subscribe({ userVisibleOnly: true, applicationServerKey: public_key });
    } catch (error) {
      throw new NoPushService(error.message);
    }
    const sent = { endpoint: subscription.endpoint, device_id: state.device_id };
    const isSent = JSON.stringify(sent) === JSON.stringify(state.push);
    // One that is sent again without need loses what waits for it.
    if (isSent && (await pushState(state.device_id)) === "good") return;
    await ask("POST", `/v1/me/devices/${state.device_id}/push`, subscription.toJSON());
    await keep((now) => { now.push = sent; });
  });
}

/** How the service says that the subscription of a device is doing. */
async function pushState(device_id) {
  const { document: { items } } = await ask("GET", "/v1/me/devices");
  return items.find((one) => one.device_id === device_id)?.push?.state;
}

/** Want no more messages on this phone. That the service knows of no subscription is as good. */
function unsubscribe() {
  return navigator.locks.request("network", async () => {
    const { state } = await kept();
    try {
      await ask("DELETE", `/v1/me/devices/${state.device_id}/push`);
    } catch (error) {
      if (!(error instanceof Refused) || error.problem.status !== 404) throw error;
    }
    await (await (await pushManager()).getSubscription())?.unsubscribe();
    await keep((now) => { now.push = null; });
  });
}

const base64url = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

// --- What to show --------------------------------------------------------------------------------------------------------

/** The one screen, with or without a network: `today` as last heard, and what still waits laid over it. */
function screenOf(state, facts, day = presentDay(state)) {
  // A clock that was wrong may have been set since: without an answer of today nobody knows which day it is.
  const isKnown = state.today.document.today === day && (!state.clock_off || answeredOn);
  const shown = { ...(isKnown ? state.today.document : computed(state, day)) };
  const said = new Map(facts.filter((one) => one.dose_id).map((one) => [one.dose_id, one.status || null]));
  shown.doses = shown.doses.map((one) => (said.has(one.dose_id) ? { ...one, status: said.get(one.dose_id) || "due" } : one));
  const unrecorded = new Set(shown.unrecorded);
  for (const [dose_id, status] of said) {
    if (status) unrecorded.delete(dose_id);
    else if (dayOf(dose_id) < day) unrecorded.add(dose_id);
  }
  const rows = new Map((state.calendar?.document.doses || []).map((row) => [row.dose_id, row]));
  return { ...shown, unrecorded: [...unrecorded].sort(), rows, said, waiting: facts.length, knownOn: state.today.document.today, clockOff: Boolean(state.clock_off) };
}

/**
 * Say what the kept calendar says of a day that began without a network. `unknown`: it does not reach that day, or the
 * phone's clock is wrong or was put back since. Then nothing is said of the dose: least of all that there is none.
 */
function computed(state, day) {
  const last = state.today.document;
  const { doses, visits, to } = state.calendar?.document || { doses: [], visits: [], to: last.today };
  if (day < last.today || state.clock_off) {
    return { ...last, today: day, cycle: null, doses: [], unrecorded: [], notices: still(last.notices, last.visits, day), unknown: true };
  }
  const onTreatment = last.status === "on_treatment";
  const rows = doses.filter((row) => row.dose_on === day);
  const weekAgo = new Date(`${day}T00:00:00Z`);
  weekAgo.setUTCDate(weekAgo.getUTCDate() - 7);
  // The calendar may be older than `today`, which knows what was said of the days through its own.
  const since = doses.filter((row) => last.today < row.dose_on && row.dose_on < day);
  const nobodySaid = onTreatment ? ["planned", "due", "unrecorded"] : ["unrecorded"];
  const asked = [...last.doses, ...since].filter((one) => nobodySaid.includes(one.status)).map((one) => one.dose_id);
  // All that is booked is shown until its day is over, and of each series the first visit to do; while nothing is said
  // of contraception, only what is booked.
  const known = new Set();
  const shown = [];
  for (const visit of visits) {
    let isShown = (visit.booked_on || "") >= day;
    let { status } = visit;
    if (!visit.appointment && TO_DO.includes(status)) {
      status = visit.closes_on < day ? "overdue" : visit.opens_on <= day ? "open" : "upcoming";
      isShown ||= Boolean(last.contraception) && !known.has(visit.series);
      known.add(visit.series);
    }
    if (isShown) shown.push({ ...visit, status });
  }
  return {
    ...last,
    today: day,
    unknown: day > to,
    cycle: rows.length ? { number: rows[0].cycle, day: rows[0].cycle_day } : null,
    doses: rows.map(({ dose_id, drug, amount, unit, pieces, status }) => ({
      dose_id,
      drug,
      amount,
      unit,
      pieces,
      status: status === "planned" && onTreatment ? "due" : status,
      remind_at: null,
      snoozed_until: null,
    })),
    unrecorded: [...last.unrecorded, ...asked].filter((id) => weekAgo.toISOString().slice(0, 10) <= dayOf(id) && dayOf(id) < day),
    visits: shown,
    notices: still(last.notices, shown, day),
  };
}

/** Return what is still to be known on a later day: not what was about doses of the day before, or past visits. */
function still(notices, visits, day) {
  const booked = visits.filter((visit) => (visit.booked_on || "") >= day).map((visit) => visit.visit);
  return notices.filter(({ about }) => about === null || booked.includes(about));
}

// --- Words ---------------------------------------------------------------------------------------------------------------

const WORDS = {
  en: {
    title: "My trial", code: "Code from your study nurse", activate: "Start",
    codeHint: "10 letters and digits. It is good for three days.",
    ended: "This phone needs a new code. What you recorded is kept and will be sent.",
    offline: "No network. Please try again.", saved: "All saved", waiting: (n) => `${n} waiting for a network`,
    knownOn: (day) => `As far as was known on ${day}`,
    clockOff: "The clock of this phone is wrong. Please set it.", savedFor: (day) => `Saved for ${day}.`,
    unknownDose: "This phone does not know what is planned for this day. Connect it to a network, or call your study site, before you take a dose.",
    cycle: (n, day) => `Cycle ${n}` + (day ? ` · day ${day}` : ""), dose: "Today's dose", taken: "Taken", missed: "Not taken", undo: "Undo",
    due: "Take it today", dueAt: (time) => `Take it today at ${time}`, isTaken: "✓ Taken today", isMissed: "Not taken today",
    held: "On hold: take none until the site tells you to", rest: "A day of rest: take none",
    planned: "Not begun: take none until the site tells you to", noDose: "No dose today.",
    days: { unrecorded: "Nothing is recorded for this day yet", due: "Nothing is recorded for this day yet", planned: "A dose is planned", unknown: "Nothing is known of this day" },
    catchUp: "Did you take it?", visits: "Visits", booked: (day) => `Booked: ${day}`, window: (a, b) => `${a} to ${b}`,
    upcoming: "to come", open: "due now", overdue: "overdue: call the site",
    contraception: "Contraception", required: "Required", through: (day) => `Required through ${day}`,
    atLeast: (day) => `Required, at least through ${day}`, released: "No longer required",
    not_required: "Not required", contact: "Your study site", calendar: "Calendar", marks: "Green: taken. Underlined: time for a visit.", feed: "For your calendar app", makeFeed: "Make an address",
    push: "Reminders on this phone", makePush: "Remind me on this phone", pushed: "Reminders come to this phone, also while this page is closed.", endPush: "No more reminders here",
    notPermitted: "This phone does not let this page remind you: allow notifications in its settings.",
    noPushService: "This browser cannot get messages here. Look at this page every day, or ask your study site.", noPush: "Your study sends no messages to this page.",
    feedMade: "There is an address already. Who lost it makes a new one; the old one ends.", newFeed: "Make a new one",
    reminders: "Reminders", remindAt: "Remind me at", later: "Remind me in an hour",
    save: "Save", kept: "Saved.", language: "Language",
    ok: "OK", statuses: { screening: "Not enrolled yet", enrolled: "Enrolled", on_treatment: "", follow_up: "Follow-up", off_study: "The study has ended for you" },
    notRecorded: (what, why) => `${what} was not recorded. ${why}`,
    couldHurt: (why) => `${why}. Call your study site now.`,
    siteStands: (day) => `${day}: the site recorded this day, and its record stands.`,
    laterStands: (about) => `${about}: something that was said later stands.`,
    toConfirm: (day) => `${day}: the site has to confirm this; call the site.`,
    hold_started: (data) => `From ${shortDay(data.from_on)}: take no ${data.drugs?.join(" and ") || "dose"} until the site tells you to.`,
    hold_ended: (data) => `From ${shortDay(data.resumes_on)}: take your ${data.drugs?.join(" and ") || "doses"} again.`,
    dose_changed: (data) => `From ${shortDay(data.from_on)}: ${data.drug} ${data.amount}\u00a0${data.unit}, ` +
      `${{ 1: "once", 2: "twice" }[data.times_a_day] || `${data.times_a_day} times`} a day` +
      `${data.days ? `, on the days ${data.days.join(", ")} of the cycle` : ""}.`,
    regimen_ended: (data) => `${data.drug} has ended: take no more of it.`,
    dose_recorded: (data) => `The site recorded ${shortDay(data.dose_on)} as ${data.status === "taken" ? "taken" : "not taken"}.`,
    visit_booked: (data) => data.booked_on ? `A visit is booked: ${shortDay(data.booked_on)}.` : "A booking was cancelled.",
    treatment_ended: () => "Treatment has ended.", study_ended: () => "The study has ended for you.",
    voided: () => "The site took something back; look at your calendar.",
  },
  "zh-CN": {
    title: "我的临床试验", code: "研究护士给您的激活码", activate: "开始",
    codeHint: "10 位字母和数字，三天内有效。",
    ended: "本手机需要新的激活码。您的记录已保存，激活后会自动发送。",
    offline: "没有网络，请再试一次。", saved: "已全部保存", waiting: (n) => `${n} 条记录待联网后上传`,
    knownOn: (day) => `以下信息更新于 ${day}`,
    clockOff: "本手机的时间不正确，请校准。", savedFor: (day) => `已保存为 ${day} 的记录。`,
    unknownDose: "本手机不知道这一天的用药安排。请在服药前连接网络，或致电研究中心。",
    cycle: (n, day) => `第 ${n} 周期` + (day ? ` · 第 ${day} 天` : ""), dose: "今日用药", taken: "已服药", missed: "未服药", undo: "撤销",
    due: "请今天服药", dueAt: (time) => `请今天 ${time} 服药`, isTaken: "✓ 今天已服药", isMissed: "今天未服药",
    held: "暂停用药：在研究中心通知您之前请勿服药", rest: "今天为停药日，请勿服药",
    planned: "治疗尚未开始：在研究中心通知您之前请勿服药", noDose: "今天不需要服药。",
    days: { unrecorded: "这一天尚无服药记录", due: "这一天尚无服药记录", planned: "计划服药", unknown: "没有这一天的信息" },
    catchUp: "这些天服药了吗？", visits: "访视", booked: (day) => `已预约：${day}`, window: (a, b) => `${a}至${b}`,
    upcoming: "即将到来", open: "现可检查（在规定日期内）", overdue: "已逾期，请联系研究中心",
    contraception: "避孕", required: "需要避孕", through: (day) => `需要避孕至 ${day}（含当天）`,
    atLeast: (day) => `需要避孕，至少至 ${day}`, released: "不再需要避孕",
    not_required: "不需要避孕", contact: "您的研究中心", calendar: "日历", marks: "绿色：已服药。下划线：可检查日期。", feed: "手机日历订阅", makeFeed: "生成订阅地址",
    push: "本手机的提醒", makePush: "在本手机上提醒我", pushed: "提醒会发送到本手机，关闭本页面后也能收到。", endPush: "不再在本手机上提醒",
    notPermitted: "本手机未允许本页面发送提醒，请在系统设置中允许通知。",
    noPushService: "本浏览器在此无法接收消息，请每天查看本页面，或咨询研究中心。", noPush: "本试验不向本页面发送消息。",
    feedMade: "已有订阅地址。如已丢失，可重新生成，旧地址随即失效。", newFeed: "重新生成",
    reminders: "提醒", remindAt: "提醒时间", later: "一小时后提醒我",
    save: "保存", kept: "已保存。", language: "语言",
    ok: "知道了", statuses: { screening: "尚未入组", enrolled: "已入组", on_treatment: "", follow_up: "随访期", off_study: "您已结束参加本试验" },
    notRecorded: (what, why) => `${what}的记录未被接受。${why}`,
    couldHurt: (why) => `${why}。请立即联系研究中心。`,
    siteStands: (day) => `${day}：研究中心对这一天已有记录，以其记录为准。`,
    laterStands: (about) => `${about}：以之后所说的为准。`,
    toConfirm: (day) => `${day}：需由研究中心确认，请致电研究中心。`,
    hold_started: (data) => `自${shortDay(data.from_on)}起暂停${data.drugs ? `服用${data.drugs.join("、")}` : "用药"}，直到研究中心通知您。`,
    hold_ended: (data) => `自${shortDay(data.resumes_on)}起恢复${data.drugs ? `服用${data.drugs.join("、")}` : "用药"}。`,
    dose_changed: (data) => `自${shortDay(data.from_on)}起：${data.drug} 每次 ${data.amount}\u00a0${data.unit}，每天 ${data.times_a_day} 次` +
      `${data.days ? `，在周期的第 ${data.days.join("、")} 天服用` : ""}。`,
    regimen_ended: (data) => `${data.drug}已停用，请勿再服。`,
    dose_recorded: (data) => `研究中心将${shortDay(data.dose_on)}记录为${data.status === "taken" ? "已服药" : "未服药"}。`,
    visit_booked: (data) => data.booked_on ? `已预约访视：${shortDay(data.booked_on)}。` : "一项预约已取消。",
    treatment_ended: () => "治疗已结束。", study_ended: () => "您已结束参加本试验。",
    voided: () => "研究中心已撤销一条记录，请查看日历。",
  },
}[LANGUAGE];

const written = (options) => {
  const format = new Intl.DateTimeFormat(LOCALE, { ...options, timeZone: "UTC" });
  return (day) => format.format(new Date(`${day}T00:00:00Z`));
};
const longDay = written({ weekday: "long", month: "long", day: "numeric" });
const shortDay = written({ weekday: "short", month: "short", day: "numeric" });
const dayOfYear = written({ year: "numeric", month: "long", day: "numeric" });
const weekday = written({ weekday: "narrow" });

/** What the patient is told of a queued fact's outcome; nothing if all is well. */
function saidOf(one, outcome) {
  const about = one.dose_id ? shortDay(dayOf(one.dose_id)) : one.time_zone;
  if (outcome?.outcome === "refused") return WORDS.notRecorded(about, new Refused(outcome.problem).message);
  const told = { site_record_stands: WORDS.siteStands, superseded: WORDS.laterStands, to_confirm: WORDS.toConfirm };
  const warned = (outcome?.warnings ?? []).map((warning) => WORDS.couldHurt(warning.detail));
  return [told[outcome?.outcome]?.(about), ...warned].filter(Boolean).join(" ") || null;
}

/** What a change by the site means to the patient; any other is only in the calendar. */
const saidOfSite = (change) => (typeof WORDS[change.kind] === "function" ? WORDS[change.kind](change.data) : null);

// --- The screen ------------------------------------------------------------------------------------------------------------

/** An element; text goes in as text, never as markup. */
function make(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children.filter(Boolean));
  return element;
}

const button = (label, className, onclick) => make("button", { type: "button", className, onclick }, label);

/** Show what is known now. */
async function show(error = "") {
  const { state, facts } = await kept();
  const app = document.getElementById("app");
  if (!state.refresh_token || !state.today) {
    if (!app.querySelector("form") || error) app.replaceChildren(activation(state, error));
    return;
  }
  const screen = screenOf(state, facts);
  const calendarOpen = Boolean(app.querySelector(".calendar[open]"));
  const parts = [
    make("header", {},
      make("h1", {}, longDay(screen.today)),
      make("p", { className: "quiet" }, screen.cycle ? WORDS.cycle(screen.cycle.number, screen.cycle.day) : WORDS.statuses[screen.status]),
      make("p", { role: "status", className: `quiet state${screen.waiting ? " waiting" : ""}` }, screen.waiting ? WORDS.waiting(screen.waiting) : WORDS.saved),
      screen.knownOn !== screen.today && make("p", { className: "quiet" }, WORDS.knownOn(shortDay(screen.knownOn)))),
    screen.clockOff && make("p", { className: "card notice", role: "alert" }, WORDS.clockOff),
    error && make("p", { className: "card notice", role: "alert" }, error),
    ...state.notices.map(notice),
    ...noticesAbout(screen.notices, null).map((text) => make("section", { className: "card notice" }, text)),
    asked(screen, state),
    ...doses(screen),
    catchUp(screen),
    visits(screen),
    screen.contraception && contraception(screen.contraception),
    contact(screen.site_contact),
    calendar(state, screen, calendarOpen),
    (reminderSection = reminderSection || reminders()),
    canPush() && (pushSection = pushSection || push()),
    (feedSection = feedSection || feed()),
  ];
  app.replaceChildren(...parts.filter(Boolean));
  document.getElementById(`day-${askedFor()}`)?.scrollIntoView({ block: "center" });
}

/** The code in the link that the nurse gave; it stands behind `#`, so it is sent to nobody, and does not stay there. */
const linkedCode = (/^#code=([0-9A-Za-z]{10})$/.exec(globalThis.location?.hash || "") || [])[1] || "";

/** The day that a message was about which the patient tapped; it is in the page's address. */
const askedFor = () => (/^#(\d{4}-\d\d-\d\d)$/.exec(location.hash) || [])[1];

/** What became of the day that was asked for, unless it is the day that is shown anyway. */
function asked({ said, today }, { calendar: kept }) {
  const day = askedFor();
  if (!day || day === today) return null;
  const rows = (kept?.document.doses || []).filter((row) => row.dose_on === day);
  const known = rows.length ? rows.map((row) => said.get(row.dose_id) || row.status) : ["unknown"];
  return make("section", { className: "card asked", role: "status" }, make("h2", {}, longDay(day)),
    ...known.map((status) => make("p", {}, WORDS.days[status] || WORDS[status] || "")));
}

function activation(state, error) {
  const code = make("input", { id: "code", autocomplete: "one-time-code", autocapitalize: "characters", spellcheck: false, maxLength: 14, required: true, value: linkedCode });
  const form = make("form", { className: "card" },
    make("label", { htmlFor: "code" }, WORDS.code), code, make("p", { className: "quiet" }, WORDS.codeHint),
    error && make("p", { className: "overdue", role: "alert" }, error), make("button", { className: "wide main" }, WORDS.activate));
  form.onsubmit = async (event) => {
    event.preventDefault();
    try {
      await navigator.locks.request("network", () => activate(code.value)); // A refused refresh must not undo it.
      await update();
      await pushSection?.doing(checkSubscription);
    } catch (problem) {
      await show(problem instanceof Offline ? WORDS.offline : problem.message);
    }
  };
  return make("section", {}, make("header", {}, make("h1", {}, WORDS.title)), state.patient_id && make("p", { className: "card notice" }, WORDS.ended), form);
}

function notice(text) {
  const told = () => act(() => keep((state) => { state.notices = state.notices.filter((other) => other !== text); }));
  return make("section", { className: "card notice" }, make("p", {}, text), button(WORDS.ok, "", told));
}

/** What the patient needs to know: about a dose or visit beside it, the rest above all. */
const CALL_SITE = "call_site_before_dose";
const noticesAbout = (notices, about) => notices.filter((one) => one.code !== CALL_SITE && one.about === about)
  .map((one) => make("p", { className: "to-know", role: "alert" }, one.detail.replace(/\d{4}-\d\d-\d\d/g, shortDay)));

function doses({ doses: today, status, notices, unknown }) {
  const call_site = notices.find((one) => one.code === CALL_SITE)?.detail;
  if (unknown) return [make("section", { className: "card dose unknown" }, make("h2", {}, WORDS.dose), make("p", { className: "status" }, WORDS.unknownDose))];
  if (today.length) return today.map((one) => dose(one, call_site, notices));
  return [make("section", { className: "card dose" }, make("h2", {}, WORDS.dose), make("p", { className: "status" }, call_site || WORDS.statuses[status] || WORDS.noDose))];
}

/** The buttons carry the dose that is shown: pressed after midnight, they still mean the one that was read. */
function dose({ dose_id, drug, amount, unit, pieces, status, remind_at, snoozed_until }, call_site, notices) {
  const at = snoozed_until || remind_at;
  const texts = { due: at ? WORDS.dueAt(at.slice(11, 16)) : WORDS.due, taken: WORDS.isTaken, missed: WORDS.isMissed };
  const asked = status === "due";
  const said = status === "taken" || status === "missed";
  return make("section", { className: `card dose ${status}`, id: `day-${dayOf(dose_id)}` },
    make("h2", {}, `${WORDS.dose} · ${shortDay(dayOf(dose_id))}`),
    make("p", { className: "drug" }, amount ? `${drug} ${amount}\u00a0${unit}` : drug),
    pieces.length && make("p", {}, pieces.map((piece) => `${piece.count} × ${piece.strength}\u00a0${unit}`).join(" + ")),
    ...(asked ? noticesAbout(notices, dose_id) : []),
    make("p", { className: "status" }, (call_site && (asked || status === "planned") ? call_site : texts[status]) || WORDS[status]),
    asked && button(`✓ ${WORDS.taken}`, "wide main", () => act(() => record(dose_id, "taken", amount), dose_id)),
    asked && button(WORDS.missed, "wide", () => act(() => record(dose_id, "missed"), dose_id)),
    asked && remind_at && !snoozed_until && Date.parse(remind_at) <= Date.now() && button(WORDS.later, "wide later", snooze),
    said && button(WORDS.undo, "", () => act(() => takeBack(dose_id))));
}

/** Be reminded of today's dose again an hour from now: only with a network, since the service sends the reminder. */
async function snooze() {
  try {
    await navigator.locks.request("network", () => ask("POST", "/v1/me/reminders/snooze", { minutes: 60 }));
    await update();
  } catch (problem) {
    await show(problem instanceof Offline ? WORDS.offline : problem.message);
  }
}

function catchUp({ unrecorded, rows }) {
  if (!unrecorded.length) return null;
  // Where more than one dose of a day is asked for, each has the name of its drug.
  const isOne = new Set(unrecorded.map(dayOf)).size === unrecorded.length;
  const line = (id) => {
    const { drug, amount, unit } = rows.get(id) || {};
    return make("li", { id: `day-${dayOf(id)}`, className: dayOf(id) === askedFor() ? "asked" : "" },
      make("span", {}, isOne || !drug ? longDay(dayOf(id)) : `${longDay(dayOf(id))} · ${drug}`),
      amount && button(`${WORDS.taken} (${amount}\u00a0${unit})`, "", () => act(() => record(id, "taken", amount))),
      button(WORDS.missed, "", () => act(() => record(id, "missed"))));
  };
  return make("section", { className: "card" }, make("h2", {}, WORDS.catchUp), make("ul", { className: "days" }, ...unrecorded.map(line).reverse()));
}

function visits({ visits: shown, notices, time_zone }) {
  if (!shown.length) return null;
  const line = (visit) => make("div", { className: "visit" },
    make("strong", {}, visit.label),
    // On the clock of the site, which is named where it is not the patient's.
    visit.booked_on && make("p", {}, WORDS.booked([longDay(visit.booked_on), visit.booked_time,
      visit.booked_time && visit.booked_time_zone !== time_zone && `(${visit.booked_time_zone})`].filter(Boolean).join(" "))),
    visit.opens_on && make("p", { className: visit.booked_on ? "quiet" : "" }, WORDS.window(shortDay(visit.opens_on), shortDay(visit.closes_on))),
    ...noticesAbout(notices, visit.visit),
    visit.because && make("p", { className: "quiet" }, visit.because.replace(/\d{4}-\d\d-\d\d/g, dayOfYear)),
    TO_DO.includes(visit.status) && make("p", {}, make("span", { className: visit.booked_on ? "quiet" : visit.status }, WORDS[visit.status])));
  return make("section", { className: "card" }, make("h2", {}, WORDS.visits), ...shown.map(line));
}

function contraception({ status, through_on, earliest_through_on, because }) {
  const until = through_on ? WORDS.through(dayOfYear(through_on)) : earliest_through_on && WORDS.atLeast(dayOfYear(earliest_through_on));
  const why = (because || "").replace(/\d{4}-\d\d-\d\d/g, dayOfYear);
  return make("section", { className: "card" }, make("h2", {}, WORDS.contraception),
    make("p", {}, (status === "required" && until) || WORDS[status]), make("p", { className: "quiet" }, why));
}

function contact(whom) {
  if (!whom) return null;
  return make("section", { className: "card" }, make("h2", {}, WORDS.contact), make("p", {}, `${whom.name} `, make("a", { href: `tel:${whom.phone.replace(/[^0-9+*#]/g, "")}` }, whom.phone)));
}

/** The days of the kept calendar in weeks from Monday, the queue laid over it. */
function calendar(state, screen, open) {
  const { doses = [], visits: windows = [] } = state.calendar?.document || {};
  if (!doses.length) return null;
  const before = (new Date(`${doses[0].dose_on}T00:00:00Z`).getUTCDay() + 6) % 7;
  const names = ["01", "02", "03", "04", "05", "06", "07"].map((day) => make("span", { className: "head" }, weekday(`2024-01-${day}`)));
  const cells = doses.map(({ dose_id, dose_on, status }) => {
    const inWindow = windows.filter((visit) => !visit.done_on && visit.opens_on && visit.opens_on <= dose_on && dose_on <= visit.closes_on);
    const marks = [screen.said.get(dose_id) || status, inWindow.length && "visits", dose_on === screen.today && "now"];
    return make("span", { className: marks.filter(Boolean).join(" "), title: shortDay(dose_on) }, String(Number(dose_on.slice(8))));
  });
  return make("details", { className: "card calendar", open }, make("summary", {}, WORDS.calendar),
    make("div", { className: "grid" }, ...names, ...Array.from({ length: before }, () => make("span")), ...cells),
    make("p", { className: "quiet" }, WORDS.marks));
}

let reminderSection = null;

/** When to be reminded, and in which language. The service keeps both, since it sends the reminders. */
function reminders() {
  const said = make("div", { role: "status" });
  const time = make("input", { type: "time", id: "remind-at", required: true });
  const language = make("select", { id: "language" },
    ...[["en", "English"], ["zh-CN", "中文"]].map(([value, text]) => make("option", { value, lang: value, selected: value === LANGUAGE }, text)));
  const change = (method, body) => navigator.locks.request("network", () => ask(method, "/v1/me/reminders", body));
  const choices = make("div", {},
    make("label", { htmlFor: "remind-at" }, WORDS.remindAt), time,
    make("label", { htmlFor: "language" }, WORDS.language), language, button(WORDS.save, "main"), said);
  const told = (error) => said.replaceChildren(make("p", { className: "overdue" }, error instanceof Offline ? WORDS.offline : error.message));
  choices.querySelector("button").onclick = async () => {
    try {
      await change("PATCH", { times: [time.value], language: language.value });
      localStorage.setItem("language", language.value);
      if (language.value !== LANGUAGE) location.reload();
      said.replaceChildren(make("p", {}, WORDS.kept));
    } catch (error) {
      told(error);
    }
  };
  const section = make("details", { className: "card reminders" }, make("summary", {}, WORDS.reminders), choices);
  section.ontoggle = async () => {
    if (!section.open || time.value) return;
    try {
      time.defaultValue = (await change("GET")).document.times[0] || "20:00";
    } catch (error) {
      told(error);
    }
  };
  return section;
}

let pushSection = null;

/** Whether reminders come to this phone, and the button for it. `doing` tries something, and shows what came of it. */
function push() {
  const said = make("div");
  const look = async (error = null) => {
    const isOn = await isSubscribed();
    const text = error instanceof NotPermitted || Notification.permission === "denied" ? WORDS.notPermitted
      : error instanceof NoPushService ? WORDS.noPushService
        : error instanceof Offline ? WORDS.offline
          : error instanceof Refused && error.problem.status === 404 ? WORDS.noPush : error?.message;
    said.replaceChildren(...[
      isOn && make("p", {}, WORDS.pushed),
      text && make("p", { className: "overdue", role: "alert" }, text),
      isOn ? button(WORDS.endPush, "", () => doing(unsubscribe)) : button(WORDS.makePush, "main", () => doing(subscribe)),
    ].filter(Boolean));
  };
  const doing = async (work) => {
    try {
      await work();
      await look();
    } catch (error) {
      await look(error);
    }
  };
  look();
  return Object.assign(make("section", { className: "card push" }, make("h2", {}, WORDS.push), said), { doing });
}

let feedSection = null;

/** The feed's address comes once, when it is made, and is not kept: it stays on the screen until the page is closed. */
function feed() {
  const section = make("details", { className: "card" }, make("summary", {}, WORDS.feed));
  const said = make("div");
  const get = async (anew) => {
    try {
      if (anew) await navigator.locks.request("network", () => ask("DELETE", "/v1/me/feed"));
      const { document: made } = await navigator.locks.request("network", () => ask("GET", "/v1/me/feed?doses=true"));
      said.replaceChildren(...(made.address ? [make("code", {}, made.address)] : [make("p", {}, WORDS.feedMade), button(WORDS.newFeed, "", () => get(true))]));
    } catch (error) {
      said.replaceChildren(make("p", {}, error instanceof Offline ? WORDS.offline : error.message));
    }
  };
  section.append(said, button(WORDS.makeFeed, "", () => get(false)));
  return section;
}

/**
 * Do what the patient asked, show it at once, and then tell the service. If meanwhile another day has begun, whose dose
 * now stands in the same place, say for which day `dose_id` was saved.
 */
async function act(work, dose_id = null) {
  await work();
  await show();
  await update();
  const { state } = await kept();
  if (!dose_id || dayOf(dose_id) === presentDay(state)) return;
  await keep((now) => { now.notices.push(WORDS.savedFor(longDay(dayOf(dose_id)))); });
  await show();
}

/** Bring the phone up to date, and show what came of it. */
async function update() {
  try {
    await look();
  } catch (error) {
    if (!(error instanceof NotActivated)) {
      await show(error.message);
      return;
    }
  }
  await show();
}

// --- When to look -------------------------------------------------------------------------------------------------------

/** Show what is kept, and look for news: now, when the network or the patient comes back, and every few minutes. */
async function start() {
  document.documentElement.lang = LANGUAGE;
  document.title = WORDS.title;
  if (linkedCode) history.replaceState(null, "", location.pathname);
  navigator.serviceWorker?.register("patient-app.js");
  // So that the browser does not clear away what still waits.
  navigator.storage?.persist?.();
  await show();
  const news = () => document.visibilityState === "visible" && update();
  const back = () => {
    news();
    // The patient may have taken the permission back, and the browser may have dropped the subscription.
    if (document.visibilityState === "visible") pushSection?.doing(checkSubscription);
  };
  addEventListener("online", news);
  addEventListener("hashchange", () => show());
  document.addEventListener("visibilitychange", back);
  setInterval(news, 5 * 60 * 1000);
  await update();
  await pushSection?.doing(checkSubscription);
}

/** The service worker: the page's own files from the cache, so that it opens without a network, renewed when there is one. */
function workOffline() {
  const FILES = ["./", "app.css", "patient-app.js", "manifest.webmanifest", "icon.svg"];
  const open = () => caches.open("patient-app");
  addEventListener("install", (event) => {
    skipWaiting();
    event.waitUntil(open().then((cache) => cache.addAll(FILES)));
  });
  // What comes by Web Push is shown as it is; a tap opens the day that it is about, which may be over by then.
  addEventListener("push", (event) => {
    const { id, about, title, body, language } = event.data.json();
    event.waitUntil(registration.showNotification(title, { body, tag: id, lang: language, data: { day: about.slice(0, 10) } }));
  });
  addEventListener("notificationclick", (event) => {
    event.notification.close();
    event.waitUntil(clients.openWindow(`${registration.scope}#${event.notification.data.day}`));
  });
  // Without a network it is checked when the page is opened.
  addEventListener("pushsubscriptionchange", (event) => event.waitUntil(checkSubscription().catch(() => {})));
  addEventListener("activate", (event) => event.waitUntil(clients.claim()));
  addEventListener("fetch", (event) => {
    const { request } = event;
    if (request.method !== "GET" || !request.url.startsWith(registration.scope)) return; // The API is not for the cache.
    event.respondWith(open().then(async (cache) => {
      const kept = await cache.match(request, { ignoreSearch: true });
      const renewed = fetch(request).then((answer) => {
        if (answer.ok) cache.put(request, answer.clone());
        return answer;
      });
      if (!kept) return renewed;
      event.waitUntil(renewed.catch(() => {}));
      return kept;
    }));
  });
}

if (self.document) start();
else workOffline();
