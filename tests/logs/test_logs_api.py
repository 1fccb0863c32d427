"""The log of an execution: what happened to it on this server, in words (T79)."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from apps.executions import lifecycle
from apps.executions.models import Execution
from apps.logs.models import Level, LogLine
from apps.runner import recorder
from tests.runner.conftest import let_lapse

pytestmark = [pytest.mark.storage, pytest.mark.django_db]


def log_of(api: APIClient, execution: Any, query: str = "") -> Any:
    answer = api.get(f"/api/trading/executions/{execution.pk}/logs/{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def texts(api: APIClient, execution: Any, query: str = "") -> list[str]:
    return [line["message"] for line in log_of(api, execution, query)["logs"]]


@pytest.mark.case("T79")
def test_a_run_is_told_from_its_claim_to_its_end(api: APIClient, finished: Any) -> None:
    body = log_of(api, finished)

    worker = body["logs"][1]["context"]["worker"]
    assert [line["message"] for line in body["logs"]] == [
        "It is running; it was created.", f"{worker} has taken it up.", "It is completed.",
    ]  # fmt: skip
    assert [line["sequence"] for line in body["logs"]] == [1, 2, 3]
    assert set(body["logs"][0]) == {"sequence", "level", "message", "context", "timestamp"}
    assert body["logs"][0]["timestamp"].endswith("Z")
    assert (body["execution_id"], body["count"], body["next"]) == (finished.pk, 3, None)


def test_a_failure_is_an_error_with_its_place(api: APIClient, execution: Any) -> None:
    claim = recorder.claim(execution.pk)
    assert claim is not None
    recorder.fail(claim, "division by zero", {"error_type": "ZeroDivisionError", "line": 7})

    (line,) = log_of(api, execution, "?level=error")["logs"]

    assert (line["message"], line["context"]["line"]) == ("division by zero", 7)


def test_a_lost_worker_is_a_warning_and_a_turn_is_nothing(api: APIClient, execution: Any) -> None:
    claim = recorder.claim(execution.pk)
    assert claim is not None
    recorder.release(claim)
    recorder.claim(execution.pk)
    assert texts(api, execution, "?level=warning") == []
    let_lapse(execution)

    recorder.claim(execution.pk)

    assert len(texts(api, execution, "?text=TAKEN IT UP")) == 1
    assert "was lost" in texts(api, execution, "?level=warning,error")[0]


def test_what_is_rolled_back_is_not_told(api: APIClient, execution: Any) -> None:
    def explode(**more: Any) -> None:
        raise RuntimeError

    lifecycle.status_changed.connect(explode)
    try:
        with pytest.raises(RuntimeError):
            lifecycle.stop(execution)
    finally:
        lifecycle.status_changed.disconnect(explode)

    assert texts(api, execution) == []


@pytest.fixture
def long(execution: Any) -> Any:
    """An execution with 25 lines, a minute between each two: every fifth a warning."""
    start = timezone.now().replace(microsecond=0) - timedelta(hours=1)
    for number in range(1, 26):
        level = Level.INFO if number % 5 else Level.WARNING
        line = LogLine.objects.create(execution=execution, sequence=number, level=level, message=f"line {number}")
        LogLine.objects.filter(pk=line.pk).update(created_at=start + timedelta(minutes=number))
    return execution


def test_a_reader_follows_by_sequences(api: APIClient, long: Any) -> None:
    found, url = [], f"/api/trading/executions/{long.pk}/logs/?limit=7&level=info"
    while url:
        body = api.get(url).json()
        found += [line["sequence"] for line in body["logs"]]
        url = body["next"]

    assert found == [number for number in range(1, 26) if number % 5]
    assert texts(api, long, "?since_sequence=25") == []
    assert texts(api, long, "?since_sequence=24") == ["line 25"]


def test_lines_are_chosen_by_level_text_and_time(api: APIClient, long: Any) -> None:
    times = [line["timestamp"] for line in log_of(api, long)["logs"]]

    assert texts(api, long, "?level=warning") == [f"line {number}" for number in (5, 10, 15, 20, 25)]
    assert texts(api, long, "?text=Line 2&limit=2") == ["line 2", "line 20"]
    assert texts(api, long, f"?start_time={times[3]}&end_time={times[5]}") == ["line 4", "line 5", "line 6"]
    assert texts(api, long, "?text=%25") == []


@pytest.mark.parametrize(
    "query",
    ["level=loud", "level=", "limit=0", "limit=x", "since_sequence=-1", "text=", "text=" + "x" * 201, "text=%00",
     "start_time=soon", "end_time=0001-01-01T00:00:00%2B14:00", "nothing=1"],
)  # fmt: skip
def test_a_wrong_question_is_refused_by_name(api: APIClient, execution: Any, query: str) -> None:
    answer = api.get(f"/api/trading/executions/{execution.pk}/logs/?{query}")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/" + query.partition("=")[0]


def test_a_stranger_reads_nothing(stranger_api: APIClient, anonymous_api: APIClient, finished: Any) -> None:
    url = f"/api/trading/executions/{finished.pk}/logs/"

    assert stranger_api.get(url).status_code == 403
    assert anonymous_api.get(url).status_code == 401
    assert stranger_api.get("/api/trading/executions/999999/logs/").status_code == 404


def test_what_one_has_is_not_sent_again(api: APIClient, execution: Any) -> None:
    url = f"/api/trading/executions/{execution.pk}/logs/"
    tag = api.get(url)["ETag"]
    assert api.get(url, headers={"if-none-match": tag}).status_code == 304

    lifecycle.stop(Execution.objects.get(pk=execution.pk))

    after = api.get(url, headers={"if-none-match": tag})
    assert (after.status_code, after["Cache-Control"]) == (200, "private, max-age=31536000, immutable")


def test_a_deleted_execution_takes_its_log_along(api: APIClient, finished: Any) -> None:
    assert api.delete(f"/api/trading/executions/{finished.pk}/").status_code == 204

    assert not LogLine.objects.exists()
