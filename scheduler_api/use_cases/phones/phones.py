"""Patients' phones: one-time codes, the tokens they become, and the devices that hold them."""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
import unicodedata
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from scheduler_api.engine.errors import FieldError, ValidationFailed
from scheduler_api.engine.instants import stamp
from scheduler_api.store.database.port import Busy, Row, Store
from scheduler_api.store.phones import devices
from scheduler_api.store.reminders import notification_preferences
from scheduler_api.use_cases.audit.events import note, unknown
from scheduler_api.use_cases.auth.tokens import digest
from scheduler_api.use_cases.projections import stored_preferences
from scheduler_api.use_cases.reminders.destinations import state_of
from scheduler_api.use_cases.session import (
    Actor,
    NotFound,
    Session,
    TooMany,
    Unauthenticated,
    lock_patient,
    patient_row,
)

#: Without letters and digits that are easily confused on a cheap screen or in handwriting.
ALPHABET = "23456789ACDEFGHJKMNPQRTVWXY"
CODE_LENGTH = 10
CODE_LIFE = timedelta(hours=72)
ACCESS_LIFE = timedelta(hours=1)
REFRESH_LIFE = timedelta(days=90)
#: So many wrong codes may come from an address in so long; a right one clears them.
WRONG_TRIES, TRIES_LIFE = 10, timedelta(minutes=1)


class Phone(NamedTuple):
    """A phone that presented a valid access token, and the row of its patient, read with the token."""

    device_id: str
    patient: Row

    @property
    def patient_id(self) -> str:
        """Return the id of its patient."""
        return str(self.patient["patient_id"])

    @property
    def actor(self) -> Actor:
        """Return the patient as an actor, by this phone."""
        return _actor(self.device_id, self.patient_id)


def make_code(session: Session, patient_id: str) -> dict[str, Any]:
    """Make a one-time code for a patient's phone; earlier unused codes become invalid.

    The code is returned only here, since it is not stored. Raises NotFound, Forbidden.
    """
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    expires_at = session.now + CODE_LIFE
    with session.store.transaction():
        lock_patient(session.store, patient_id)
        patient_row(session, patient_id)
        row = {
            "hash": _code_digest(code),
            "patient_id": patient_id,
            "made_by": session.actor.token_id,
            "expires_at": stamp(expires_at),
        }
        devices.add_code(session.store, row, stamp(session.now))
        note(session, "code_made", patient_id)
    return {"patient_id": patient_id, "code": code, "expires_at": expires_at}


def activate(
    store: Store, code: str, device_name: str, address: str, now: datetime, language: str | None = None
) -> dict[str, Any]:
    """Turn a one-time code into the tokens of a new device.

    Messages to a patient who has not chosen yet are in the `language` of the phone from then on.

    Raises TooMany after too many wrong tries from this address, ValidationFailed for a code that is wrong, used or
    expired.
    """
    sender = sender_of(address)
    # Before the slow hash, since a refused request must cost nothing.
    _check_tries(store, sender, now)
    # However it was typed: in full width or small letters, with spaces or dashes between.
    hashed_code = _code_digest("".join(filter(str.isalnum, unicodedata.normalize("NFKC", code).upper())))
    with store.transaction():
        store.lock(f"tries {sender}")
        _check_tries(store, sender, now)
        patient_id = devices.use_code(store, hashed_code, stamp(now))
        if patient_id is None:
            devices.add_wrong_try(store, sender, stamp(now))
            note(Session(store, unknown(sender), now), "wrong_code", address=sender[:16])
        else:
            devices.forget_wrong_tries(store, sender)
            device_id = f"d-{secrets.token_hex(6)}"
            devices.add_device(
                store,
                {"device_id": device_id, "patient_id": patient_id, "name": device_name, "activated_at": stamp(now)},
            )
            note(Session(store, _actor(device_id, patient_id), now), "activated", patient_id, device=device_id)
            if language is not None:
                _begin_with(store, patient_id, language, now)
            tokens = _new_pair(store, device_id, None, now)
    if patient_id is None:
        raise ValidationFailed([FieldError("/code", "The code is wrong, used or expired.", "code_used")])
    return {**tokens, "patient_id": patient_id}


def _check_tries(store: Store, sender: str, now: datetime) -> None:
    tries = devices.wrong_tries(store, sender, stamp(now - TRIES_LIFE))
    if len(tries) >= WRONG_TRIES:
        until = datetime.fromisoformat(tries[-WRONG_TRIES]) + TRIES_LIFE
        raise TooMany(int((until - now).total_seconds()) + 1)


def lift_wait(session: Session, address: str) -> None:
    """Let phones at an address try codes again at once, whatever was tried there. Raises ValidationFailed."""
    try:
        ipaddress.ip_address(address)
    except ValueError:
        raise ValidationFailed([FieldError("/address", "Not an IP address.", "malformed")]) from None
    sender = sender_of(address)
    with session.store.transaction():
        session.store.lock(f"tries {sender}")
        devices.forget_wrong_tries(session.store, sender)
        note(session, "wait_lifted", address=sender[:16])


