"""What a task on ticks may say, and what only ticks may."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.errors import Invalid
from apps.executions import timeframes
from apps.executions.models import BacktestTask, Execution
from apps.executions.services import start
from apps.market.quality import Checked
from apps.market.services import import_rows
from tests.market.quotes import random_quotes, random_ticks

pytestmark = pytest.mark.django_db
URL = "/api/trading/backtest-tasks/"


@pytest.fixture
def ticks(owner: Any) -> Any:
    rows = Checked(random_ticks(100), {})
    return import_rows(owner=owner, name="ticks", symbol="EUR_USD", layout="ticks", checked=rows).dataset


@pytest.fixture
def things(make_config: Any, ticks: Any) -> dict[str, Any]:
    """What a task on ticks needs at least."""
    return {"name": "first try", "config": make_config().pk, "dataset": ticks.pk}


@pytest.mark.parametrize(("said", "meant"), [(None, 60), (0, 0), (1, 1), (86_400, 86_400)])
def test_a_task_on_ticks_says_how_far_the_points_of_its_equity_are_apart(
    api: APIClient, things: dict[str, Any], said: int | None, meant: int, settings: Any
) -> None:
    settings.TICK_EVENT_EVERY = 50

    made = api.post(URL, {**things, "equity_seconds": said})

    assert (made.status_code, made.json()["equity_seconds"]) == (201, said)
    execution = start(BacktestTask.objects.get())
    assert Execution.objects.get(pk=execution.pk).manifest["ticks"] == {"equity_seconds": meant, "event_every": 50}


@pytest.mark.parametrize("value", [-1, 86_401, 0.5, 2**40, 10**30, "often", True, [], {}])
def test_what_is_no_distance_is_refused_by_its_name(api: APIClient, things: dict[str, Any], value: Any) -> None:
    answer = api.post(URL, {**things, "equity_seconds": value})

    assert answer.status_code == 400
    assert [problem["pointer"] for problem in answer.json()["errors"]] == ["/equity_seconds"]
    assert not BacktestTask.objects.exists()


def test_bars_have_a_point_each_and_nothing_to_say(api: APIClient, things: dict[str, Any], import_dataset: Any) -> None:
    bars = import_dataset(name="bars").pk
    url = f"{URL}{api.post(URL, {**things, 'equity_seconds': 5}).json()['id']}/"

    moved = api.patch(url, {"dataset": bars})
    both = api.patch(url, {"dataset": bars, "equity_seconds": None})

    assert moved.status_code == 400
    assert moved.json()["errors"][0]["pointer"] == "/equity_seconds"
    assert (both.status_code, both.json()["equity_seconds"]) == (200, None)
    assert "ticks" not in start(BacktestTask.objects.get()).manifest


def test_a_stranger_runs_nothing_on_ticks_of_others(
    stranger_api: APIClient, stranger: Any, things: dict[str, Any], make_config: Any
) -> None:
    config = make_config(owner=stranger, name="theirs").pk

    answer = stranger_api.post(URL, {**things, "config": config})

    assert answer.status_code == 400
    assert [problem["pointer"] for problem in answer.json()["errors"]] == ["/dataset"]
    assert not BacktestTask.objects.exists()


@pytest.mark.parametrize("text", ["1s", "7s", "5m", "1d", "1w", "1mo"])
def test_ticks_make_bars_of_any_timeframe(text: str) -> None:
    assert timeframes.clean(text, 0) == text


def test_a_timeframe_that_is_too_long_is_refused_of_ticks_too() -> None:
    with pytest.raises(Invalid, match="too long"):
        timeframes.clean("9999d", 0)


def test_quote_bars_make_multiples_only(owner: Any, api: APIClient, make_config: Any) -> None:
    rows = Checked(random_quotes(50), {})
    quotes = import_rows(
        owner=owner, name="quotes", symbol="EUR_USD", layout="quote_bars", timeframe_seconds=60, checked=rows
    ).dataset
    things = {"name": "a try", "config": make_config().pk, "dataset": quotes.pk}

    refused, made = api.post(URL, {**things, "timeframe": "90s"}), api.post(URL, {**things, "timeframe": "5m"})

    assert (refused.status_code, made.status_code) == (400, 201)
    assert refused.json()["errors"][0]["pointer"] == "/timeframe"
    assert "ticks" not in start(BacktestTask.objects.get()).manifest


def test_too_few_ticks_before_the_start_are_refused_with_their_number(api: APIClient, things: dict[str, Any]) -> None:
    period = {"start_time": "2024-01-01T00:00:10Z", "warm_up_bars": 1000}
    task = api.post(URL, {**things, **period}).json()["id"]

    answer = api.post(f"{URL}{task}/start/")

    assert answer.status_code == 400
    assert " ticks before 2024-01-01T00:00:10+00:00; a warm-up of 1000 needs as many" in answer.json()["error"]
    assert not Execution.objects.exists()
