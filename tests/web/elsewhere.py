"""Sign in to the pages at a provider on this machine."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from identity_provider import CLIENT, SECRET, Provider
from service import Service
from werkzeug.test import TestResponse

from scheduler_api import create_app
from scheduler_api.config import Settings

from .reading import Visitor, text_of

AUDIENCE = "scheduler-api"
ANSWER = "/sign-in/openid/answer"


def app_of(service: Service, provider: Provider) -> Any:
    """An instance of the service with that provider."""
    settings = Settings(
        database=service.database,
        oidc_issuer=provider.issuer,
        oidc_audience=AUDIENCE,
        oidc_name_claim="name",
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
        oidc_scope="openid profile",
    )
    return create_app(settings, service.clock)


def visitor_of(app: Any, service: Service) -> Visitor:
    """Somebody with a browser of their own."""
    return Visitor(SimpleNamespace(app=app, tokens=service.tokens))  # type: ignore[arg-type]


def begin(browser: Visitor, address: str = "/sign-in") -> str:
    """Press the button of the sign-in; where it leads."""
    page = browser.page(address)
    (link,) = [link for link in page.root.iter("a") if text_of(link) == "With the account of your organisation"]
    answer = browser.get(link.attrib["href"])
    assert answer.status_code == 303
    return str(answer.headers["Location"])


def come_back(browser: Visitor, provider: Provider, address: str = "/sign-in", **changed: str) -> TestResponse:
    """Sign in at the provider, and bring back what it says, but for what is changed."""
    return browser.get(provider.authorize(begin(browser, address), **changed))
