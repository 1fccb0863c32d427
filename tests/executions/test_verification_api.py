"""Verifications by the native API: asked for by POST, read by GET, by the execution's owner."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.executions.models import Execution, Verification
from apps.runner import tasks

pytestmark = pytest.mark.django_db


def path(execution: Any) -> str:
    return f"/api/trading/executions/{execution.pk}/verify/"


def test_what_is_asked_for_is_under_way_and_then_answered(api: APIClient, finished: Any) -> None:
    asked = api.post(path(finished))

    assert asked.status_code == 202
    assert asked["Location"] == path(finished)
    body = asked.json()
    assert (body["execution_id"], body["outcome"], body["progress"]) == (finished.pk, "pending", 0.0)
    assert (body["report"], body["finished_at"]) == ({}, None)
    assert api.get(path(finished)).json() == body

    tasks.verify_execution(body["id"])

    answer = api.get(path(finished)).json()
    assert (answer["id"], answer["outcome"], answer["progress"]) == (body["id"], "equal", 100.0)
    assert answer["finished_at"] is not None
    assert answer["report"]["compared"]["bars"] == 300
    assert set(answer["report"]) == {"summary", "changed", "rows", "compared", "unchecked", "reason"}


def test_what_differs_is_named(api: APIClient, finished: Any) -> None:
    manifest = finished.manifest
    manifest["strategy"]["parameters"]["slow"] = 9
    Execution.objects.update(manifest=manifest)

    tasks.verify_execution(api.post(path(finished)).json()["id"])

    answer = api.get(path(finished)).json()
    assert answer["outcome"] == "different"
    assert answer["report"]["changed"][0] == {
        "field": "strategy.parameters.slow",
        "check": "sealed",
        "expected": None,
        "found": 9,
    }
    assert [row["journal"] for row in answer["report"]["rows"]][:1] == ["events"]


def test_asking_again_while_it_is_under_way_answers_with_it(api: APIClient, finished: Any) -> None:
    first = api.post(path(finished)).json()

    second = api.post(path(finished))

    assert second.status_code == 202
    assert second.json() == first
    assert Verification.objects.count() == 1


def test_workers_lost_are_no_part_of_the_answer(api: APIClient, finished: Any) -> None:
    api.post(path(finished))
    Verification.objects.update(outcome="running", report={"workers_lost": 1})

    assert api.get(path(finished)).json()["report"] == {}


@pytest.mark.parametrize("status", ["created", "running"])
def test_what_still_moves_is_a_conflict(api: APIClient, execution: Any, status: str) -> None:
    Execution.objects.update(status=status)

    answer = api.post(path(execution))

    assert answer.status_code == 409
    assert answer.json()["code"] == "still_moving"
    assert f"is {status}" in answer.json()["error"]
    assert not Verification.objects.exists()


def test_before_the_first_there_is_nothing_to_read(api: APIClient, finished: Any) -> None:
    answer = api.get(path(finished))

    assert answer.status_code == 404
    assert "has not been verified yet" in answer.json()["error"]


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_else_asks_or_reads(
    method: str, api: APIClient, stranger_api: APIClient, anonymous_api: APIClient, finished: Any
) -> None:
    api.post(path(finished))
    before = Verification.objects.values().get()

    assert getattr(stranger_api, method)(path(finished)).status_code == 403
    assert getattr(anonymous_api, method)(path(finished)).status_code == 401
    assert Verification.objects.values().get() == before


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("number", [987654321, 10**18, 10**30])
def test_an_unknown_execution_is_not_found(method: str, number: int, api: APIClient) -> None:
    assert getattr(api, method)(f"/api/trading/executions/{number}/verify/").status_code == 404


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_nothing_else_can_be_done_there(method: str, api: APIClient, finished: Any) -> None:
    assert getattr(api, method)(path(finished)).status_code == 405


@pytest.mark.parametrize("body", [b"", b"{}", b"null"])
def test_it_needs_no_body(api: APIClient, finished: Any, body: bytes) -> None:
    answer = api.generic("POST", path(finished), body, content_type="application/json")

    assert answer.status_code == 202


@pytest.mark.parametrize("body", [b"[1, 2", b"\xff\xfe", b'{"more": 1}'])
def test_a_body_that_says_something_is_refused(api: APIClient, finished: Any, body: bytes) -> None:
    answer = api.generic("POST", path(finished), body, content_type="application/json")

    assert answer.status_code == 400
    assert not finished.verifications.exists()


def test_the_execution_tells_its_hashes(api: APIClient, finished: Any) -> None:
    answer = api.get(f"/api/trading/executions/{finished.pk}/").json()

    assert answer["manifest_hash"] == finished.manifest_hash
    assert answer["tape_hash"] == finished.tape_hash
    assert answer["seal"] == finished.seal
    assert {len(answer["manifest_hash"]), len(answer["tape_hash"])} == {64}


def test_the_schema_describes_it(api: APIClient) -> None:
    schema = api.get("/api/schema/", {"format": "json"}, HTTP_ACCEPT="application/json").json()

    door = schema["paths"]["/api/trading/executions/{id}/verify/"]
    assert set(door) == {"get", "post"}
    assert "202" in door["post"]["responses"]
    assert "requestBody" not in door["post"]
    start = schema["paths"]["/api/trading/backtest-tasks/{id}/start/"]["post"]
    assert set(start["responses"]) >= {"200", "202"}
