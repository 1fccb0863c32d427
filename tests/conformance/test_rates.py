"""How often a user may call, by the limits that a server has when nobody sets any."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.limits import LIMITS

pytestmark = pytest.mark.django_db
MINUTE = 60


@pytest.fixture(scope="module")
def unset() -> dict[str, int]:
    """The limits as the settings have them without a word in the environment."""
    question = (
        f"import json; from django.conf import settings; print(json.dumps([getattr(settings, n) for n in {LIMITS}]))"
    )
    environment = {name: value for name, value in os.environ.items() if name not in LIMITS}
    environment |= {"DJANGO_SETTINGS_MODULE": "config.settings"}
    answer = subprocess.run([sys.executable, "-c", question], env=environment, capture_output=True, check=True)
    return dict(zip(LIMITS, json.loads(answer.stdout), strict=True))


@pytest.fixture
def limited(unset: dict[str, int], settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a server; nothing is counted yet."""
    from apps.accounts import limits

    windows = limits.OwnWindows()
    monkeypatch.setattr(limits, "windows_at", lambda url: windows)
    for name, limit in unset.items():
        setattr(settings, name, limit)


@pytest.fixture
def call(api: APIClient, execution: Any, limited: None) -> Callable[[str], Any]:
    """call("status/"): what the execution's owner is answered there."""
    return lambda path: api.get(f"/api/trading/executions/{execution.pk}/{path}")


def assert_refused(answer: Any, limit: int) -> None:
    assert answer.status_code == 429
    assert type(answer.json()["error"]) is str
    assert (answer["X-RateLimit-Limit"], answer["X-RateLimit-Remaining"]) == (str(limit), "0")
    assert 1 <= int(answer["Retry-After"]) <= MINUTE


@pytest.mark.case("T60", "T65", "T68")
def test_the_101st_ordinary_call_is_refused_and_nobody_elses(
    call: Callable[[str], Any], stranger_api: APIClient
) -> None:
    answers = [call("events/") for _ in range(101)]

    assert {answer.status_code for answer in answers[:100]} == {200}
    assert [int(answer["X-RateLimit-Remaining"]) for answer in answers[:100]] == list(range(99, -1, -1))
    assert_refused(answers[100], 100)
    assert stranger_api.get("/api/trading/executions/").status_code == 200


@pytest.mark.case("T66", "T68")
@pytest.mark.parametrize("path", ["status/", "metrics/latest/", "events/?since_sequence=0"])
def test_the_201st_call_in_real_time_is_refused_and_ordinary_ones_are_not(
    call: Callable[[str], Any], path: str
) -> None:
    answers = [call(path) for _ in range(201)]

    assert {answer.status_code for answer in answers[:200]} == {200}
    assert_refused(answers[200], 200)
    assert call("events/").status_code == 200


@pytest.mark.case("T67")
def test_every_answer_says_how_many_calls_are_left_and_until_when(
    call: Callable[[str], Any], api: APIClient, stranger_api: APIClient, anonymous_api: APIClient, execution: Any
) -> None:
    url = f"/api/trading/executions/{execution.pk}/events/"
    known = call("status/")["ETag"]
    answers = {
        200: call("status/"),
        304: api.get(url.replace("events", "status"), headers={"if-none-match": known}),
        400: call("events/?page=0"),
        401: anonymous_api.get(url),
        403: stranger_api.get(url),
        404: api.get("/api/trading/no-such-thing/"),
        405: api.delete(url),
    }

    for status, answer in answers.items():
        assert answer.status_code == status
        limit, left, end = (int(answer[f"X-RateLimit-{name}"]) for name in ("Limit", "Remaining", "Reset"))
        assert limit in (100, 200), status
        assert 0 <= left < limit
        assert 0 <= end - time.time() <= MINUTE + 1


@pytest.mark.case("T69")
def test_five_executions_can_be_watched_at_the_documented_intervals(call: Callable[[str], Any]) -> None:
    intervals = {"status/": 3, "events/?since_sequence=0": 5, "equity/?since_sequence=0": 10, "metrics/latest/": 30}
    minute = [path for path, seconds in intervals.items() for _ in range(MINUTE // seconds)]

    answers = [call(path) for _ in range(5) for path in minute]

    assert len(answers) == 200
    assert {answer.status_code for answer in answers} == {200}
