"""Authenticate staff who sign in elsewhere, by JWTs of an OpenID Connect provider, checked with its published keys."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import requests
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwa import EdDSAAlgorithm
from joserfc.jwk import JWKRegistry, Key

from scheduler_api.use_cases.session import ROLES, Actor

log = logging.getLogger("scheduler_api.oidc")

#: Only asymmetric algorithms, for which a public key can never be taken for a secret.
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
_KEY_TYPES = {"RSA", "EC", "OKP"}
#: How far the clocks of the provider and of this machine may be apart.
LEEWAY = timedelta(seconds=60)
#: How long a token may be valid at most, since it cannot be revoked.
LONGEST_LIFE = timedelta(hours=24)
#: For how long the keys are used without asking again, and for how long while the provider cannot be reached.
KEYS_FRESH, KEYS_GOOD = timedelta(minutes=10), timedelta(hours=24)
#: How long to wait before the provider is asked again, whatever tokens come.
BETWEEN_FETCHES = timedelta(seconds=10)
#: How long the provider may take to respond, in seconds, and how large its response may be.
PATIENCE, _LARGEST = 3, 262_144
#: Claims of tokens that are no access tokens, or not for who merely presents them: an identity token is meant for the
#: client that signed in, a logout token says that somebody left, and one that is bound to a key (`cnf`: DPoP, mutual
#: TLS) is only good with a proof of that key, which we do not ask for.
_OF_OTHER_TOKENS = ("at_hash", "c_hash", "s_hash", "nonce", "events", "cnf")
_TOKEN_TYPES = (None, "jwt", "at+jwt", "application/at+jwt")
_OTHER_TOKENS = ("ID", "Refresh", "Offline", "Logout")


class ProviderUnavailable(Exception):
    """A token cannot be checked, because the provider does not respond."""


#: How the id of whoever signed in at a provider begins.
OF_PROVIDER = "oidc:"


@dataclass(frozen=True)
class Provider:
    """A provider, and the claims of its tokens with role, sites and name (dots lead into objects).

    `roles` maps the provider's roles to ours (one that is not in it means none). Without `keys_url` the
    provider's own description says where its keys are. As `client_id` the provider knows the pages (empty: nobody signs
    in to them there), with `client_secret` if it gave one; `scope` is what is asked of it.
    """

    issuer: str
    audience: str
    keys_url: str = ""
    role_claim: str = "roles"
    roles: Mapping[str, str] | None = None
    sites_claim: str = "sites"
    name_claim: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    scope: str = "openid"


class SignIn:
    """Checks the tokens of a provider. Each process fetches the keys for itself and keeps them in memory."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self._keys: dict[str | None, Key] = {}
        self._fetched_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._lock = threading.Lock()

    def actor(self, token: str, now: datetime) -> Actor | None:
        """Return the actor that a token names; None if it is not valid. Without a role of ours, the role is `none`.

        Raises ProviderUnavailable.
        """
        found = self.actor_until(token, now)
        return None if found is None else found[0]

    def actor_until(self, token: str, now: datetime) -> tuple[Actor, datetime] | None:
        """Return the actor as `actor` does, and the instant until which the token is good."""
        try:
            claims = self.claims(token, {"aud": self.provider.audience}, now, _TOKEN_TYPES)
            if claims["exp"] - claims["iat"] > LONGEST_LIFE.total_seconds():
                raise ValueError("It is good for too long.")
            if claims.get("typ") in _OTHER_TOKENS or any(name in claims for name in _OF_OTHER_TOKENS):
                raise ValueError("It is no access token.")
            return self._actor(claims), datetime.fromtimestamp(claims["exp"], UTC)
        except (JoseError, ValueError, TypeError, KeyError, OverflowError):
            return None

    def claims(
        self, token: str, expected: Mapping[str, str], now: datetime, types: Collection[str | None] | None = None
    ) -> dict[str, Any]:
        """Return the claims of a token that the provider signed, which is good now and has the `expected` claims.

        `types` are those that its header may name (None: any). Raises ValueError, TypeError, KeyError or JoseError if
        it is not so, ProviderUnavailable.
        """
        header = jws.extract_compact(token.encode()).headers()
        kid, kind = header.get("kid"), header.get("typ")
        if str(header.get("alg")) not in ALGORITHMS:
            raise ValueError("It is signed in another way.")
        if types is not None and (kind.lower() if isinstance(kind, str) else kind) not in types:
            raise ValueError("It is a token of another type.")
        key = self._key(kid if isinstance(kid, str) else None, now)
        if key is None:
            raise ValueError("The provider has no such key.")
        claims = jwt.decode(token, key, algorithms=ALGORITHMS, registry=_Registry(algorithms=ALGORITHMS)).claims
        values = {"iss": self.provider.issuer, **expected}
        rules: Any = {name: {"essential": True} for name in ("sub", "exp", "iat")}
        rules |= {name: {"essential": True, "value": value} for name, value in values.items()}
        jwt.JWTClaimsRegistry(int(now.timestamp()), int(LEEWAY.total_seconds()), **rules).validate(claims)
        return claims

    def _actor(self, claims: dict[str, Any]) -> Actor:
        provider = self.provider
        words = _words(_at(claims, provider.role_claim))
        ours = {provider.roles.get(word, "") for word in words} if provider.roles else set(words)
        # Of several roles, the one with most rights counts.
        role = next((role for role in reversed(ROLES) if role in ours and role != "monitor"), None)
        role = role or ("monitor" if "monitor" in ours else "none")
        sites = _words(_at(claims, provider.sites_claim))
        name = _at(claims, provider.name_claim) if provider.name_claim else None
        # A database may not be able to store what cannot be shown, such as half a character.
        named = _shown(name) if isinstance(name, str) else None
        who = f"{OF_PROVIDER}{_short(provider.issuer, 6)}:{_short(claims['sub'], 16)}"
        return Actor(who, role, named or None, None if "*" in sites else tuple(sorted(set(sites))))

    def _key(self, kid: str | None, now: datetime) -> Key | None:
        """Return the key with an id, asking the provider if need be.

        None if the provider has no such key. Raises ProviderUnavailable.
        """
        age = now - self._fetched_at if self._fetched_at else KEYS_GOOD
        if age < KEYS_GOOD and (key := self._named(kid)) is not None:
            if age >= KEYS_FRESH and self._may_fetch(now):
                # Nobody waits for a key that is there.
                threading.Thread(target=self._fetch, args=[now], daemon=True).start()
            return key
        # With no key at all everybody waits for the first response; with some, one asks and the others are not held up.
        if self._lock.acquire(blocking=age >= KEYS_GOOD, timeout=2 * PATIENCE if age >= KEYS_GOOD else -1):
            try:
                if self._may_fetch(now):
                    self._request_keys(now)
            finally:
                self._lock.release()
        fetched, tried = self._fetched_at, self._tried_at
        if fetched is None or tried is None or now - fetched >= KEYS_GOOD:
            raise ProviderUnavailable
        key = self._named(kid)
        if key is None and fetched < tried:
            # It may be a new key, which cannot be found out now.
            raise ProviderUnavailable
        return key

    def _named(self, kid: str | None) -> Key | None:
        keys = self._keys
        if kid is None and len(keys) == 1:
            return next(iter(keys.values()))
        return keys.get(kid)

    def _may_fetch(self, now: datetime) -> bool:
        """Return whether the provider may be asked (again), which is limited whatever tokens come.

        Of requests at one moment, the one that came first may get here last: `now` may lie a bit before the last try.
        """
        return self._tried_at is None or abs(now - self._tried_at) >= BETWEEN_FETCHES

    def _fetch(self, now: datetime) -> None:
        if self._lock.acquire(blocking=False):
            try:
                self._request_keys(now)
            finally:
                self._lock.release()

    def _request_keys(self, now: datetime) -> None:
        """Ask the provider for its keys; without a response the present ones stay in use."""
        self._tried_at = now
        try:
            provider = self.provider
            url = provider.keys_url or _keys_url(provider.issuer)
            self._keys, self._fetched_at = _public_keys(_get(url)), now
        except (requests.RequestException, JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            log.warning("identity provider does not answer", extra={"data": {"error": type(error).__name__}})


class _EdDSA(EdDSAAlgorithm):
    """EdDSA under the name that providers use; RFC 9864 calls it Ed25519."""

    security_warning = ""


class _Registry(jws.JWSRegistry):
    algorithms = {**jws.JWSRegistry.algorithms, "EdDSA": _EdDSA()}  # noqa: RUF012

    def check_header(self, header: dict[str, Any]) -> None:
        """Accept the provider's own header names; those that must be understood are listed in `crit`."""
        self.strict_check_header = False
        super().check_header(header)


def fetch_description(issuer: str) -> dict[str, Any]:
    """Fetch what a provider says of itself. Raises RequestException, ValueError, TypeError, KeyError."""
    description: dict[str, Any] = _get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if description["issuer"] != issuer:
        raise ValueError("It is the description of another provider.")
    return description


def _keys_url(issuer: str) -> str:
    url = str(fetch_description(issuer)["jwks_uri"])
    if url.partition(":")[0] != issuer.partition(":")[0]:
        raise ValueError("The keys are not where they are safe.")
    return url


def _get(url: str) -> Any:
    """Fetch a JSON document. Raises RequestException, ValueError."""
    with requests.get(url, timeout=PATIENCE, stream=True, allow_redirects=False) as response:
        response.raise_for_status()
        body = response.raw.read(_LARGEST + 1, decode_content=True)
    if response.status_code != 200 or len(body) > _LARGEST:
        raise ValueError("Not a document, or too large.")
    return orjson.loads(body)


def _public_keys(document: Any) -> dict[str | None, Key]:
    """Return the signing keys by id, leaving out kinds that are not supported. Raises ValueError if none is left."""
    keys: dict[str | None, Key] = {}
    for data in document["keys"]:
        if data.get("kty") in _KEY_TYPES and data.get("use", "sig") == "sig":
            try:
                keys[data.get("kid")] = JWKRegistry.import_key(data)
            except (JoseError, ValueError, TypeError):
                continue
    if not keys:
        raise ValueError("There is no key.")
    return keys


def _at(claims: Any, path: str) -> Any:
    """Return the claim at a path; a claim whose own name has dots comes first."""
    if isinstance(claims, Mapping) and path in claims:
        return claims[path]
    for name in path.split("."):
        claims = claims.get(name) if isinstance(claims, Mapping) else None
    return claims


def _words(value: Any) -> list[str]:
    """Return a claim as words: a list, or a text with spaces between."""
    if isinstance(value, str):
        return value.split()
    return [word for word in value if isinstance(word, str)] if isinstance(value, list) else []


def _shown(name: str) -> str:
    return "".join(character for character in " ".join(name.split()) if character.isprintable())[:80]


def _short(text: str, length: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]
