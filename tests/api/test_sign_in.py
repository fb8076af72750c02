"""Staff who sign in at an OpenID Connect provider: whose tokens are taken, and whose are not."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from identity_provider import KEYS, Provider
from joserfc import jwt
from joserfc.jwk import OctKey
from patience import PATIENCE
from service import ENROLMENT, Client, Patient, Service, refused

from scheduler_api.config import BadSetting, Settings
from scheduler_api.use_cases.auth.oidc import BETWEEN_FETCHES, KEYS_FRESH, KEYS_GOOD, LEEWAY, LONGEST_LIFE

AUDIENCE = "scheduler-api"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A provider on a port of its own."""
    provider = Provider()
    yield provider
    provider.close()


class SignedIn:
    """The service with that provider, and tokens for people."""

    def __init__(self, service: Service, provider: Provider) -> None:
        self.service, self.provider, self.clock = service, provider, service.clock
        self.app, self.store = service.app, service.store

    def claims(self, **changed: Any) -> dict[str, Any]:
        """The claims of a nurse of FUSCC, good for five minutes; None leaves one out."""
        now = int(self.clock.now.timestamp())
        claims = {
            "iss": self.provider.issuer,
            "aud": [AUDIENCE, "account"],
            "sub": "6f1a",
            "iat": now,
            "exp": now + 300,
            "typ": "Bearer",
            "roles": ["offline_access", "nurse"],
            "sites": ["FUSCC"],
            "preferred_username": "Nurse Wang",
            **changed,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, key: str = "first", header: dict[str, Any] | None = None, **changed: Any) -> str:
        """A token that the provider would sign."""
        header = {"alg": "RS256", "typ": "JWT", "kid": key, **(header or {})}
        signing = KEYS[key]
        algorithms = [header["alg"]]
        if header["alg"] == "EdDSA":
            with pytest.warns(match="EdDSA"):
                return jwt.encode(header, self.claims(**changed), signing, algorithms)
        return jwt.encode(header, self.claims(**changed), signing, algorithms)

    def ask(self, token: str, path: str = "/v1/patients") -> Any:
        """Ask for something with a token."""
        return Client(self.app, token).get(path)


@contextmanager
def signing_in(service: Service, provider: Provider, **settings: str) -> Iterator[SignedIn]:
    """Yield another instance of the service, with that provider."""
    with service.beside(oidc_issuer=provider.issuer, oidc_audience=AUDIENCE, **settings) as instance:
        yield SignedIn(instance, provider)


@pytest.fixture
def signed_in(service: Service, provider: Provider) -> Iterator[SignedIn]:
    """The service with a provider."""
    with signing_in(service, provider) as signed_in:
        yield signed_in


def test_role_sites_and_person_are_those_of_the_token(signed_in: SignedIn, coordinator: Client) -> None:
    elsewhere = coordinator.enrol(site="BERLIN", time_zone="Europe/Berlin", subject_number="B-1")
    nurse = Client(signed_in.app, signed_in.token())
    patient = nurse.enrol()
    assert [item["site"] for item in nurse.get("/v1/patients").json["items"]] == ["FUSCC"]
    refused(nurse.get(elsewhere.path), 404)
    # Answered before Flask is asked, for tokens of our own; for others by Flask.
    assert nurse.get(f"{patient.path}/calendar").status_code == 200
    trail = coordinator.get("/v1/audit", patient=patient.patient_id).json["items"]
    actor = trail[0]["actor"]
    assert (actor["role"], actor["name"]) == ("nurse", None)
    assert actor["id"].startswith("oidc:")
    assert "6f1a" not in actor["id"]
    # Another person of the same provider is another actor.
    other = Client(signed_in.app, signed_in.token(sub="77"))
    Patient(other, patient.patient_id).record("treatment_started", first_dose_on="2024-01-05")
    trail = coordinator.get("/v1/audit", patient=patient.patient_id).json["items"]
    assert len({entry["actor"]["id"] for entry in trail if entry["log"] == "facts"}) == 2


