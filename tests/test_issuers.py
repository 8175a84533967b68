"""The list of issuers in the settings: what can be written there, and what it makes of a token."""

import json
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from people import AUDIENCE, LOA2, LOA3, TENANT, LoginServer
from pydantic import ValidationError

from app.config import Settings, get_settings
from app.issuers import Issuer
from app.services import token_keys
from app.troubles import sentence

LEAST = {"issuer": "https://idp.example", "audience": "torg"}


@pytest.fixture
def told(issuer, doors, monkeypatch):
    """Who a token's person is, when the issuer's setting says this more."""

    def tell(door="anyone", *, subject="kim", setting=None, **claims):
        monkeypatch.setenv("TORG_OIDC_ISSUERS", json.dumps([{**issuer.setting(), **(setting or {})}]))
        get_settings.cache_clear()
        return doors.get(f"/doors/{door}", headers=issuer.headers(subject, **claims))

    yield tell
    monkeypatch.undo()
    get_settings.cache_clear()


def settings(value):
    return Settings(oidc_issuers=value)


REGION = {**LEAST, "claims": {"tenant": "healthCareProviderHsaId"}}
OTHER = {**LEAST, "issuer": "https://login.example"}


@pytest.mark.parametrize(
    "other",
    [
        {"claims": {"tenant": "organisation"}},
        {"claims": {"tenant": "organisation"}, "tenants": []},
        {"tenants": ["212000-0142"]},
        {},
    ],
)
def test_of_several_issuers_none_speaks_for_any_care_provider(other):
    with pytest.raises(ValidationError) as problem:
        settings(json.dumps([REGION, {**OTHER, **other}]))
    (told,) = sentence(problem.value)[0].splitlines()
    assert told.startswith("The setting TORG_OIDC_ISSUERS is wrong: with more than one issuer each names")
    assert "tenants" in told
    assert "https://idp.example" in told
    assert ("https://login.example" in told) == ("claims" in other)


def test_several_issuers_that_are_bounded_and_one_alone_are_taken():
    bounded = {**REGION, "tenants": ["SE2321000016-A001"]}
    kommun = {**OTHER, "tenants": ["212000-0142"]}
    assert len(settings(json.dumps([bounded, kommun])).oidc_issuers) == 2
    # It names no claim for care providers: it speaks for none, such as a login of the operator's own.
    assert len(settings(json.dumps([bounded, OTHER])).oidc_issuers) == 2
    assert len(settings(json.dumps([REGION])).oidc_issuers) == 1


@pytest.mark.parametrize("value", ["", "[]"])
def test_no_issuer_lets_nobody_in(value):
    assert settings(value).oidc_issuers == ()


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("{", "JSON list"),
        ('{"issuer": "https://idp.example"}', "JSON list"),
        (json.dumps([LEAST, LEAST]), "twice"),
        (json.dumps([{"issuer": "https://idp.example"}]), "audience"),
        (json.dumps([{**LEAST, "audience": ""}]), "audience"),
        (json.dumps([{**LEAST, "issuer": "idp.example"}]), "https"),
        (json.dumps([{**LEAST, "jwks_url": "file:///keys"}]), "https"),
        (json.dumps([{**LEAST, "algorithms": ["HS256"]}]), "algorithms"),
        (json.dumps([{**LEAST, "algorithms": ["none"]}]), "algorithms"),
        (json.dumps([{**LEAST, "algorithms": []}]), "algorithms"),
        (json.dumps([{**LEAST, "default_role": "operator"}]), "default_role"),
        (json.dumps([{**LEAST, "roles": {"x": "admin"}}]), "roles"),
        (json.dumps([{**LEAST, "claim": {}}]), "claim"),
    ],
)
def test_what_cannot_be_meant_is_told_when_the_service_starts(value, why):
    with pytest.raises(ValidationError, match=why) as problem:
        settings(value)
    found = sentence(problem.value)
    assert found is not None
    assert found[0].startswith("The setting TORG_OIDC_ISSUERS")
    assert why in found[0]


def test_the_example_in_the_paper_can_be_used():
    paper = Path(__file__).parent.parent / "docs" / "identity.md"
    example = paper.read_text(encoding="utf-8").split("```json\n")[1].split("```")[0]
    first, second = settings(example).oidc_issuers
    assert first.sufficient("staff") == (LOA3,)
    assert second.sufficient("staff") == ()


def test_an_algorithm_that_is_not_named_is_refused_though_the_key_fits(doors, monkeypatch):
    login = LoginServer()
    login.key = RSAKey.generate_key(2048, parameters={"kid": "rsa", "use": "sig"})
    setting = {**login.setting(), "algorithms": ["PS256"], "jwks_url": f"{login.url}/jwks"}
    monkeypatch.setenv("TORG_OIDC_ISSUERS", json.dumps([setting]))
    monkeypatch.setenv("TORG_OUTBOUND_PRIVATE_HOSTS", "127.0.0.1")
    get_settings.cache_clear()
    answers = {}
    for algorithm in ("PS256", "RS256", "PS384"):
        header = {"typ": "at+jwt", "alg": algorithm, "kid": "rsa"}
        token = jwt.encode(header, login.claims("kim"), login.key, algorithms=[algorithm])
        answers[algorithm] = doors.get(
            "/doors/anyone", headers={"Authorization": f"Bearer {token}"}
        ).status_code
    login.stop()
    monkeypatch.undo()
    get_settings.cache_clear()
    assert answers == {"PS256": 200, "RS256": 401, "PS384": 401}


