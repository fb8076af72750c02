"""Sign staff in to the pages at an OpenID Connect provider, by the authorization code flow with PKCE."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlencode

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from joserfc.errors import JoseError

from scheduler_api.use_cases.session import Actor

from .oidc import KEYS_FRESH, PATIENCE, ProviderUnavailable, SignIn, fetch_description

#: Why nobody is signed in: the answer is for no sign-in of this browser; the provider refused, or the person did; the
#: provider's tokens are not for this sign-in, or not for this service.
Failure = Literal["another_browser", "declined", "not_completed", "another_sign_in", "not_for_us"]


class SignInFailed(Exception):
    """Nobody is signed in; `code` says why."""

    def __init__(self, code: Failure) -> None:
        super().__init__(code)
        self.code = code


class CodeFlow:
    """Leads a browser to the provider and takes what it brings back.

    Each sign-in has a secret of its own, which only the browser keeps. What the provider is told, and what it must say
    again, is derived from it: the state, by which the answer is known to be for this browser; the nonce, by which the
    identity token is known to be for this sign-in; and the verifier, without which the code is of no use.
    """

    def __init__(self, sign_in: SignIn) -> None:
        self._sign_in, self._provider = sign_in, sign_in.provider
        self._known: dict[str, Any] = {}
        self._fetched_at: datetime | None = None

    def address(self, secret: str, back: str, now: datetime, silent: bool = False) -> str:
        """Return the provider's address for a sign-in that leads to the address `back`.

        If it is `silent`, the provider asks nobody for anything, and leads back at once. Raises ProviderUnavailable.
        """
        address, _ = self._client(back).create_authorization_url(
            self._endpoint("authorization_endpoint", now),
            state=_derived(secret, "state"),
            nonce=_derived(secret, "nonce"),
            code_verifier=_derived(secret, "verifier"),
            **({"prompt": "none"} if silent else {}),
        )
        return str(address)

    def actor(self, secret: str, back: str, query: Mapping[str, str], now: datetime) -> tuple[Actor, datetime]:
        """Return who signed in, as the API would by the access token, and until when that is good.

        `query` is what the provider added to the address `back`. Raises SignInFailed, ProviderUnavailable.
        """
        if not hmac.compare_digest(query.get("state", "").encode(), _derived(secret, "state").encode()):
            raise SignInFailed("another_browser")
        if "error" in query:
            raise SignInFailed("declined" if query["error"] == "access_denied" else "not_completed")
        if query.get("iss", self._provider.issuer) != self._provider.issuer:
            raise SignInFailed("another_sign_in")
        given = self._tokens(secret, back, query.get("code", ""), now)
        expected = {"aud": self._provider.client_id, "nonce": _derived(secret, "nonce")}
        try:
            self._sign_in.claims(str(given.get("id_token")), expected, now)
        except (JoseError, ValueError, TypeError, KeyError):
            raise SignInFailed("another_sign_in") from None
        found = self._sign_in.actor_until(str(given.get("access_token")), now)
        if found is None:
            raise SignInFailed("not_for_us")
        return found

    def leaving(self, back: str, now: datetime) -> str | None:
        """Return the address at which one signs out at the provider too, and comes `back`; None if it has none.

        Raises ProviderUnavailable.
        """
        if "end_session_endpoint" not in self._description(now):
            return None
        query = {"client_id": self._provider.client_id, "post_logout_redirect_uri": back}
        address = self._endpoint("end_session_endpoint", now)
        return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"

    def _tokens(self, secret: str, back: str, code: str, now: datetime) -> dict[str, Any]:
        """Return what the provider gives for a code."""
        try:
            found: dict[str, Any] = self._client(back).fetch_token(
                self._endpoint("token_endpoint", now),
                code=code,
                code_verifier=_derived(secret, "verifier"),
                timeout=PATIENCE,
                allow_redirects=False,
            )
        except AuthlibBaseError:
            raise SignInFailed("not_completed") from None
        except (requests.RequestException, ValueError, TypeError):
            raise ProviderUnavailable from None
        return found

    def _client(self, back: str) -> Any:
        provider = self._provider
        return OAuth2Session(
            provider.client_id,
            provider.client_secret or None,
            scope=provider.scope,
            redirect_uri=back,
            code_challenge_method="S256",
        )

    def _endpoint(self, name: str, now: datetime) -> str:
        address = str(self._description(now).get(name))
        if address.partition(":")[0] != self._provider.issuer.partition(":")[0]:
            raise ProviderUnavailable
        return address

    def _description(self, now: datetime) -> dict[str, Any]:
        """Return the provider's description of itself, which is asked for again after ten minutes."""
        if self._fetched_at is None or abs(now - self._fetched_at) >= KEYS_FRESH:
            try:
                self._known, self._fetched_at = fetch_description(self._provider.issuer), now
            except (requests.RequestException, ValueError, TypeError, KeyError):
                if self._fetched_at is None:
                    raise ProviderUnavailable from None
        return self._known


def _derived(secret: str, use: str) -> str:
    """Return 64 characters that follow from a secret, and from which neither it nor those for another use follow."""
    return hmac.new(secret.encode(), use.encode(), hashlib.sha256).hexdigest()
