"""Organisations over HTTP."""

PROBLEM = "application/problem+json"
BODY = {
    "external_id": "kaffe-farsta",
    "name": "Kaffe i Farsta",
    "org_number": None,
    "municipality_code": "0180",
}


def test_only_the_operator_makes_organisations(client, operator, organisation):
    refused = client.post("/api/v1/organisations", json=BODY, headers=organisation.headers)
    assert refused.status_code == 403
    assert refused.headers["content-type"] == PROBLEM
    made = client.post("/api/v1/organisations", json=BODY, headers=operator)
    assert made.status_code == 201
    assert made.headers["etag"] == '"v1"'
    shown = client.get(made.headers["location"])
    assert shown.json()["name"] == "Kaffe i Farsta"


def test_without_a_key_nothing_is_written(client):
    answer = client.post("/api/v1/organisations", json=BODY)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_mistyped_key_is_told_from_an_unknown_one(client, operator):
    token = operator["Authorization"]
    mistyped = token[:-1] + ("a" if token[-1] != "a" else "b")
    answer = client.post(
        "/api/v1/organisations", json=BODY, headers={"Authorization": mistyped, "Accept-Language": "en"}
    )
    assert answer.status_code == 401
    assert "mistyped" in answer.json()["detail"]


def test_a_taken_external_id_is_a_conflict_that_names_the_field(client, operator):
    client.post("/api/v1/organisations", json=BODY, headers=operator)
    again = client.post("/api/v1/organisations", json=BODY | {"name": "En annan"}, headers=operator)
    assert again.status_code == 409
    assert again.json()["errors"][0]["pointer"] == "/external_id"


def test_an_organisation_number_is_checked_and_a_personal_one_refused_without_echo(client, operator):
    for number in ("556036-0794", "900101-0008"):
        answer = client.post("/api/v1/organisations", json=BODY | {"org_number": number}, headers=operator)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/org_number"
        assert number not in answer.text
    good = client.post("/api/v1/organisations", json=BODY | {"org_number": "556036-0793"}, headers=operator)
    assert good.status_code == 201


def test_an_unknown_kommun_is_named(client, operator):
    answer = client.post("/api/v1/organisations", json=BODY | {"municipality_code": "9999"}, headers=operator)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/municipality_code"


def test_replacing_needs_the_version_that_was_read(client, organisation):
    path = f"/api/v1/organisations/{organisation.id}"
    body = {"external_id": organisation.external_id, "name": "Nytt namn"}
    assert client.put(path, json=body, headers=organisation.headers).status_code == 428
    stale = client.put(path, json=body, headers=organisation.headers | {"If-Match": '"v9"'})
    assert stale.status_code == 412
    etag = client.get(path).headers["etag"]
    done = client.put(path, json=body, headers=organisation.headers | {"If-Match": etag})
    assert done.status_code == 200
    assert done.json()["name"] == "Nytt namn"
    assert done.headers["etag"] != etag


def test_another_organisation_is_not_found(client, organisation, other_organisation):
    answer = client.put(
        f"/api/v1/organisations/{other_organisation.id}",
        json={"external_id": other_organisation.external_id, "name": "Kapad"},
        headers=organisation.headers | {"If-Match": "*"},
    )
    assert answer.status_code == 404


def test_unknown_fields_are_refused_by_name(client, operator):
    answer = client.post("/api/v1/organisations", json=BODY | {"colour": "red"}, headers=operator)
    assert answer.status_code == 422
    assert [e["pointer"] for e in answer.json()["errors"]] == ["/colour"]
    assert "red" not in answer.text


def test_problems_speak_the_readers_language(client):
    swedish = client.get("/api/v1/organisations/finns-inte", headers={"Accept-Language": "sv"}).json()
    english = client.get("/api/v1/organisations/finns-inte", headers={"Accept-Language": "en-GB"}).json()
    assert swedish["title"] == "Finns inte"
    assert english["title"] == "Not found"


def test_the_same_key_and_body_give_the_same_answer_once_done(client, operator):
    headers = operator | {"Idempotency-Key": "a-1"}
    first = client.post("/api/v1/organisations", json=BODY, headers=headers)
    again = client.post("/api/v1/organisations", json=BODY, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    other = client.post("/api/v1/organisations", json=BODY | {"name": "Annat"}, headers=headers)
    assert other.status_code == 422


def test_a_too_large_body_is_refused(client, operator):
    answer = client.post(
        "/api/v1/organisations", content=b'{"name":"' + b"x" * 1_100_000 + b'"}', headers=operator
    )
    assert answer.status_code == 413
    assert answer.headers["content-type"] == PROBLEM


def test_unreadable_json_is_a_bad_request(client, operator):
    answer = client.post(
        "/api/v1/organisations", content=b"{", headers=operator | {"Content-Type": "application/json"}
    )
    assert answer.status_code == 400
    assert answer.headers["content-type"] == PROBLEM


def test_unknown_paths_and_methods_are_problems_too(client):
    for method, path, status in (
        ("GET", "/api/v1/nowhere", 404),
        ("DELETE", "/api/v1/search", 405),
    ):
        answer = client.request(method, path)
        assert answer.status_code == status
        assert answer.headers["content-type"] == PROBLEM