@pytest.mark.parametrize(
    "useless",
    [
        {"kty": "oct", "kid": "one", "k": "c2VjcmV0"},
        {"kty": "RSA", "kid": "one", "e": "AQAB", "n": "w" * 171},
        {"kty": "EC", "kid": "one", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "XX", "kid": "one"},
        {"kty": ["EC"], "kid": "one"},
        "key",
        None,
    ],
)
def test_keys_that_prove_nothing_are_left_out(useless):
    good = ECKey.generate_key("P-256", parameters={"kid": "good", "use": "sig"}).as_dict(private=False)
    for_encryption = {**good, "kid": "enc", "use": "enc"}
    told_to_all = ECKey.generate_key("P-256", parameters={"kid": "private"}).as_dict(private=True)
    assert list(token_keys.read_keys({"keys": [useless, for_encryption, told_to_all, good]})) == ["good"]
    with pytest.raises(ValueError, match="no key that can be used"):
        token_keys.read_keys({"keys": [useless]})


@pytest.mark.parametrize("answer", [None, [], {}, {"keys": {}}, "keys"])
def test_what_is_no_key_set_is_refused(answer):
    with pytest.raises(ValueError, match="no key set"):
        token_keys.read_keys(answer)


def test_a_stronger_login_than_needed_is_enough(told):
    needs = {"acr": {"staff": LOA2}}
    answers = {
        acr: told(
            "staff", setting=needs, roles=["personal"], healthCareProviderHsaId=TENANT, acr=acr
        ).status_code
        for acr in (LOA2, LOA3, "other")
    }
    assert answers == {LOA2: 200, LOA3: 200, "other": 401}


def test_a_level_outside_the_list_is_enough_alone():
    issuer = Issuer(**LEAST, acr_levels=["a", "b"], acr={"staff": "z", "member": "a"})
    assert issuer.sufficient("staff") == ("z",)
    assert issuer.sufficient("member") == ("a", "b")
    assert issuer.sufficient("operator") == ()


def test_everybody_of_a_regions_login_can_be_staff(told):
    answer = told("staff", setting={"default_role": "staff"}, healthCareProviderHsaId=TENANT)
    assert answer.status_code == 200


def test_roles_can_lie_deep_or_stand_in_one_text(told):
    deep = {"claims": {"roles": "/realm_access/roles"}}
    assert told("operator", setting=deep, realm_access={"roles": ["drift"]}).status_code == 200
    assert told("operator", setting=deep, realm_access=["drift"]).status_code == 403
    named = {"claims": {"roles": "https://idp.example/roles"}}
    assert told("operator", setting=named, **{"https://idp.example/roles": "a drift b"}).status_code == 200


@pytest.mark.parametrize("roles", [None, [], ["DRIFT"], "drifting", {"drift": True}, [["drift"]], 7])
def test_what_does_not_name_a_role_gives_none(told, roles):
    assert told("operator", roles=roles).status_code == 403


def test_an_issuer_speaks_only_for_its_own_care_providers(told):
    own = {"tenants": [TENANT, "SE0000000000-B001"]}
    staff = {"roles": ["personal"], "setting": own}
    assert told("staff", **staff, healthCareProviderHsaId=TENANT).status_code == 200
    assert told("staff", **staff, healthCareProviderHsaId="SE0000000000-C001").status_code == 401
    assert told("staff", **staff).status_code == 403


def test_an_issuer_of_one_care_provider_need_not_name_it(told):
    one = {"tenants": ["212000-0142"]}
    assert told("staff", setting=one, roles=["personal"]).json()["tenant"] == "212000-0142"


def test_the_subject_is_the_claim_that_the_setting_names_and_no_other(told):
    by_sub = {"claims": {"subject": "sub"}}
    first = told(setting=by_sub, sub="a", employeeHsaId="x").json()["id"]
    again = told(setting=by_sub, sub="a", employeeHsaId="y").json()["id"]
    other = told(setting=by_sub, sub="b", employeeHsaId="x").json()["id"]
    assert first == again != other
    assert told(sub="a", employeeHsaId=None).status_code == 401


def test_a_subject_of_another_issuer_is_another_person(told, session):
    from sqlalchemy import select

    from app.models import Account

    mine = told().json()["id"]
    session.add(Account(issuer="https://other.example", subject="kim"))
    session.commit()
    assert told().json()["id"] == mine
    assert len(session.scalars(select(Account.id)).all()) == 2


def test_a_token_for_another_service_of_the_same_issuer_is_refused(told):
    assert told(aud=AUDIENCE).status_code == 200
    assert told(aud=AUDIENCE + "/").status_code == 401
