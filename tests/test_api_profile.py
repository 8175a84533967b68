"""The rules of Sweden's REST API profile that a machine can check, over the generated description."""

import re
from collections.abc import Iterator
from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from app.errors import ERRORS
from app.main import create_app
from app.openapi import METHODS, document, operations
from app.openapi_file import FILE, rendered

SPEC = document(create_app())
INFO = SPEC["info"]
OPERATIONS = list(operations(SPEC))
SCHEMAS = SPEC["components"]["schemas"]


def resolved(part: dict) -> dict:
    while "$ref" in part:
        found = SPEC
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part


def parameters(kind: str) -> Iterator[tuple[str, dict]]:
    for path, method, operation in OPERATIONS:
        for given in operation.get("parameters", []):
            parameter = resolved(given)
            if parameter["in"] == kind:
                yield f"{method} {path}", parameter


def responses() -> Iterator[tuple[str, str, dict]]:
    for path, method, operation in OPERATIONS:
        for status, response in operation["responses"].items():
            yield f"{method} {path}", status, resolved(response)


def bodies() -> Iterator[tuple[str, dict]]:
    for path, method, operation in OPERATIONS:
        if "requestBody" in operation:
            yield f"{method} {path}", resolved(operation["requestBody"])


def properties(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield from schema["properties"]
        for value in schema.values():
            yield from properties(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from properties(value)


def test_the_committed_file_is_the_generated_one():
    assert FILE.read_text(encoding="utf-8") == rendered()


def test_dok_01_external_documentation_is_named():
    assert SPEC["externalDocs"]["description"]
    assert SPEC["externalDocs"]["url"].startswith("https://")


def test_dok_03_title_version_contact_and_licence_are_given():
    assert INFO["title"]
    assert INFO["version"]
    assert set(INFO["contact"]) >= {"name", "url", "email"}
    assert set(INFO["license"]) >= {"name", "url"}


def test_dok_06_the_description_is_in_swedish_and_english():
    words = set(re.findall(r"\w+", INFO["description"].lower()))
    assert {"och", "är", "för", "som"} <= words
    assert {"and", "is", "for", "who"} <= words


def test_dok_07_and_11_the_description_is_not_blank():
    assert INFO["description"].strip()


def test_dok_08_a_service_level_is_told():
    assert INFO["termsOfService"]
    assert set(INFO["x-sla"]) >= {"availability", "responseTime", "support"}


def test_dok_09_known_limits_are_told():
    assert INFO["x-limitations"]
    assert "limit" in INFO["description"]


def test_dok_15_every_json_answer_and_body_has_an_example():
    bare = [
        f"{where} {status}"
        for where, status, response in responses()
        for kind, media in response.get("content", {}).items()
        if kind == "application/json" and not media.get("examples")
    ]
    bare += [where for where, body in bodies() for m in body["content"].values() if not m.get("examples")]
    assert bare == []


def test_every_example_validates_against_its_schema():
    wrong = []
    places = [(f"{w} {s}", r) for w, s, r in responses()] + list(bodies())
    for where, holder in places:
        for media in holder.get("content", {}).values():
            schema = {**media.get("schema", {}), "components": SPEC["components"]}
            validator = jsonschema_rs.Draft202012Validator(schema)
            for name, sample in media.get("examples", {}).items():
                wrong += [
                    f"{where} {name}: {e.message[:150]}" for e in validator.iter_errors(sample["value"])
                ]
    assert wrong == []


def test_dok_17_the_description_is_openapi_3():
    assert SPEC["openapi"].startswith("3.1")


def test_dok_19_every_operation_is_described():
    assert [f"{m} {p}" for p, m, operation in OPERATIONS if not operation["description"].strip()] == []


def test_dok_20_every_response_is_described():
    assert [(w, s) for w, s, r in responses() if not r["description"].strip()] == []
    assert [(w, s) for w, s, r in responses() if r["description"] == "Successful Response"] == []


def test_dot_01_and_04_times_are_rfc_3339():
    formats = re.findall(r"'format': '(date[^']*|time[^']*)'", str(SPEC))
    assert set(formats) <= {"date", "date-time"}


def test_res_02_no_parameter_asks_for_a_personal_number():
    banned = {"pnr", "personnummer", "personnr", "personalidentitynumber", "ssn", "socialsecuritynumber"}
    named = {p["name"].lower().replace("_", "") for kind in ("query", "path") for _, p in parameters(kind)}
    assert named.isdisjoint(banned)


def test_res_06_and_ufn_08_path_segments_are_lower_case_words_joined_by_hyphens():
    segments = [s for path in SPEC["paths"] for s in path.split("/") if s and not s.startswith("{")]
    assert [s for s in segments if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", s)] == []


def test_ufn_01_ufn_02_ver_05_and_sak_01_servers_are_https_with_api_and_version():
    assert SPEC["servers"]
    for server in SPEC["servers"]:
        assert re.fullmatch(r"https://[a-z0-9.-]+/api/v[0-9]+", server["url"])


def test_ufn_05_addresses_are_short():
    assert max(len(SPEC["servers"][0]["url"] + path) for path in SPEC["paths"]) < 2048


def test_ufn_07_and_09_addresses_have_no_space_or_underscore():
    for path in SPEC["paths"]:
        assert re.fullmatch(r"[a-z0-9./~{}-]+", path)
    assert [p["name"] for _, p in parameters("path") if not re.fullmatch(r"[a-z0-9-]+", p["name"])] == []


def test_ame_01_and_02_answers_and_bodies_are_json():
    kinds = {(k, what) for what, status, r in responses() if status < "4" for k in r.get("content", {})}
    kinds |= {(k, what) for what, body in bodies() for k in body["content"]}
    # A page to print is the one exception (docs/api-profile.md).
    assert {what for k, what in kinds if k != "application/json"} == {"post /referrals/{referral}/handout"}


def test_ame_04_05_and_07_property_names_are_all_snake_case():
    names = set(properties(SPEC))
    assert [n for n in names if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", n)] == []


@pytest.mark.parametrize("path", ["/api/v1/vocabularies/categories", "/api/v1/listings/nothing", "/docs"])
def test_arq_01_everything_is_utf_8(client, path: str):
    answer = client.get(path, headers={"Accept-Language": "sv"})
    assert answer.headers.get("content-type", "").partition("charset=")[2].lower() in {"", "utf-8"}
    told = answer.content.decode("utf-8")
    assert path == "/docs" or set("åäö") & set(told)  # as themselves, not as escapes


def test_arq_03_headers_have_the_forms_of_http(client, organisation):
    path = f"/api/v1/organisations/{organisation.id}"
    answers = [
        client.get(path),
        client.get(f"{path}/listings", headers=organisation.headers),
        client.get("/api/v1/nowhere"),
    ]
    answers.append(client.get(path, headers={"If-None-Match": answers[0].headers["etag"]}))
    assert [answer.status_code for answer in answers] == [200, 200, 404, 304]
    for answer in answers:
        given = answer.headers
        assert re.fullmatch(r'(W/)?"[!-~]+"', given.get("etag", '"-"'))
        directives = {part.strip().partition("=")[0] for part in given["cache-control"].split(",")}
        assert directives <= {"public", "private", "no-store", "no-cache", "max-age", "must-revalidate"}
        assert not {"set-cookie", "cookie"} & set(given)


def test_arq_05_no_data_travels_in_headers():
    headers = {p["name"].lower() for _, p in parameters("header")}
    assert headers <= {"accept-language", "if-match", "if-none-match", "idempotency-key", "authorization"}


def test_fel_01_problems_have_the_five_members():
    assert set(SCHEMAS["Problem"]["required"]) >= {"type", "title", "status", "detail", "instance"}


def test_fel_02_every_error_is_a_problem():
    for where, status, response in responses():
        if status == "default" or status >= "400":
            assert list(response["content"]) == ["application/problem+json"], where
            schema = response["content"]["application/problem+json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Problem"}, where


def test_ver_06_the_api_tells_about_itself():
    answer = SPEC["paths"]["/api-info"]["get"]["responses"]["200"]["content"]["application/json"]
    told = set(resolved(answer["schema"])["properties"])
    assert told == {"api_name", "api_version", "api_released", "api_documentation", "api_status"}


def test_fns_01_03_and_06_query_names_are_snake_case_and_safe():
    names = {p["name"] for _, p in parameters("query")}
    assert [n for n in names if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", n)] == []


def test_fns_05_query_parameters_are_optional():
    asked = [f"{where} {p['name']}" for where, p in parameters("query") if p.get("required")]
    # Suggestions without a word, and venues without a name, would be the whole table.
    assert set(asked) <= {"get /suggest q", "get /organisations/{organisation}/venues name"}


@pytest.mark.parametrize(("name", "default"), [("page", 1), ("limit", 20)])
def test_fns_07_08_and_09_paging_starts_at_page_1_with_20_items(name: str, default: int):
    paged = {where for where, p in parameters("query") if p["name"] == "page"}
    assert paged
    for where, parameter in parameters("query"):
        if where in paged and parameter["name"] == name:
            paged.discard(where) if name == "limit" else None
            assert parameter["schema"]["default"] == default, where
    assert name == "page" or not paged


def test_sak_09_and_10_keys_are_bearer_tokens():
    schemes = SPEC["components"]["securitySchemes"].values()
    assert schemes
    assert {(s["type"], s["scheme"]) for s in schemes} == {("http", "bearer")}


def test_sak_15_and_16_no_key_goes_in_the_query():
    assert [s for s in SPEC["components"]["securitySchemes"].values() if s.get("in") == "query"] == []


def test_sak_18_is_not_met_and_the_paper_says_why():
    schemes = {scheme["type"] for scheme in SPEC["components"]["securitySchemes"].values()}
    paper = (FILE.parent / "docs" / "api-profile.md").read_text(encoding="utf-8")
    assert ("oauth2" in schemes) != ("SAK.18" in paper)


def test_for_02_no_get_has_a_body():
    assert [p for p, m, operation in OPERATIONS if m == "get" and "requestBody" in operation] == []


# A person acts with her code, and an organisation opens its link: both stand in the body.
WITHOUT_KEY = {
    "/search",
    "/referral-sessions",
    "/self-referrals",
    "/my-referral",
    "/my-referral-sessions",
    "/my-referral/status",
    "/my-referral/contact",
    "/my-referral/erasure",
    "/my-referral/access-log",
}


def test_every_write_needs_a_key_and_no_public_read_does():
    for path, method, operation in OPERATIONS:
        if method != "get" and path not in WITHOUT_KEY:
            assert operation.get("security"), f"{method} {path}"
    for path in ("/search", "/listings/{listing}", "/vocabularies/{name}", "/api-info"):
        assert "security" not in SPEC["paths"][path]["get"]


def test_operation_ids_are_unique():
    ids = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(ids) == len(set(ids))
    assert len(ids) == sum(m in METHODS for item in SPEC["paths"].values() for m in item)


def test_every_error_class_is_a_named_response():
    assert {f"Problem{status}" for status in ERRORS} == set(SPEC["components"]["responses"])


def test_the_file_is_yaml_that_reads_back_the_same():
    assert yaml.safe_load(Path(FILE).read_text(encoding="utf-8")) == SPEC
