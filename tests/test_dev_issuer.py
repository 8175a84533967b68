"""Access tokens of a real OIDC server, and everything that only looks like one."""

import hmac
import json
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.jwk import ECKey
from real_issuer import RealIssuer

from app import local_issuer
from app.config import get_settings
from app.local_content import DEMO, DEMO_FILES
from app.local_process import free_port
from app.services import token_keys


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Stage:
    """The real issuer, named in the settings, and the time that the cache of its keys goes by."""

    issuer: RealIssuer
    doors: Any
    clock: Clock = field(default_factory=Clock)

    def door(self, token: str, door: str = "staff") -> Any:
        return self.doors.get(f"/doors/{door}", headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def stage(dev_issuer_folder: Path, doors: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    (dev_issuer_folder / "keys.json").unlink(missing_ok=True)
    issuer = RealIssuer(dev_issuer_folder, free_port())
    issuer.start()
    made = Stage(issuer, doors)
    monkeypatch.setenv("TORG_OIDC_ISSUERS", json.dumps(local_issuer.setting(issuer.url)))
    monkeypatch.setenv("TORG_OUTBOUND_PRIVATE_HOSTS", "127.0.0.1")
    get_settings.cache_clear()
    cache = token_keys.KeyCache(lambda: token_keys.fetch(issuer.url, None), made.clock)
    monkeypatch.setattr(token_keys, "cache_of", lambda _issuer, _jwks_url: cache)
    yield made
    issuer.stop()
    monkeypatch.undo()
    get_settings.cache_clear()


def test_each_invented_person_is_who_she_is(stage: Stage) -> None:
    told = stage.door(stage.issuer.token("nurse")).json()
    assert (told["tenant"], told["unit"], told["staff"]) == ("SE0000000000-A001", "SE0000000000-A0E1", True)
    assert stage.door(stage.issuer.token("link-worker")).json()["unit"] == "SE0000000000-A0E2"
    assert stage.door(stage.issuer.token("member"), "staff").status_code == 403
    one, two = (stage.door(stage.issuer.token(f"operator-{n}"), "operator") for n in ("one", "two"))
    assert (one.status_code, two.status_code) == (200, 200)
    assert one.json()["id"] != two.json()["id"]


def test_the_invented_member_belongs_to_the_organisation_of_the_demo_key() -> None:
    first = json.loads((DEMO / DEMO_FILES[0]).read_text(encoding="utf-8").splitlines()[0])
    assert local_issuer.PEOPLE["people"]["member"]["organisation"] == first["external_id"]


def test_the_keys_of_the_issuer_survive_its_restart(stage: Stage) -> None:
    token = stage.issuer.token()
    stage.issuer.stop()
    stage.issuer.start()
    assert stage.door(token).status_code == 200


def test_a_new_key_is_taken_within_a_minute_and_the_old_one_while_it_is_published(stage: Stage) -> None:
    before = stage.issuer.token()
    assert stage.door(before).status_code == 200
    stage.issuer.rotate(keep_old=True)
    after = stage.issuer.token()
    assert stage.door(after).status_code == 401  # the keys were asked for a moment ago
    stage.clock.now += 61
    assert [stage.door(token).status_code for token in (after, before)] == [200, 200]
    assert stage.issuer.asked() == 2


def test_a_key_that_is_no_longer_published_is_refused_after_ten_minutes(stage: Stage) -> None:
    before = stage.issuer.token()
    assert stage.door(before).status_code == 200
    stage.issuer.rotate(keep_old=False)
    stage.clock.now += 599
    assert stage.door(before).status_code == 200
    stage.clock.now += 2
    assert stage.door(before).status_code == 401
    assert stage.door(stage.issuer.token()).status_code == 200


def test_an_outage_is_bridged_for_a_day_and_then_told_never_opened(stage: Stage) -> None:
    token = stage.issuer.token()
    assert stage.door(token).status_code == 200
    stage.issuer.stop()
    for hours in (1, 12, 23.9):
        stage.clock.now = hours * 3600
        assert stage.door(token).status_code == 200
    stage.clock.now = 24.1 * 3600
    answer = stage.door(token)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert answer.headers["Content-Type"] == "application/problem+json"
    stage.issuer.start()
    stage.clock.now += 61
    assert stage.door(token).status_code == 200


def test_an_issuer_that_was_never_reached_opens_nothing(stage: Stage) -> None:
    token = stage.issuer.token()
    stage.issuer.stop()
    assert [stage.door(token).status_code for _ in range(3)] == [503] * 3


def test_a_flood_of_unknown_key_ids_asks_the_issuer_once_a_minute(stage: Stage) -> None:
    good = stage.issuer.token()
    assert stage.door(good).status_code == 200
    stage.clock.now += 61
    forged = [signed(stage, {"kid": secrets.token_hex(8)}) for _ in range(200)]
    with ThreadPoolExecutor(16) as threads:
        assert set(threads.map(lambda token: stage.door(token).status_code, forged)) == {401}
    assert stage.issuer.asked() == 2
    assert stage.door(good).status_code == 200
    stage.clock.now += 61
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(stage.door, forged))
    assert stage.issuer.asked() == 3


def test_a_crowd_at_the_start_asks_the_issuer_once(stage: Stage) -> None:
    token = stage.issuer.token()
    with ThreadPoolExecutor(16) as threads:
        answers = set(threads.map(lambda _: stage.door(token).status_code, range(50)))
    assert (answers, stage.issuer.asked()) == ({200}, 1)


def claims(stage: Stage, **changes: Any) -> dict[str, Any]:
    """The claims of a good token of the nurse's; None takes one away."""
    now = int(time.time())
    good = {
        **local_issuer.PEOPLE["people"]["nurse"],
        "iss": stage.issuer.url,
        "aud": local_issuer.PEOPLE["audience"],
        "sub": "nurse",
        "client_id": "nurse",
        "jti": secrets.token_hex(8),
        "iat": now,
        "exp": now + 600,
        **changes,
    }
    return {name: value for name, value in good.items() if value is not None}


def part(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).rstrip(b"=").decode()


def signed(stage: Stage, head: Any = None, body: Any = None, key: ECKey | None = None) -> str:
    """A token as a forger with the issuer's own key would make it: whatever it says, the signature holds."""
    header = {"typ": "at+jwt", "alg": "ES256", "kid": stage.issuer.key.kid}
    if head is None or isinstance(head, dict):
        header = {k: v for k, v in {**header, **(head or {})}.items() if v is not None}
    told = claims(stage) if body is None else body
    text = f"{part(head if isinstance(head, str) else header)}.{part(told)}"
    algorithm = jws.JWSRegistry.algorithms["ES256"]
    signature = algorithm.sign(text.encode(), key or stage.issuer.key)
    return f"{text}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def with_secret(stage: Stage, secret: bytes) -> str:
    """Signed with a secret, which a reader that lets the token choose takes the public key for."""
    text = f"{part({'typ': 'at+jwt', 'alg': 'HS256', 'kid': stage.issuer.key.kid})}.{part(claims(stage))}"
    signature = hmac.digest(secret, text.encode(), "sha256")
    return f"{text}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def public_pem(stage: Stage) -> bytes:
    public = stage.issuer.key.public_key
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def tampered(stage: Stage) -> str:
    head, _body, signature = stage.issuer.token().split(".")
    return f"{head}.{part(claims(stage, roles=['drift']))}.{signature}"


def another_key(stage: Stage, **more: Any) -> ECKey:
    return ECKey.generate_key("P-256", parameters={"kid": stage.issuer.key.kid, **more})


def embedding(stage: Stage) -> str:
    other = another_key(stage)
    return signed(stage, {"jwk": other.as_dict(private=False)}, key=other)


def json_serialised(stage: Stage) -> str:
    head, body, signature = signed(stage).split(".")
    signatures = [{"protected": head, "signature": signature}] * 2
    return json.dumps({"payload": body, "signatures": signatures})


def twice(stage: Stage, name: str, value: str) -> str:
    """The claims with one of them twice, the good one last."""
    return f'{{"{name}": {value}, {json.dumps(claims(stage))[1:]}'


def ending(stage: Stage, when: str) -> str:
    """The claims with an end that Python would not write."""
    return json.dumps(claims(stage, exp=-7)).replace("-7", when)


def unsigned(stage: Stage) -> str:
    return f"{part({'typ': 'at+jwt', 'alg': 'none', 'kid': stage.issuer.key.kid})}.{part(claims(stage))}."


def from_elsewhere(stage: Stage) -> str:
    return signed(stage, {"jku": "http://127.0.0.1:1/jwks"}, key=another_key(stage))


FORGERIES: dict[str, Callable[[Stage], str]] = {
    "alg none": unsigned,
    "alg none with a signature": lambda s: signed(s, {"alg": "none"}),
    "alg None in another case": lambda s: signed(s, {"alg": "nOnE"}),
    "the public key as a secret, PEM": lambda s: with_secret(s, public_pem(s)),
    "the public key as a secret, JWK": lambda s: with_secret(
        s, json.dumps(s.issuer.key.as_dict(private=False)).encode()
    ),
    "an algorithm the issuer does not use": lambda s: signed(s, {"alg": "ES384"}),
    "an algorithm that is a list": lambda s: signed(s, {"alg": ["ES256"]}),
    "no algorithm": lambda s: signed(s, {"alg": None}),
    "another issuer": lambda s: signed(s, body=claims(s, iss="https://other.example")),
    "the issuer with a slash more": lambda s: signed(s, body=claims(s, iss=s.issuer.url + "/")),
    "no issuer": lambda s: signed(s, body=claims(s, iss=None)),
    "another audience": lambda s: signed(s, body=claims(s, aud="https://other.example/api")),
    "a list of other audiences": lambda s: signed(s, body=claims(s, aud=["a", {"b": 1}])),
    "no audience": lambda s: signed(s, body=claims(s, aud=None)),
    "expired": lambda s: signed(s, body=claims(s, exp=int(time.time()) - 60)),
    "without an end": lambda s: signed(s, body=claims(s, exp=None)),
    "an end that is a text": lambda s: signed(s, body=claims(s, exp="4102444800")),
    "an end that is true": lambda s: signed(s, body=claims(s, exp=True)),
    "a beginning that is true": lambda s: signed(s, body=claims(s, iat=True)),
    "a claim that is no JSON": lambda s: signed(s, body=twice(s, "extra", "NaN")),
    "an infinite end": lambda s: signed(s, body=ending(s, "1e999")),
    "an end too large to count": lambda s: signed(s, body=ending(s, "9" * 400)),
    "an end that is no number": lambda s: signed(s, body=ending(s, "NaN")),
    "not yet valid": lambda s: signed(s, body=claims(s, nbf=int(time.time()) + 120)),
    "made in the future": lambda s: signed(s, body=claims(s, iat=int(time.time()) + 120)),
    "without a beginning": lambda s: signed(s, body=claims(s, iat=None)),
    "an ID token": lambda s: signed(s, {"typ": "JWT"}, claims(s, nonce="n", at_hash="h")),
    "no type": lambda s: signed(s, {"typ": None}),
    "a logout token": lambda s: signed(s, {"typ": "logout+jwt"}),
    "an unknown key id": lambda s: signed(s, {"kid": "unknown"}),
    "no key id": lambda s: signed(s, {"kid": None}),
    "a key id that leads into files": lambda s: signed(s, {"kid": "../../../../dev/null"}),
    "another key under a known id": lambda s: signed(s, key=another_key(s)),
    "changed claims": tampered,
    "an embedded key": embedding,
    "a good key embedded again": lambda s: signed(s, {"jwk": s.issuer.key.as_dict(private=False)}),
    "keys of one's own elsewhere": from_elsewhere,
    "certificates elsewhere": lambda s: signed(s, {"x5u": "http://127.0.0.1:1/certs"}),
    "a rule we do not know": lambda s: signed(s, {"crit": ["exp"]}),
    "an unencoded body": lambda s: signed(s, {"b64": False, "crit": ["b64"]}),
    "nobody": lambda s: signed(s, body=claims(s, sub=None)),
    "nobody in particular": lambda s: signed(s, body=claims(s, sub="")),
    "no employee": lambda s: signed(s, body=claims(s, employeeHsaId=None)),
    "an employee with a NUL": lambda s: signed(s, body=claims(s, employeeHsaId="a\0b")),
    "an employee that is half a character": lambda s: signed(s, body=claims(s, employeeHsaId="\ud800")),
    "an employee that is a list": lambda s: signed(s, body=claims(s, employeeHsaId=["a"])),
    "bound to a key of its client": lambda s: signed(s, body=claims(s, cnf={"jkt": "x"})),
    "the issuer twice": lambda s: signed(s, body=twice(s, "iss", '"https://other.example"')),
    "the audience twice": lambda s: signed(s, body=twice(s, "aud", '"other"')),
    "a name twice deep inside": lambda s: signed(s, body=twice(s, "extra", '{"a": 1, "a": 2}')),
    "the algorithm twice": lambda s: signed(
        s, f'{{"typ": "at+jwt", "alg": "none", "kid": "{s.issuer.key.kid}", "alg": "ES256"}}'
    ),
    "truncated": lambda s: signed(s)[:-10],
    "without its signature": lambda s: signed(s).rpartition(".")[0] + ".",
    "four parts": lambda s: signed(s) + ".e30",
    "two signatures": json_serialised,
    "padded": lambda s: signed(s) + "==",
    "a body that is no object": lambda s: signed(s, body="[1]"),
    "a body that is no JSON": lambda s: signed(s, body="{"),
    "a body that is no text": lambda s: s.issuer.token().replace(".", "._", 1),
    "a body ten thousand deep": lambda s: signed(s, body="[" * 5_000),
    "oversized": lambda s: signed(s, body=claims(s, padding="x" * 9_000)),
    "garbage": lambda _s: "eyJhbGciOiJub25lIn0",
    "not of this alphabet": lambda s: signed(s).replace(".", ".å", 1),
}


def test_what_the_forgeries_are_made_from_is_good(stage: Stage) -> None:
    assert stage.door(signed(stage)).status_code == 200
    assert stage.door(signed(stage, {"typ": "application/at+jwt"})).status_code == 200
    listed = claims(stage, aud=["other", local_issuer.PEOPLE["audience"]])
    assert stage.door(signed(stage, body=listed)).status_code == 200
    head = json.loads(urlsafe_b64decode(stage.issuer.token().split(".")[0] + "=="))
    assert head["typ"] == "at+jwt"


def test_every_forgery_is_refused_in_the_same_words(stage: Stage) -> None:
    assert len(FORGERIES) >= 15
    assert stage.door(stage.issuer.token()).status_code == 200
    told = {}
    for name, forge in FORGERIES.items():
        headers = {b"Authorization": b"Bearer " + forge(stage).encode()}
        answer = stage.doors.get("/doors/staff", headers=headers)
        challenge = answer.headers.get("WWW-Authenticate")
        told[name] = answer.status_code, challenge, answer.json().get("detail")
    refusal = (401, 'Bearer realm="torg", error="invalid_token"', "Inloggningen gäller inte här.")
    assert {name: answer for name, answer in told.items() if answer != refusal} == {}