def test_our_own_tokens_go_on(signed_in: SignedIn) -> None:
    assert signed_in.ask(signed_in.service.tokens["nurse"]).status_code == 200
    refused(signed_in.ask("sch_wrong"), 401)
    assert signed_in.provider.asked == []


def test_without_a_provider_no_such_token_is_taken(service: Service, signed_in: SignedIn) -> None:
    refused(service.client(signed_in.token()).get("/v1/patients"), 401)


@pytest.mark.parametrize(
    ("key", "algorithm"), [("first", "RS256"), ("first", "PS256"), ("curve", "ES256"), ("edwards", "EdDSA")]
)
def test_what_providers_sign_with_is_taken(signed_in: SignedIn, key: str, algorithm: str) -> None:
    signed_in.provider.published = [each.as_dict(private=False) for each in KEYS.values()]
    assert signed_in.ask(signed_in.token(key, {"alg": algorithm})).status_code == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://evil.example/realm"},
        {"iss": None},
        {"aud": "another-api"},
        {"aud": ["another-api", "account"]},
        {"aud": None},
        {"aud": []},
        {"sub": None},
        {"sub": 7},
        {"exp": None},
        {"exp": timedelta(seconds=-61)},
        {"exp": "tomorrow"},
        {"exp": True},
        {"iat": None},
        {"iat": timedelta(seconds=70)},
        {"nbf": timedelta(seconds=70)},
        {"exp": timedelta(hours=24, seconds=30)},
        {"typ": "ID"},
        {"typ": "Refresh"},
        {"at_hash": "x"},
        {"nonce": "n-0S6"},
        {"cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}},
        {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}},
    ],
    ids=str,
)
def test_a_token_that_is_not_for_us_or_not_for_now_is_refused(signed_in: SignedIn, changed: dict[str, Any]) -> None:
    now = signed_in.clock.now
    for name, value in changed.items():
        # How long from now.
        changed = {**changed, name: int((now + value).timestamp())} if isinstance(value, timedelta) else changed
    answer = signed_in.ask(signed_in.token(**changed))
    refused(answer, 401)
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert signed_in.ask(signed_in.token()).status_code == 200


def test_clocks_may_differ_a_little(signed_in: SignedIn) -> None:
    now, little = signed_in.clock.now, LEEWAY - timedelta(seconds=5)
    for changed in ({"exp": now - little}, {"iat": now + little}, {"nbf": now + little}):
        claims = {name: int(instant.timestamp()) for name, instant in changed.items()}
        assert signed_in.ask(signed_in.token(**claims)).status_code == 200
    longest = int((now + LONGEST_LIFE).timestamp())
    assert signed_in.ask(signed_in.token(exp=longest)).status_code == 200


def unsigned(claims: dict[str, Any], header: dict[str, Any]) -> str:
    """A token with no signature at all."""
    from joserfc.util import urlsafe_b64encode

    parts = (urlsafe_b64encode(json.dumps(part).encode()).decode() for part in (header, claims))
    return ".".join((*parts, ""))


def test_none_is_no_algorithm(signed_in: SignedIn) -> None:
    for algorithm in ("none", "None", "NONE", "", None):
        header = {"alg": algorithm, "kid": "first"}
        refused(signed_in.ask(unsigned(signed_in.claims(), header)), 401)
    refused(signed_in.ask(unsigned(signed_in.claims(), {"kid": "first"})), 401)
    refused(signed_in.ask(unsigned(signed_in.claims(), {"alg": "RS256", "kid": "first"})), 401)
    # The signature of another token.
    head, _, signature = signed_in.token().split(".")
    body = signed_in.token(roles=["admin"]).split(".")[1]
    refused(signed_in.ask(f"{head}.{body}.{signature}"), 401)


