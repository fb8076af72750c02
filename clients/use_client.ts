// A ward and a phone by openapi-fetch, with the types that openapi-typescript makes: `use_client.js URL TOKEN`, of a
// nurse. Enrols a patient, records a fact, activates a phone, reads today, pages through scans, sends a queue, and is
// refused.

import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./contract.js";

// A list can also be had as CSV: these clients ask for JSON.
type Json = "application/json" | "application/problem+json";
type Scan = components["schemas"]["PatientVisit"];

const [url, token] = process.argv.slice(2);
assert(url !== undefined && token !== undefined);
const bearer = (value: string) => ({ baseUrl: url, headers: { Authorization: `Bearer ${value}` } });
const ward = createClient<paths, Json>(bearer(token));
const now = new Date();
const day = (days: number) => new Date(now.getTime() + days * 86_400_000).toISOString().slice(0, 10);

const registered = await ward.POST("/v1/patients", {
  body: {
    subject_number: `T-${now.getTime() % 1_000_000}`,
    site: "FUSCC",
    sex: "female",
    time_zone: "Etc/UTC",
    protocol: "nct06110650",
    enrolled_on: day(-9),
  },
});
assert(registered.data, JSON.stringify(registered.error));
const patient_id = registered.data.patient_id;

const recorded = await ward.POST("/v1/patients/{patient_id}/facts", {
  params: { path: { patient_id } },
  body: { kind: "treatment_started", first_dose_on: day(-7) },
});
assert(recorded.data, JSON.stringify(recorded.error));
console.log("recorded", recorded.data.fact.kind, recorded.data.consequences.length, "consequences");

const code = await ward.POST("/v1/activations", { body: { patient_id } });
assert(code.data, JSON.stringify(code.error));
const pair = await createClient<paths, Json>({ baseUrl: url }).POST("/v1/activate", {
  body: { code: code.data.code, device_name: "a phone" },
});
assert(pair.data, JSON.stringify(pair.error));
const phone = createClient<paths, Json>(bearer(pair.data.access_token));
const today = await phone.GET("/v1/me/today");
assert(today.data, JSON.stringify(today.error));
console.log("today", today.data.today, today.data.doses.map((dose) => dose.status));

const scansAfter = (cursor: string | null) => {
  const query = { series: "imaging", status: ["open" as const, "upcoming" as const], site: "FUSCC", limit: 3 };
  return ward.GET("/v1/visits", { params: { query: cursor === null ? query : { ...query, cursor } } });
};
const scans: Scan[] = [];
let cursor: string | null = null;
do {
  const page: Awaited<ReturnType<typeof scansAfter>> = await scansAfter(cursor);
  assert(page.data, JSON.stringify(page.error));
  scans.push(...page.data.items);
  cursor = page.data.next_cursor;
} while (cursor !== null);
assert(scans.length > 3);
assert.equal(new Set(scans.map((scan) => `${scan.patient_id} ${scan.visit}`)).size, scans.length);
console.log("scans", scans.length, scans[0]?.label);

const dose = today.data.doses[0];
assert(dose !== undefined);
const synced = await phone.POST("/v1/me/sync", {
  body: {
    cursor: 0,
    sent_at: new Date().toISOString(),
    facts: [
      {
        client_id: "t-1",
        kind: "dose_recorded",
        dose_id: dose.dose_id,
        status: "taken",
        amount: 300,
        said_at: now.toISOString(),
      },
    ],
  },
});
assert(synced.data, JSON.stringify(synced.error));
assert.deepEqual(synced.data.outcomes.map((one) => one.outcome), ["recorded"]);
console.log("sync", synced.data.cursor, synced.data.today.doses.map((one) => one.status));

const refused = await ward.POST("/v1/patients/{patient_id}/facts", {
  params: { path: { patient_id } },
  body: { kind: "dose_recorded", dose_on: day(2), status: "taken" },
});
assert(refused.error !== undefined);
assert.deepEqual(refused.error.errors?.map((one) => one.code), ["after_today"]);
console.log("refused", refused.error.status, refused.error.errors?.[0]?.code);
