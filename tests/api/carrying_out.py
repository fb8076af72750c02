"""Carry out the examples of the contract, and note what a service answers."""

from __future__ import annotations

import base64
import re
from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import orjson
from service import START, Client, Service
from werkzeug.test import TestResponse

from scheduler_api.api.contract import examples
from scheduler_api.api.contract.examples.example import MESSAGES_SENT, TREATED, WITH_PHONE, Example
from scheduler_api.api.contract.examples.refusals import NEEDED
from scheduler_api.reminders.deliver import deliver
from scheduler_api.reminders.dispatch import tick
from scheduler_api.use_cases.projections import maintenance

EXAMPLES = {**examples.ACCEPTED, **examples.REFUSED, **NEEDED}
#: Ids by their first letter, which a service gives at random.
_ID = re.compile(r"\b([pfdetmk])-([0-9a-f]{12,32})\b")
#: Secrets, by the field that they are in.
_SECRET = re.compile(r'"(access_token|refresh_token|public_key|hash|secret|qr_svg|next_cursor)":"((?:[^"\\]|\\.)*)"')
_CODE = re.compile(r'"code":"([A-Z0-9]{10})"')
_FEED = re.compile(r"/v1/feeds/(?:bookings/)?([\w-]+)\.ics")
_FRACTION = re.compile(r"(T\d\d:\d\d:\d\d)\.\d+")
_SHOWN = {
    "access_token": "pat_00000000000000000000000{n}",
    "refresh_token": "ref_000000000000000000000{n}",
    "code": "7KQ2MWX4TR",
    "public_key": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "hash": "0" * 64,
    "secret": "0" * 31 + "{n}",
    "qr_svg": "<svg></svg>",
}


class _Undone(Exception):
    """Ends a transaction whose outcome is known."""


class Stage:
    """A service on which an example is carried out; in what it answers, ids and secrets are those of the examples."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._real: dict[str, str] = {}
        self._given = Counter[str]()
        contract = service.app.extensions["scheduler"].contract
        self.calls = {
            operation["operationId"]: (method.upper(), path, operation)
            for path, operations in contract["paths"].items()
            for method, operation in operations.items()
            if method != "parameters"
        }

    def carry_out(self, name: str) -> dict[str, Any]:
        """Carry out an example after those that it needs; the status and the content of its answer, as shown.

        Nothing of it stays in the database.
        """
        self._real.clear()
        self._given.clear()
        self._service.clock.now = START - timedelta(days=60)
        store = self._service.store
        with suppress(_Undone), store.transaction():
            shown = self._carried_out(name)
            self._service.app.extensions["scheduler"].readings.flush()
            raise _Undone
        return shown

    def _carried_out(self, name: str) -> dict[str, Any]:
        example = EXAMPLES[name]
        operation = self.calls[example.operation][2]
        after = example.after
        if after is None:
            after = TREATED if "security" in operation or "x-roles" in operation else WITH_PHONE
        for before in after:
            if before == MESSAGES_SENT:
                self._send_messages()
                continue
            answer = self._ask(EXAMPLES[before])
            assert answer.status_code < 300, f"{name} after {before}: {answer.text}"
        answer = self._ask(example)
        kind = answer.headers.get("Content-Type", "").partition(";")[0]
        content = orjson.loads(self._shown(answer.text)) if kind.endswith(("/json", "+json")) else None
        return {"status": answer.status_code, "content": content}

    def _ask(self, example: Example) -> TestResponse:
        method, path, operation = self.calls[example.operation]
        clock = self._service.clock
        clock.now = max(clock.now, datetime.fromisoformat(example.at).astimezone(clock.now.tzinfo))
        # As a worker did on each day until then.
        maintenance.extend_horizons(self._service.store, clock.now)
        values = {**examples.PARAMETERS, **self._entries(), **example.path}
        address = re.sub(r"\{(\w+)\}", lambda part: self._meant(str(values[part[1]])), path)
        headers = {name: self._meant(value) for name, value in example.headers.items()}
        query = "&".join(f"{name}={self._meant(value).replace('+', '%2B')}" for name, value in example.query.items())
        client = self._client(example, operation)
        body: dict[str, Any] = {}
        if isinstance(example.body, bytes):
            body = {"data": example.body}
        elif example.body is not None:
            body = {"data": self._meant(orjson.dumps(example.body).decode())}
        answer = client.send(method, address, query=query, headers=headers, **body)
        if not answer.headers.get("Content-Disposition"):
            self._learn(answer.text)
        return answer

    def _client(self, example: Example, operation: dict[str, Any]) -> Client:
        service = self._service
        if example.by is not None:
            return service.client(example.by) if example.by != "nobody" else Client(service.app, None)
        roles = operation.get("x-roles")
        if roles is not None:
            return service.client(next(role for role in ("nurse", "coordinator", "admin") if role in roles))
        phone = None if "security" in operation else self._meant(_SHOWN["access_token"].format(n=1))
        return Client(service.app, phone)

    def _entries(self) -> dict[str, str]:
        """The first entry of the worklist, which an address may name."""
        rows = self._service.store.rows("SELECT entry_id FROM worklist ORDER BY entry_id")
        return {"entry_id": self._shown(rows[0]["entry_id"])} if rows else {}

    def _send_messages(self) -> None:
        service = self._service
        service.clock.set("2024-02-20T20:00:30+08:00")
        maintenance.extend_horizons(service.store, service.clock.now)
        tick(service.store, service.clock.now)
        deliver(service.store, {}, service.clock)
        sent = service.store.rows("SELECT message_id FROM outbox ORDER BY due_at, kind")
        self._learn(" ".join(row["message_id"] for row in sent))

    def _learn(self, text: str) -> None:
        """Note what stands for the ids and secrets in an answer, in the order of the facts and of the answer."""
        facts = self._service.store.rows("SELECT patient_id, fact_id FROM facts ORDER BY recorded_at, fact_id")
        known = " ".join(f"{row['patient_id']} {row['fact_id']}" for row in facts)
        for letter, digits in _ID.findall(f"{known} {text}"):
            self._note(letter, f"{letter}-{digits}", f"{letter}-{{n:0{len(digits)}x}}")
        for field, value in _SECRET.findall(text):
            if field in _SHOWN:
                self._note(field, value, _SHOWN[field])
        for code in _CODE.findall(text):
            self._note("code", code, _SHOWN["code"])
        for secret in _FEED.findall(text):
            self._note("secret", secret, _SHOWN["secret"])

    def _note(self, kind: str, real: str, form: str) -> None:
        if real not in self._real.values():
            self._given[kind] += 1
            self._real[form.format(n=self._given[kind])] = real

    def _meant(self, text: str) -> str:
        """What an example says, with the real ids and secrets."""
        for shown, real in self._real.items():
            text = text.replace(shown, real)
        return text

    def _shown(self, text: str) -> str:
        """What the service said, with the ids and secrets of examples, and instants in whole seconds."""
        cursors = {value: self._cursor(value) for field, value in _SECRET.findall(text) if field == "next_cursor"}
        for shown, real in [*self._real.items(), *((shown, real) for real, shown in cursors.items())]:
            text = text.replace(real, shown)
        return _FRACTION.sub(r"\1", text)

    def _cursor(self, cursor: str) -> str:
        return base64.urlsafe_b64encode(self._shown(base64.urlsafe_b64decode(cursor).decode()).encode()).decode()