@pytest.mark.filterwarnings("ignore:This key should not be used as an oct key")
def test_the_public_key_is_no_secret(signed_in: SignedIn) -> None:
    public = KEYS["first"].as_pem(private=False)  # type: ignore[attr-defined]
    for secret in (public, public.strip(), json.dumps(KEYS["first"].as_dict(private=False)).encode()):
        try:
            key = OctKey.import_key(secret)
        except ValueError:
            # The library would not even make such a key; an attacker's does.
            continue
        for algorithm in ("HS256", "HS384", "HS512"):
            header = {"alg": algorithm, "kid": "first"}
            refused(signed_in.ask(jwt.encode(header, signed_in.claims(), key, [algorithm])), 401)
    import hashlib
    import hmac

    from joserfc.util import urlsafe_b64encode

    signed = unsigned(signed_in.claims(), {"alg": "HS256", "typ": "JWT", "kid": "first"}).rstrip(".")
    signature = urlsafe_b64encode(hmac.digest(public, signed.encode(), hashlib.sha256)).decode()
    refused(signed_in.ask(f"{signed}.{signature}"), 401)


def test_a_secret_among_the_keys_is_not_used(signed_in: SignedIn) -> None:
    secret = OctKey.generate_key(256, {"kid": "shared"})
    signed_in.provider.published.append(secret.as_dict(private=True))
    token = jwt.encode({"alg": "HS256", "kid": "shared"}, signed_in.claims(), secret, ["HS256"])
    refused(signed_in.ask(token), 401)
    assert signed_in.ask(signed_in.token()).status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "id_token+jwt"},
        {"typ": "dpop+jwt"},
        {"typ": "logout+jwt"},
        {"crit": ["b64"], "b64": False},
        {"crit": ["x"], "x": 1},
    ],
    ids=str,
)
def test_headers_that_mean_something_else_are_refused(signed_in: SignedIn, header: dict[str, Any]) -> None:
    token = signed_in.token()
    _, body, signature = token.split(".")
    head = unsigned({}, {"alg": "RS256", "kid": "first", **header}).split(".")[0]
    refused(signed_in.ask(f"{head}.{body}.{signature}"), 401)


def test_an_access_token_by_its_own_name_and_with_headers_of_the_providers(signed_in: SignedIn) -> None:
    for header in ({"typ": "at+jwt"}, {"typ": "AT+JWT"}, {"x5t": "c2hh"}):
        assert signed_in.ask(signed_in.token(header=header)).status_code == 200


@pytest.mark.parametrize("token", ["a.b.c", "..", "é.b.c", "eyJhbGciOiJSUzI1NiJ9.e30.", "." * 2 + "x" * 9000])
def test_what_is_no_jwt_is_refused(signed_in: SignedIn, token: str) -> None:
    refused(signed_in.ask(token), 401)


