"""The table `facts`: the log of every patient, only ever added to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Any

import orjson

from scheduler_api.engine.instants import stamp
from scheduler_api.engine.model.facts import Body, Fact, Registered, Sent, VisitBooked, body_from_data, body_to_data
from scheduler_api.engine.protocol_file.upcast import read_stored
from scheduler_api.engine.recording.received import lacks_amount, with_amounts
from scheduler_api.store.database.chain import FACT, link
from scheduler_api.store.database.port import Row, Store
from scheduler_api.store.database.sql import one_of
from scheduler_api.store.sites import protocols, sites

from .older_facts import REGISTRATION, upcast

_COLUMNS = (*FACT, "hash")
_INSERT = f"INSERT INTO facts ({', '.join(_COLUMNS)}) VALUES ({', '.join(':' + name for name in _COLUMNS)})"


def append(store: Store, patient_id: str, seq: int, previous: str, fact: Fact) -> str:
    """Add a fact to a patient's log as number `seq`, chained to `previous`; return its hash. Raises Duplicate."""
    row = {
        "patient_id": patient_id,
        "seq": seq,
        "fact_id": fact.fact_id,
        "kind": fact.kind,
        "data": orjson.dumps(_data_of(fact)).decode(),
        "recorded_at": stamp(fact.recorded_at),
        "role": fact.role,
        "name": fact.name,
        "replaces": fact.replaces,
        "correction": fact.correction,
        "actor": fact.actor,
    }
    row["hash"] = digest = link(previous, row, FACT)
    store.write(_INSERT, row)
    return digest


def _sent(to_confirm: bool = False, **instants: str) -> Sent:
    return Sent(**{name: datetime.fromisoformat(text) for name, text in instants.items()}, to_confirm=to_confirm)


def of_patient(store: Store, patient_id: str, until: datetime | None = None) -> list[Fact]:
    """Return a patient's facts in the order they were received; only those recorded at `until` or before, if given."""
    facts = of_rows(store, rows_of_patient(store, patient_id))
    return [fact for fact in facts if until is None or fact.recorded_at <= until]


def of_rows(store: Store, rows: Sequence[Row]) -> list[Fact]:
    """Return a patient's facts from all rows that store them, in order, with what an older version left out.

    That is the amount that was taken, and the clock that a booking is on.
    """
    facts = _with_clocks(store, [fact for row in rows for fact in to_facts(row)])
    registered = next((fact.body for fact in facts if isinstance(fact.body, Registered)), None)
    if registered is None or not any(lacks_amount(fact.body) for fact in facts):
        return facts
    definitions = protocols.versions(store, registered.protocol)
    return with_amounts({row["version"]: read_stored(orjson.loads(row["definition"])) for row in definitions}, facts)


def _with_clocks(store: Store, facts: list[Fact]) -> list[Fact]:
    """Return a patient's facts, with the time zone of the patient's site in bookings that an older version recorded."""
    site, zones, completed = "", {}, []
    for fact in facts:
        body = fact.body
        if isinstance(body, Registered):
            site = body.site
        elif isinstance(body, VisitBooked) and lacks_clock(body):
            if site not in zones:
                zones[site] = row["time_zone"] if (row := sites.get(store, site)) is not None else None
            fact = replace(fact, body=replace(body, site=site, time_zone=zones[site]))
        completed.append(fact)
    return completed


def lacks_clock(body: Body) -> bool:
    """Return whether a fact is a booking of which nobody recorded on whose clock it is."""
    return isinstance(body, VisitBooked) and body.booked_on is not None and body.time_zone is None


def _completed(store: Store, patient_id: str, rows: Sequence[Row]) -> list[Fact]:
    """Return some of a patient's facts; what an older version left out follows from all of them."""
    facts = [fact for row in rows for fact in to_facts(row)]
    if not any(lacks_amount(fact.body) or lacks_clock(fact.body) for fact in facts):
        return facts
    known = {fact.fact_id: fact for fact in of_patient(store, patient_id)}
    return [known[fact.fact_id] for fact in facts]


