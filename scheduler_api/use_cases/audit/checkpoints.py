"""Make and check checkpoints: the last row of every chain of all logs, signed, to be stored elsewhere too."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from scheduler_api.engine.instants import stamp
from scheduler_api.store.audit import checkpoints
from scheduler_api.store.database.port import Row, Store

#: How old the last checkpoint may be before the worker makes another.
EVERY = timedelta(days=1)
#: A checkpoint covers rows from so long before the last one: a row is written a while after the instant in it.
_BACK = timedelta(days=1)
#: What a row of each log is, and what its chain belongs to.
_NAMES = {"facts": ("fact", "patient"), "audit": ("event", "stream"), "contents": ("content", "row")}
_PEM_END = b"-----END "


class BadKey(ValueError):
    """A file of keys that cannot be used."""


@dataclass(frozen=True)
class Keys:
    """The key that signs (None: nothing is signed), and all keys whose signatures are accepted."""

    signing: Ed25519PrivateKey | None = None
    good: tuple[Ed25519PublicKey, ...] = ()

    @property
    def by_name(self) -> dict[str, Ed25519PublicKey]:
        """Return the public keys by their names."""
        return {name_of(key): key for key in self.good}


#: Nothing is signed.
NO_KEYS = Keys()


def new_key() -> bytes:
    """Make a new private key, as PEM."""
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def read_keys(pem: bytes) -> Keys:
    """Read the keys of a PEM file: a private one that signs, and public ones whose signatures are accepted.

    Raises BadKey.
    """
    signing, good = None, []
    for block in _blocks(pem):
        try:
            if b"PRIVATE KEY" in block:
                private = load_pem_private_key(block, None)
                if not isinstance(private, Ed25519PrivateKey) or signing is not None:
                    raise BadKey("One private key of the kind Ed25519 signs.")
                signing = private
                good.append(private.public_key())
            else:
                public = load_pem_public_key(block)
                if not isinstance(public, Ed25519PublicKey):
                    raise BadKey("Keys are of the kind Ed25519.")
                good.append(public)
        except (ValueError, TypeError) as error:
            raise BadKey(str(error)) from None
    if not good:
        raise BadKey("There is no key in it.")
    return Keys(signing, tuple(good))


def keys_in(path: str) -> Keys:
    """Return the keys of a file; none for an empty path. Raises BadKey, OSError."""
    return read_keys(Path(path).read_bytes()) if path else Keys()


def _blocks(pem: bytes) -> Iterator[bytes]:
    lines: list[bytes] = []
    for line in pem.splitlines():
        lines.append(line)
        if line.startswith(_PEM_END):
            yield b"\n".join(lines)
            lines = []


def public_pem(key: Ed25519PublicKey) -> str:
    """Return a public key as PEM."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def name_of(key: Ed25519PublicKey) -> str:
    """Return the name by which a checkpoint refers to the key that signed it."""
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def make(store: Store, keys: Keys, now: datetime) -> dict[str, Any]:
    """Make a checkpoint of everything recorded; return its row."""
    with store.transaction():
        store.lock("checkpoints")
        last = checkpoints.last(store)
        number = last["checkpoint"] + 1 if last else 1
        # One that was made by a clock ahead does not say until when everything was seen.
        before = checkpoints.last(store, stamp(now))
        since = datetime.fromisoformat(before["at"]) - _BACK if before else None
        moved = checkpoints.moved_heads(store, since.isoformat() if since else "")
        digest, count = hashlib.sha256(), 0
        while portion := list(islice(moved, 5000)):
            checkpoints.insert_heads(store, number, portion)
            count += _digest(digest, portion)
        row: dict[str, Any] = {"checkpoint": number, "at": stamp(now), "heads": count, "digest": digest.hexdigest()}
        row["hash"] = _hash(last["hash"] if last else "", row)
        row |= _signed(keys, row["hash"])
        checkpoints.insert(store, row)
    return row


