"""What the server does before any room is entered, and after: bodies, headers, refusals."""

import pytest

LOGIN = "/api/accounts/auth/login/"


def test_an_unknown_address_is_a_problem_in_the_api_and_a_page_elsewhere(db, client):
    assert client.get("/api/nowhere/").json()["error"] == "Not found"
    assert b"<html" in client.get("/nowhere/").content


BODIES = {
    "half a character": b'{"email": "\\ud800", "password": "x"}',
    "not a number": b'{"email": NaN}',
    "endless nesting": b"[" * 100_000,
    "half an object": b'{"email": ',
    "no text at all": bytes(range(256)),
    "a number without end": b'{"email": 1e999}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_body_that_is_not_json_is_refused(db, client, body):
    answer = client.post(LOGIN, body, content_type="application/json")

    assert answer.status_code == 400
    assert answer.json()["error"].startswith("The body is not JSON")


def test_a_body_that_is_too_large_is_not_read(db, client, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1024

    answer = client.post(LOGIN, b'{"email": "' + b"a" * 2000 + b'"}', content_type="application/json")

    assert answer.status_code == 413


def test_the_admin_has_a_policy_of_its_own_and_the_pages_keep_the_strict_one(db, client):
    admin = client.get("/admin/login/")["Content-Security-Policy"]
    page = client.get("/sign-in/")["Content-Security-Policy"]

    assert "'unsafe-eval'" in admin
    assert "'unsafe-eval'" not in page
    assert "frame-ancestors 'none'" in admin
    assert "frame-ancestors 'none'" in page


def test_the_api_describes_itself(db, client):
    assert client.get("/api/schema/", headers={"accept": "application/json"}).json()["paths"]["/api/market/datasets/"]
    assert b"<script>" not in client.get("/api/docs/").content
