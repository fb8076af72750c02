"""The service's own keys, in a file beside the database and never in it: whoever has a copy of the database can neither
sign as we do nor send to a patient's phone.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

#: Narrower than what py_vapid takes.
_CONTACT = re.compile(r"mailto:[^\s@:]+@[\w-]+(\.[\w-]+)+|https://[\w-]+(\.[\w-]+)+", re.ASCII)


class NoKeys(Exception):
    """There is no file of keys, or its content is not ours."""


@dataclass(frozen=True)
class Keys:
    """The keys: `private` signs Web Push (VAPID, P-256), `root` is what the secrets of webhooks are made of.

    `contact` is a `mailto:` or `https:` address under which push services reach whoever runs the service.
    """

    private: bytes = field(repr=False)
    root: bytes = field(repr=False)
    contact: str

    @cached_property
    def vapid(self) -> ec.EllipticCurvePrivateKey:
        """Return the private key of Web Push."""
        return ec.derive_private_key(int.from_bytes(self.private), ec.SECP256R1())

    @property
    def public(self) -> str:
        """Return the public key of Web Push, as browsers take it (`applicationServerKey`)."""
        point = self.vapid.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return _text(point)

    def webhook_secret(self, destination_id: str) -> str:
        """Return the secret that a webhook's messages are signed with. It is stored nowhere: it follows from the id."""
        return "whsec_" + _text(hmac.digest(self.root, f"webhook {destination_id}".encode(), hashlib.sha256))


def is_contact(text: str) -> bool:
    """Return whether a text can be the contact: push services refuse any other address."""
    return _CONTACT.fullmatch(text) is not None


def make(path: Path, contact: str) -> Keys:
    """Make new keys in a file that only its owner may read. Raises FileExistsError."""
    private = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value.to_bytes(32)
    keys = Keys(private, secrets.token_bytes(32), contact)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(
            orjson.dumps(
                {"contact": contact, "vapid_private": _text(private), "webhook_root": _text(keys.root)},
                option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE,
            )
        )
    return keys


def read(path: Path) -> Keys:
    """Read the keys of a file. Raises NoKeys."""
    try:
        document = orjson.loads(path.read_bytes())
        keys = Keys(_bytes(document["vapid_private"]), _bytes(document["webhook_root"]), document["contact"])
        # An invalid key must be detected now, and not when a message is due.
        if len(keys.root) < 32 or not is_contact(keys.contact) or not keys.public:
            raise ValueError
    except FileNotFoundError:
        raise NoKeys("There is no file of keys: run scheduler-api keys.") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise NoKeys("The file of keys cannot be read.") from None
    return keys


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