class TestKeys:
    """The provider's keys change, and the provider fails."""

    def test_a_new_key_is_fetched_when_it_is_first_seen(self, signed_in: SignedIn) -> None:
        assert signed_in.ask(signed_in.token()).status_code == 200
        signed_in.provider.published.append(KEYS["second"].as_dict(private=False))
        signed_in.clock.now += BETWEEN_FETCHES
        assert signed_in.ask(signed_in.token("second")).status_code == 200
        assert signed_in.ask(signed_in.token("first")).status_code == 200
        assert signed_in.provider.asked.count("/realm/keys") == 2

    def test_a_key_that_was_withdrawn_is_good_no_longer(self, signed_in: SignedIn) -> None:
        assert signed_in.ask(signed_in.token()).status_code == 200
        signed_in.provider.published = [KEYS["second"].as_dict(private=False)]
        signed_in.clock.now += BETWEEN_FETCHES
        assert signed_in.ask(signed_in.token("second")).status_code == 200
        refused(signed_in.ask(signed_in.token("first")), 401)

    def test_known_keys_are_looked_at_again_without_holding_anybody_up(self, signed_in: SignedIn) -> None:
        assert signed_in.ask(signed_in.token()).status_code == 200
        signed_in.provider.published = [KEYS["second"].as_dict(private=False)]
        signed_in.clock.now += KEYS_FRESH
        assert signed_in.ask(signed_in.token()).status_code == 200
        for thread in threading.enumerate():
            if thread.name.endswith("(_fetch)"):
                thread.join(PATIENCE)
        refused(signed_in.ask(signed_in.token()), 401)

    def test_many_unknown_names_do_not_hammer_the_provider(self, signed_in: SignedIn) -> None:
        for number in range(40):
            header = {"kid": f"made-up-{number}"}
            refused(signed_in.ask(signed_in.token(header=header)), 401)
        assert signed_in.provider.asked.count("/realm/keys") == 1
        assert signed_in.ask(signed_in.token()).status_code == 200

    def test_who_came_a_moment_before_the_last_try_does_not_ask_again(self, signed_in: SignedIn) -> None:
        refused(signed_in.ask(signed_in.token(header={"kid": "made-up"})), 401)
        # As when two come at once, and the one that came first is the second to look for keys.
        signed_in.clock.now -= timedelta(milliseconds=50)
        refused(signed_in.ask(signed_in.token(header={"kid": "made-up"})), 401)
        assert signed_in.provider.asked.count("/realm/keys") == 1
        signed_in.clock.now -= BETWEEN_FETCHES
        refused(signed_in.ask(signed_in.token(header={"kid": "made-up"})), 401)
        assert signed_in.provider.asked.count("/realm/keys") == 2

    def test_while_the_provider_is_down_known_keys_go_on(self, signed_in: SignedIn) -> None:
        assert signed_in.ask(signed_in.token()).status_code == 200
        signed_in.provider.down = True
        signed_in.clock.now += KEYS_GOOD - MINUTE
        assert signed_in.ask(signed_in.token()).status_code == 200
        signed_in.clock.now += BETWEEN_FETCHES
        # A key that we do not know may be good; we cannot tell.
        answer = signed_in.ask(signed_in.token("second"))
        refused(answer, 503)
        assert answer.headers["Retry-After"] == "10"
        signed_in.clock.now += KEYS_GOOD
        refused(signed_in.ask(signed_in.token()), 503)
        signed_in.provider.down = False
        signed_in.clock.now += BETWEEN_FETCHES
        assert signed_in.ask(signed_in.token()).status_code == 200

    def test_a_provider_that_never_answered(self, signed_in: SignedIn) -> None:
        signed_in.provider.down = True
        refused(signed_in.ask(signed_in.token()), 503)
        refused(signed_in.ask(signed_in.token()), 503)
        assert len(signed_in.provider.asked) == 1
        # Our own tokens need no provider.
        assert signed_in.ask(signed_in.service.tokens["nurse"]).status_code == 200

    def test_a_description_of_another_provider_is_not_believed(self, signed_in: SignedIn) -> None:
        issuer, signed_in.provider.issuer = signed_in.provider.issuer, "http://127.0.0.1:1/other"
        refused(signed_in.ask(signed_in.token(iss=issuer)), 503)

    def test_a_key_without_a_name_is_used_if_it_is_the_only_one(self, signed_in: SignedIn) -> None:
        nameless = {name: value for name, value in KEYS["first"].as_dict(private=False).items() if name != "kid"}
        signed_in.provider.published = [nameless]
        token = jwt.encode({"alg": "RS256"}, signed_in.claims(), KEYS["first"], ["RS256"])
        assert signed_in.ask(token).status_code == 200

    def test_many_at_the_start_ask_once(self, signed_in: SignedIn) -> None:
        token = signed_in.token()
        calls = [lambda: (signed_in.ask(token).status_code, signed_in.store.close())[0]] * 6
        assert signed_in.service.at_once(*calls) == [200] * 6
        assert signed_in.provider.asked.count("/realm/keys") == 1


