"""Calls a minute: of one user, shared by processes, and told on every answer."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any
from unittest import mock

import pytest
from django.http import HttpResponse, HttpResponseNotModified, HttpResponseServerError
from django.test import Client, RequestFactory
from rest_framework.test import APIClient

from apps.accounts import limits
from apps.strategies.models import StrategyConfig
from config.limits import LimitMiddleware
from tests import services
from tests.stack import _own_number, free_port

ME, CONFIGS = "/api/accounts/me/", "/api/trading/strategy-configs/"
STATUS = "/api/trading/executions/1/status/"
LATEST = "/api/trading/executions/1/metrics/latest/"
NAMES = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


@pytest.fixture(scope="session")
def redis_number() -> Iterator[str]:
    with _own_number(services.require_redis()) as url:
        yield url


@pytest.fixture(params=["redis", "own"])
def limited(request: pytest.FixtureRequest, settings: Any) -> Iterator[Any]:
    """The settings, with the documented limits, counted by Redis and by the process."""
    settings.CHANNEL_REDIS_URL = request.getfixturevalue("redis_number") if request.param == "redis" else ""
    settings.RATE_LIMIT_STANDARD, settings.RATE_LIMIT_REALTIME, settings.RATE_LIMIT_PAGES = 100, 200, 1200
    limits.windows_at.cache_clear()
    yield settings
    limits.windows_at.cache_clear()
    if settings.CHANNEL_REDIS_URL:
        with limits.redis.Redis.from_url(settings.CHANNEL_REDIS_URL) as client:
            for key in client.scan_iter(limits.PREFIX + "*"):
                client.delete(key)


def is_refusal(answer: Any) -> bool:
    body = answer.json()
    return (
        answer.status_code == 429
        and answer["X-RateLimit-Remaining"] == "0"
        and 1 <= int(answer["Retry-After"]) <= 60
        and body["code"] == "rate_limited"
        and body["error"] == body["detail"]
    )


# Calls --------------------------------------------------------------------------------------------------------------


@pytest.mark.case("T65", "T67", "T68")
def test_the_101st_call_of_a_minute_is_refused_and_says_when_the_next_is_heard(limited: Any, api: APIClient) -> None:
    answers = [api.get(ME) for _ in range(100)]
    refused = api.post(CONFIGS, {"name": "one too many", "strategy_type": "sma_cross"}, format="json")

    assert {answer.status_code for answer in answers} == {200}
    assert [int(answer["X-RateLimit-Remaining"]) for answer in answers] == list(range(99, -1, -1))
    assert {answer["X-RateLimit-Limit"] for answer in answers} == {"100"}
    assert time.time() < int(answers[-1]["X-RateLimit-Reset"]) <= time.time() + 61
    assert is_refusal(refused)
    assert not StrategyConfig.objects.exists()


@pytest.mark.case("T66")
@pytest.mark.parametrize("path", [STATUS, LATEST, "/api/trading/executions/1/trades/?since_sequence=7"])
def test_following_has_a_window_of_its_own_of_200_calls(limited: Any, api: APIClient, path: str) -> None:
    limited.RATE_LIMIT_STANDARD = 1
    api.get(ME)

    assert is_refusal(api.get(ME))
    answer = api.get(path)
    assert (answer["X-RateLimit-Limit"], answer["X-RateLimit-Remaining"]) == ("200", "199")


def test_another_user_has_windows_of_their_own(limited: Any, api: APIClient, stranger_api: APIClient) -> None:
    limited.RATE_LIMIT_STANDARD = 2
    for _ in range(3):
        api.get(ME)

    assert stranger_api.get(ME)["X-RateLimit-Remaining"] == "1"
    assert is_refusal(api.get(ME))


def test_after_the_end_of_the_window_one_is_heard_again(
    limited: Any, api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config.limits.WINDOW_SECONDS", 1.0)
    limited.RATE_LIMIT_STANDARD = 1
    api.get(ME)
    refused = api.get(ME)
    assert is_refusal(refused)
    time.sleep(int(refused["Retry-After"]))

    assert api.get(ME).status_code == 200


ANSWERS = {
    "200": ("get", ME),
    "400": ("post", CONFIGS),
    "404 of a view": ("get", "/api/trading/executions/1/"),
    "404 of no view": ("get", "/api/nowhere/"),
    "405": ("delete", ME),
    "301": ("get", "/api/accounts/me"),
}


@pytest.mark.case("T67")
@pytest.mark.parametrize(("status", "call"), ANSWERS.items(), ids=ANSWERS.keys())
def test_every_answer_tells_the_limit(limited: Any, api: APIClient, status: str, call: tuple[str, str]) -> None:
    answer = getattr(api, call[0])(call[1])

    assert str(answer.status_code) == status[:3]
    assert (answer["X-RateLimit-Limit"], answer["X-RateLimit-Remaining"]) == ("100", "99")
    assert answer["X-RateLimit-Reset"].isdigit()


@pytest.mark.case("T67")
@pytest.mark.parametrize("header", [{}, {"HTTP_AUTHORIZATION": "Bearer old.and.broken"}], ids=["none", "a bad one"])
def test_without_a_good_token_one_is_told_and_counted_by_address(
    limited: Any, db: None, header: dict[str, str]
) -> None:
    limited.RATE_LIMIT_STANDARD = 2
    client = APIClient()
    answers = [client.get(ME, **header) for _ in range(3)]  # type: ignore[arg-type]

    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert [answer["X-RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert is_refusal(answers[-1])
    assert client.get(ME, REMOTE_ADDR="203.0.113.9", **header).status_code == 401  # type: ignore[arg-type]


@pytest.mark.case("T67")
@pytest.mark.parametrize("made", [HttpResponseNotModified, HttpResponseServerError, HttpResponse])
def test_answers_that_no_view_of_ours_counted_tell_the_limit_and_stay(limited: Any, made: Any) -> None:
    limited.RATE_LIMIT_STANDARD = 1
    door = LimitMiddleware(lambda request: made())
    answers = [door(RequestFactory().get("/api/somewhere/")) for _ in range(2)]

    assert {answer.status_code for answer in answers} == {made.status_code}
    assert all(name in answer for answer in answers for name in NAMES)


@pytest.mark.case("T67")
def test_a_crash_tells_the_limit(limited: Any, owner: Any) -> None:
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(owner)
    with mock.patch("apps.executions.services.find", side_effect=RuntimeError("boom")):
        answer = client.get(STATUS)

    assert (answer.status_code, answer["X-RateLimit-Remaining"]) == (500, "199")


def test_pages_and_a_server_without_limits_tell_none(limited: Any, api: APIClient, client: Client) -> None:
    assert not any(name in client.get("/sign-in/") for name in NAMES)
    limited.RATE_LIMIT_STANDARD = 0

    assert not any(name in api.get(ME) for name in NAMES)
    assert not any(name in api.get("/api/nowhere/") for name in NAMES)


def test_what_our_own_pages_ask_leaves_a_programs_calls_alone(limited: Any, owner: Any, api: APIClient) -> None:
    browser = APIClient()
    browser.force_login(owner)
    asked = [browser.get(path)["X-RateLimit-Remaining"] for path in (STATUS, ME, LATEST)]

    assert asked == ["1199", "1198", "1197"]
    assert api.get(ME)["X-RateLimit-Remaining"] == "99"


def test_counting_asks_the_database_for_nothing(limited: Any, api: APIClient, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):  # the user
        assert api.get(ME).status_code == 200


# Outages ------------------------------------------------------------------------------------------------------------


def test_while_redis_is_away_calls_go_through_at_once_and_it_is_logged_once(
    settings: Any, api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "RETRY_SECONDS", 0.0)  # each call tries again
    settings.RATE_LIMIT_STANDARD, settings.CHANNEL_REDIS_URL = 100, f"redis://127.0.0.1:{free_port()}"
    with mock.patch.object(limits, "log") as log:
        answers = [api.get(ME) for _ in range(5)]

    assert [(a.status_code, a["X-RateLimit-Remaining"]) for a in answers] == [(200, str(n)) for n in range(99, 94, -1)]
    assert log.warning.call_count == 1


# Processes ----------------------------------------------------------------------------------------------------------


@pytest.mark.acceptance
def test_two_web_servers_share_a_window_and_let_exactly_the_limit_through(tmp_path: Any, redis_number: str) -> None:
    import httpx

    from tests.stack import Stack, environment_of

    environment = environment_of(tmp_path / "data", {"REDIS_URL": redis_number, "RATE_LIMIT_STANDARD": "50"})
    stacks = [Stack("embedded", tmp_path, environment) for _ in range(2)]
    with ExitStack() as undo, httpx.Client(timeout=60) as client:
        stacks[0].manage("migrate", "--verbosity", "0")
        for stack in stacks:
            undo.callback(stack.stop_all)
            stack.start_web()
        body = {"email": "someone@example.org", "password": "nine brown bears in a boat"}
        token = client.post(f"{stacks[0].url}/api/accounts/auth/register/", json=body).json()["token"]

        def ask(number: int) -> int:
            header = {"Authorization": f"Bearer {token}"}
            return client.get(f"{stacks[number % 2].url}{ME}", headers=header).status_code

        with ThreadPoolExecutor(32) as pool:
            codes = list(pool.map(ask, range(160)))

    assert (codes.count(200), codes.count(429)) == (50, 110)