def rows_of_patient(store: Store, patient_id: str) -> list[Row]:
    """Return a patient's rows as stored, hashes included, in order."""
    return store.rows("SELECT * FROM facts WHERE patient_id = :patient_id ORDER BY seq", {"patient_id": patient_id})


def rows_of_patients(store: Store, patient_ids: Collection[str]) -> dict[str, list[Row]]:
    """Return the same of some patients, by patient."""
    parameters: dict[str, Any] = {}
    of_them = one_of("patient_id", "patient", patient_ids, parameters)
    found: dict[str, list[Row]] = {patient_id: [] for patient_id in patient_ids}
    for row in store.rows(f"SELECT * FROM facts WHERE {of_them} ORDER BY patient_id, seq", parameters):
        found[row["patient_id"]].append(row)
    return found


def _data_of(fact: Fact) -> dict[str, Any]:
    """Return what the column `data` holds: the data of the fact's kind, and under `sent` what a phone sent with it."""
    data = body_to_data(fact.body)
    if fact.sent is not None:
        data["sent"] = {name: value for name, value in asdict(fact.sent).items() if value}
    return data


def to_facts(row: Row) -> list[Fact]:
    """Return the fact that a row stores, or two if an older version stored them as one.

    One of an older version may lack what `of_rows` completes.
    """
    data = orjson.loads(row["data"])
    sent = data.pop("sent", None)
    return [
        Fact(
            fact_id=row["fact_id"] + part.suffix,
            body=body_from_data(part.kind, part.data),
            sent=None if sent is None else _sent(**sent),
            recorded_at=datetime.fromisoformat(row["recorded_at"]),
            role=row["role"],
            name=row["name"],
            replaces=row["replaces"] and row["replaces"] + part.suffix,
            correction=row["correction"],
            actor=row["actor"],
        )
        for part in upcast(row["kind"], data)
    ]


def patients(store: Store) -> Iterator[str]:
    """Yield the ids of all patients with facts, in order, read in portions."""
    last = ""
    while True:
        rows = store.rows(
            "SELECT DISTINCT patient_id FROM facts WHERE patient_id > :last ORDER BY patient_id LIMIT 500",
            {"last": last},
        )
        if not rows:
            return
        yield from (row["patient_id"] for row in rows)
        last = rows[-1]["patient_id"]


def of_day(store: Store, patient_id: str, day: date) -> list[Fact]:
    """Return all that was said of one day's dose, in order, corrected and voided words included."""
    rows = store.rows(
        "SELECT * FROM facts WHERE patient_id = :patient_id AND kind IN ('dose_recorded', 'dose_taken_back') "
        "AND data LIKE :day ORDER BY seq",
        {"patient_id": patient_id, "day": f'%"dose_on":"{day.isoformat()}"%'},
    )
    return _completed(store, patient_id, rows)


def get(store: Store, patient_id: str, fact_id: str) -> Fact | None:
    """Return one fact of a patient."""
    row = store.row(
        "SELECT * FROM facts WHERE fact_id = :fact_id AND patient_id = :patient_id",
        {"fact_id": fact_id.removesuffix(REGISTRATION), "patient_id": patient_id},
    )
    found = [] if row is None else _completed(store, patient_id, [row])
    return next((fact for fact in found if fact.fact_id == fact_id), None)


def of_patient_through(store: Store, patient_id: str, version: int) -> list[Fact]:
    """Return a patient's facts up to number `version`, in order."""
    return of_rows(store, [row for row in rows_of_patient(store, patient_id) if row["seq"] <= version])


def since(store: Store, patient_id: str, version: int) -> list[Fact]:
    """Return a patient's facts after number `version`, in order."""
    rows = store.rows(
        "SELECT * FROM facts WHERE patient_id = :patient_id AND seq > :version ORDER BY seq",
        {"patient_id": patient_id, "version": version},
    )
    return _completed(store, patient_id, rows)


def said_by(store: Store, patient_id: str, actor: str) -> list[Fact]:
    """Return what one phone of a patient said, in order."""
    rows = store.rows(
        "SELECT * FROM facts WHERE patient_id = :patient_id AND actor = :actor AND role = 'patient' ORDER BY seq",
        {"patient_id": patient_id, "actor": actor},
    )
    return _completed(store, patient_id, rows)