class TestClaims:
    """Roles and sites come from claims that each provider names otherwise."""

    @pytest.mark.parametrize(
        ("roles", "may"),
        [
            (["admin"], 201),
            ("nurse monitor", 403),
            (["monitor"], 403),
            (["coordinator", "admin"], 201),
        ],
    )
    def test_the_role_that_may_most_counts(self, signed_in: SignedIn, roles: Any, may: int) -> None:
        client = Client(signed_in.app, signed_in.token(roles=roles, sites=["*"]))
        site = {"site": "PARIS", "name": "Curie", "country": "FR", "time_zone": "Europe/Paris"}
        assert client.post("/v1/sites", site).status_code == may

    @pytest.mark.parametrize("roles", [[], None, ["Nurse"], ["patient"], ["none"], 7, {"nurse": True}, [["nurse"]]])
    def test_someone_without_a_role_is_403_and_noted(self, signed_in: SignedIn, roles: Any, admin: Client) -> None:
        refused(signed_in.ask(signed_in.token(roles=roles)), 403)
        (entry,) = admin.get("/v1/audit", action="refused").json["items"]
        assert (entry["actor"]["role"], entry["detail"]["status"]) == ("none", 403)
        assert entry["actor"]["id"].startswith("oidc:")

    def test_someone_without_sites_sees_nobody(self, signed_in: SignedIn, nurse: Client) -> None:
        patient = nurse.enrol()
        for sites in (None, [], ["NOWHERE"], 7):
            client = Client(signed_in.app, signed_in.token(sites=sites))
            assert client.get("/v1/patients").json["items"] == []
            refused(client.get(patient.path), 404)
            refused(client.post("/v1/patients", {**ENROLMENT, "subject_number": "x"}), 422, "/site")

    def test_claims_may_be_named_and_nested(self, service: Service, provider: Provider) -> None:
        settings = {
            "oidc_role_claim": "realm_access.roles",
            "oidc_roles": "trial-nurse=nurse, trial-cra = monitor",
            "oidc_sites_claim": "https://trial.example/sites",
            "oidc_name_claim": "preferred_username",
        }
        with signing_in(service, provider, **settings) as signed_in:
            more = {"https://trial.example/sites": "FUSCC BERLIN", "roles": None, "sites": None}
            nurse = Client(signed_in.app, signed_in.token(realm_access={"roles": ["trial-nurse"]}, **more))
            patient = nurse.enrol()
            assert patient.read("facts")["items"][0]["recorded_by"] == {"role": "nurse", "name": "Nurse Wang"}
            monitor = Client(signed_in.app, signed_in.token(realm_access={"roles": ["trial-cra"]}, **more))
            refused(Patient(monitor, patient.patient_id).send("treatment_started", first_dose_on="2024-01-05"), 403)
            # With a table of roles the provider's own words mean nothing else.
            refused(signed_in.ask(signed_in.token(realm_access={"roles": ["admin"]}, **more)), 403)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"ISSUER": "http://idp.example"}, "https"),
        ({"ISSUER": "https://idp.example"}, "AUDIENCE is empty"),
        ({"ISSUER": "https://idp.example", "AUDIENCE": "x", "KEYS_URL": "file:///etc/keys"}, "https"),
        ({"ISSUER": "https://idp.example", "AUDIENCE": "x", "ROLES": "a=boss"}, "a=boss"),
        ({"ISSUER": "https://idp.example", "AUDIENCE": "x", "ROLES": "nurse"}, "WORD=ROLE"),
    ],
)
def test_settings_that_would_be_unsafe_are_refused(settings: dict[str, str], said: str) -> None:
    with pytest.raises(BadSetting, match=said):
        Settings.from_environment({f"SCHEDULER_OIDC_{name}": value for name, value in settings.items()})


def test_an_idempotent_call_belongs_to_the_person(signed_in: SignedIn) -> None:
    """The same key of two people is two calls; a renewed token of one person is the same person."""
    body = {**ENROLMENT, "subject_number": "K-1"}
    key = {"Idempotency-Key": "k"}
    first = Client(signed_in.app, signed_in.token()).post("/v1/patients", body, key)
    later = signed_in.token(jti="another")
    again = Client(signed_in.app, later).post("/v1/patients", body, key)
    assert (first.status_code, again.json) == (201, first.json)
    other = Client(signed_in.app, signed_in.token(sub="other")).post("/v1/patients", body, key)
    refused(other, 409, "/subject_number")