def refresh(store: Store, token: str, now: datetime) -> dict[str, Any]:
    """Return a new pair of tokens for a refresh token, which is then used up.

    Used again by a phone that lost the response, it gives another pair in place of the lost one. Once that pair was
    used, two devices must hold the token: the session ends. Raises Unauthenticated.
    """
    with store.transaction():
        unlocked = devices.by_refresh(store, digest(token))
        if unlocked is not None:
            store.lock(f"device {unlocked['device_id']}")
        pair = unlocked and devices.by_refresh(store, digest(token))
        if pair is not None and pair["refresh_expires_at"] > stamp(now):
            if not pair["dropped"] and (
                pair["replaced_at"] is None or devices.drop_unused(store, pair["refresh_hash"], stamp(now))
            ):
                devices.mark_replaced(store, pair["refresh_hash"], stamp(now))
                devices.forget_expired(store, pair["device_id"], stamp(now))
                tokens = _new_pair(store, pair["device_id"], pair["refresh_hash"], now)
                return {**tokens, "patient_id": pair["patient_id"]}
            because = "a refresh token was used again"
            devices.end_device(store, pair["patient_id"], pair["device_id"], stamp(now), because)
            holder = Session(store, _actor(pair["device_id"], pair["patient_id"]), now)
            note(holder, "session_ended", pair["patient_id"], device=pair["device_id"], because=because)
    raise Unauthenticated("The refresh token is not valid; activate the phone again.")


def authenticate(store: Store, token: str, now: datetime) -> Phone | None:
    """Return the phone that an access token belongs to; None if the token is not, or no longer, valid.

    The first use is noted, as soon as the database lets us: the phone has received the pair.
    """
    hashed = digest(token)
    row = devices.by_access(store, hashed, now)
    if row is None:
        return None
    if row["token_used_at"] is None:
        with suppress(Busy), store.transaction():
            devices.mark_used(store, hashed, stamp(now))
    return Phone(row["device_id"], row)


def list_devices(session: Session, patient_id: str) -> list[dict[str, Any]]:
    """Return a patient's devices, oldest first, ended ones included. Raises NotFound."""
    patient_row(session, patient_id)
    return [_device(row) for row in devices.of_patient(session.store, patient_id)]


def _device(row: Row) -> dict[str, Any]:
    """Return a device as clients see it: how its push subscription is doing, None if it never had one."""
    push = None
    if row["push_channel"] is not None:
        state = state_of({**row, "ended_at": row["push_ended_at"]})
        because = row["push_ended_because"] if state == "ended" else row["problem"]
        push = {"kind": row["push_channel"], "state": state, "ended_at": row["push_ended_at"], "because": because}
    shown = ("device_id", "name", "activated_at", "ended_at", "ended_because")
    return {**{name: row[name] for name in shown}, "push": push}


def end_device(session: Session, patient_id: str, device_id: str) -> None:
    """End the session of a patient's device, by the patient or by staff. Raises NotFound, Forbidden."""
    with session.store.transaction():
        patient_row(session, patient_id)
        because = f"ended by {session.actor.role}"
        if not devices.end_device(session.store, patient_id, device_id, stamp(session.now), because):
            raise NotFound("The patient has no such device, or its session has ended.")
        note(session, "session_ended", patient_id, device=device_id, because=because)


def _begin_with(store: Store, patient_id: str, language: str, now: datetime) -> None:
    """Let messages to a patient who has chosen no preferences yet be in a language."""
    row = notification_preferences.of_patient(store, patient_id)
    text = stored_preferences.text_in(language, row["preferences"] if row else None)
    if text is not None:
        notification_preferences.put_patients(store, patient_id, text, stamp(now))


def _new_pair(store: Store, device_id: str, given_for: str | None, now: datetime) -> dict[str, Any]:
    access, refresh_token = f"pat_{secrets.token_urlsafe(32)}", f"ref_{secrets.token_urlsafe(32)}"
    expires_at = now + ACCESS_LIFE
    row = {
        "access_hash": digest(access),
        "refresh_hash": digest(refresh_token),
        "device_id": device_id,
        "access_expires_at": stamp(expires_at),
        "refresh_expires_at": stamp(now + REFRESH_LIFE),
        "given_for": given_for,
    }
    devices.add_tokens(store, row)
    return {"access_token": access, "refresh_token": refresh_token, "expires_at": expires_at, "device_id": device_id}


def _actor(device_id: str, patient_id: str) -> Actor:
    return Actor(device_id, "patient", None, (), patient_id)


def _code_digest(code: str) -> str:
    """Hash a code slowly, since it is short: not even with the database can anyone try all codes in time."""
    return hashlib.scrypt(code.encode(), salt=b"scheduler-api activation", n=2**13, r=8, p=1).hex()


def sender_of(address: str) -> str:
    """Return the digest of the network that an address is in, which tells senders apart without storing addresses."""
    return digest(f"address {_network(address)}")


def _network(address: str) -> str:
    """Return an IPv4 address, or the network of an IPv6 address, since one household has many of these."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped or ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
