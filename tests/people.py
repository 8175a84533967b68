"""People who log in: an issuer of access tokens over real HTTP, and headers for each kind of person."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID, uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from app.config import get_settings

AUDIENCE = "https://torg.example/api"
TENANT = "SE2321000016-A001"
UNIT = "SE2321000016-A0E1"
LOA2, LOA3 = "http://id.sambi.se/loa/loa2", "http://id.sambi.se/loa/loa3"
Headers = dict[str, str]
HeadersOf = Callable[..., Headers]


class LoginServer:
    """An issuer on a free loopback port. `asked` counts the fetches of its keys."""

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", parameters={"kid": "one", "use": "sig", "alg": "ES256"})
        self.asked = 0
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = owner.answer(self.path)
                body = json.dumps(found).encode()
                self.send_response(404 if found is None else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.serving = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.serving.start()

    def answer(self, path: str) -> object:
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.url, "jwks_uri": f"{self.url}/jwks"}
        if path == "/jwks":
            self.asked += 1
            return {"keys": [self.key.as_dict(private=False)]}
        return None

    def stop(self) -> None:
        self.server.shutdown()
        self.serving.join()
        self.server.server_close()

    def setting(self) -> dict[str, object]:
        """What an operator writes in TORG_OIDC_ISSUERS for it."""
        return {
            "issuer": self.url,
            "audience": AUDIENCE,
            "claims": {
                "subject": "employeeHsaId",
                "tenant": "healthCareProviderHsaId",
                "unit": "healthCareUnitHsaId",
                "organisation": "organisation",
                "roles": "roles",
            },
            "roles": {"personal": "staff", "medlem": "member", "drift": "operator"},
            "acr_levels": [LOA2, LOA3],
            "acr": {"staff": LOA3, "operator": LOA3},
        }

    def claims(self, subject: str, **more: object) -> dict[str, object]:
        """The claims of a good token; None takes one away."""
        now = int(time.time())
        usual = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": f"sub-{subject}",
            "client_id": "portal",
            "jti": str(uuid4()),
            "iat": now,
            "exp": now + 3600,
            "acr": LOA3,
            "employeeHsaId": subject,
            **more,
        }
        return {name: value for name, value in usual.items() if value is not None}

    def token(self, subject: str, **claims: object) -> str:
        header = {"typ": "at+jwt", "alg": "ES256", "kid": self.key.kid}
        return jwt.encode(header, self.claims(subject, **claims), self.key)

    def headers(self, subject: str, **claims: object) -> Headers:
        return {"Authorization": f"Bearer {self.token(subject, **claims)}"}


@pytest.fixture(scope="session")
def issuer(stores: object) -> Iterator[LoginServer]:
    """The issuer that the settings of the whole run name."""
    server = LoginServer()
    before = {name: os.environ.get(name) for name in ("TORG_OIDC_ISSUERS", "TORG_OUTBOUND_PRIVATE_HOSTS")}
    os.environ["TORG_OIDC_ISSUERS"] = json.dumps([server.setting()])
    os.environ["TORG_OUTBOUND_PRIVATE_HOSTS"] = "127.0.0.1"
    get_settings.cache_clear()
    yield server
    server.stop()
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    get_settings.cache_clear()


@pytest.fixture
def staff_headers(issuer: LoginServer) -> HeadersOf:
    """Headers of someone who works in care: `staff_headers(unit=…, tenant=…, subject=…, acr=…)`."""

    def headers(
        *,
        unit: str | None = UNIT,
        tenant: str | None = TENANT,
        subject: str = "nurse",
        acr: str | None = LOA3,
    ) -> Headers:
        return issuer.headers(
            subject,
            roles=["personal"],
            acr=acr,
            healthCareProviderHsaId=tenant,
            healthCareUnitHsaId=unit,
        )

    return headers


@pytest.fixture
def member_headers(issuer: LoginServer) -> HeadersOf:
    """Headers of a member of an organisation: `member_headers(organisation_id, subject=…)`."""

    def headers(organisation_id: UUID | str, *, subject: str = "member", acr: str | None = LOA2) -> Headers:
        return issuer.headers(subject, roles=["medlem"], acr=acr, organisation=str(organisation_id))

    return headers


@pytest.fixture
def operator_headers(issuer: LoginServer) -> HeadersOf:
    """Headers of the operator's people: `operator_headers(subject=…)`; two subjects are two people."""

    def headers(*, subject: str = "operator", acr: str | None = LOA3) -> Headers:
        return issuer.headers(subject, roles=["drift"], acr=acr)

    return headers
