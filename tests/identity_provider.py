"""An OpenID Connect provider on this machine: its description, its keys, and sign-ins by the code flow with PKCE."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey


def rsa(kid: str) -> RSAKey:
    """A key for RS256 and PS256."""
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


KEYS: dict[str, Key] = {
    "first": rsa("first"),
    "second": rsa("second"),
    "curve": ECKey.generate_key("P-256", {"kid": "curve", "use": "sig"}),
    "edwards": OKPKey.generate_key("Ed25519", {"kid": "edwards"}),
}
CLIENT, SECRET = "ward-pages", "s3cret:of/the pages"


class Provider:
    """An identity provider that serves its description and its keys, and counts who asks.

    Whoever is led to it is signed in at once. `claims` are what its access tokens say, `identity` those of its identity
    tokens beside what they must say; None leaves a claim out. If it has nobody `signed_in`, it says so where it may not
    ask.
    """

    def __init__(self) -> None:
        self.published: list[Any] = [KEYS["first"].as_dict(private=False)]
        self.down, self.signed_in = False, True
        self.asked: list[str] = []
        self.claims: dict[str, Any] = {}
        self.identity: dict[str, Any] = {}
        self.back = ""
        self._begun: dict[str, dict[str, str]] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked.append(self.path)
                if self.path.startswith("/realm/authorize?"):
                    self.send_response(302)
                    self.send_header("Location", provider.authorize(f"http://{self.headers['Host']}{self.path}"))
                    self.end_headers()
                    return
                documents = {
                    "/realm/.well-known/openid-configuration": provider.description,
                    "/realm/keys": {"keys": provider.published},
                }
                known = self.path in documents and not provider.down
                self.say(200 if known else 503, documents[self.path] if known else {})

            def do_POST(self) -> None:
                provider.asked.append(self.path)
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = {name: values[0] for name, values in parse_qs(body).items()}
                self.say(*provider.tokens(form, self.headers.get("Authorization", "")))

            def say(self, status: int, document: Any) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(document).encode())

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}/realm"
        threading.Thread(target=self.server.serve_forever, args=[0.01], daemon=True).start()

    @property
    def description(self) -> dict[str, Any]:
        """Return what it says of itself."""
        return {
            "issuer": self.issuer,
            "jwks_uri": f"{self.issuer}/keys",
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "end_session_endpoint": f"{self.issuer}/leave",
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def close(self) -> None:
        """Go away."""
        self.server.shutdown()
        self.server.server_close()

    def signed(self, claims: dict[str, Any], key: str = "first") -> str:
        """A token with these claims."""
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": "RS256", "typ": "JWT", "kid": key}, kept, KEYS[key], ["RS256"])

    def authorize(self, address: str, **changed: str) -> str:
        """Where a browser is led that comes to an address of ours; `changed` is what the answer says otherwise."""
        split = urlsplit(address)
        asked = {name: value for name, (value,) in parse_qs(split.query).items()}
        assert f"{split.scheme}://{split.netloc}{split.path}" == self.description["authorization_endpoint"]
        assert asked.pop("response_type") == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        assert asked["redirect_uri"] == self.back, "It is not registered."
        if asked.get("prompt") == "none" and not self.signed_in:
            return f"{self.back}?{urlencode({'error': 'login_required', 'state': asked['state']})}"
        code = f"code-{len(self._begun)}"
        self._begun[code] = asked
        return f"{self.back}?{urlencode({'code': code, 'state': asked['state'], **changed})}"

    def tokens(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """The answer to a request for tokens: each code is good once, for who has its verifier and the secret."""
        if self.down:
            return 503, {}
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if authorization != f"Basic {basic}":
            return 401, {"error": "invalid_client"}
        begun = self._begun.pop(form.get("code", ""), None)
        verifier = form.get("code_verifier", "")
        assert 43 <= len(verifier) <= 128
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        if begun is None or begun["code_challenge"] != challenge or form["redirect_uri"] != begun["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        times = {name: self.claims[name] for name in ("iat", "exp")}
        said = {"iss": self.issuer, "aud": CLIENT, "sub": self.claims["sub"], "nonce": begun["nonce"], **times}
        tokens = {"access_token": self.signed(self.claims), "id_token": self.signed({**said, **self.identity})}
        return 200, {**tokens, "token_type": "Bearer", "expires_in": 300}