def make_if_due(store: Store, keys: Keys, now: datetime) -> dict[str, Any] | None:
    """Make a checkpoint if the last is a day old, or of an instant still to come; return None if it is neither."""
    with store.transaction():
        store.lock("checkpoints")
        last = checkpoints.last(store)
        due = last is None or not timedelta(0) <= now - datetime.fromisoformat(last["at"]) < EVERY
        return make(store, keys, now) if due else None


def every(store: Store) -> list[Row]:
    """Return all checkpoints, in order, for storing elsewhere."""
    return checkpoints.every(store)


def breaks(store: Store, keys: Keys, kept: Iterable[Row] = (), stream: str | None = None) -> Iterator[str]:
    """Yield what is wrong with the checkpoints, or with the logs according to them, a sentence each.

    `kept` are checkpoints that were exported. With a `stream`, only what the checkpoints have of it is checked.
    """
    if stream is None:
        stored = {row["checkpoint"]: row for row in checkpoints.every(store)}
        yield from _chain_breaks(store, keys, list(stored.values()))
        for one in kept:
            if stored.get(one["checkpoint"], {}).get("hash") != one["hash"]:
                yield f"checkpoint {one['checkpoint']}: is not the one that was exported, or is missing"
    for head in checkpoints.lost_heads(store, stream):
        what, owner = _NAMES[head["log"]]
        now = "is missing" if head["now"] is None else "is another now"
        yield f"{owner} {head['stream']}: {what} number {head['seq']} {now}; checkpoint {head['checkpoint']} saw it"


def _chain_breaks(store: Store, keys: Keys, rows: Sequence[Row]) -> Iterator[str]:
    previous, signing = "", False
    good = keys.by_name
    for expected, row in enumerate(rows, 1):
        number = row["checkpoint"]
        if number != expected:
            yield f"checkpoint {expected}: is missing"
            return
        digest, heads = hashlib.sha256(), checkpoints.heads_of(store, number)
        count = 0
        while portion := list(islice(heads, 5000)):
            count += _digest(digest, portion)
        if (digest.hexdigest(), count) != (row["digest"], row["heads"]) or row["hash"] != _hash(previous, row):
            yield f"checkpoint {number}: is not what was made"
            return
        previous = row["hash"]
        signing = signing or row["signature"] is not None
        if good and signing and not _is_signed(good, row):
            yield f"checkpoint {number}: is not signed by a key that we know"
    if good and not rows:
        yield "there is no checkpoint, though there is a key"
    elif good and not signing:
        yield "no checkpoint is signed, though there is a key"
    elif good and checkpoints.last_recorded(store) > stamp(_next_after(rows[-1])):
        yield f"checkpoint {rows[-1]['checkpoint']}: is the last, though more was recorded for days"


def _next_after(row: Row) -> datetime:
    """Return the instant by which there must be another checkpoint, if anything is recorded after it."""
    return datetime.fromisoformat(row["at"]) + 2 * EVERY


def _digest(digest: Any, heads: Iterable[Row]) -> int:
    """Add heads to a digest; return how many there were."""
    count = 0
    for head in heads:
        digest.update(orjson.dumps([head["log"], head["stream"], head["seq"], head["hash"]]))
        count += 1
    return count


def _hash(previous: str, row: Row) -> str:
    covered = [previous, *(row[name] for name in ("checkpoint", "at", "heads", "digest"))]
    return hashlib.sha256(orjson.dumps(covered)).hexdigest()


def _signed(keys: Keys, digest: str) -> dict[str, str | None]:
    if keys.signing is None:
        return {"signed_by": None, "signature": None}
    signature = base64.b64encode(keys.signing.sign(digest.encode())).decode()
    return {"signed_by": name_of(keys.signing.public_key()), "signature": signature}


def _is_signed(good: dict[str, Ed25519PublicKey], row: Row) -> bool:
    key = good.get(row["signed_by"] or "")
    if key is None:
        return False
    try:
        key.verify(base64.b64decode(row["signature"] or ""), row["hash"].encode())
    except (InvalidSignature, ValueError):
        return False
    return True
