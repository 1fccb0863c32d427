"""The timeframe that a strategy sees and the bars it has seen before: what may be asked for, and what is refused."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from apps.engine.series.timeframes import Timeframe
from apps.errors import Invalid
from apps.executions import data, timeframes
from apps.executions.models import BacktestTask, Execution
from apps.executions.services import start
from apps.market.conventions import timeframe_of, timeframe_text
from tests.conftest import MINUTE, MONDAY, random_bars

pytestmark = pytest.mark.django_db
URL = "/api/trading/backtest-tasks/"
NINE_MINUTES = "2024-01-01T00:09:00Z"


@pytest.fixture
def things(make_config: Any, import_dataset: Any) -> dict[str, Any]:
    """What a task needs at least."""
    return {"name": "first try", "config": make_config().pk, "dataset": import_dataset().pk}


# Timeframes


@pytest.mark.storage
@pytest.mark.parametrize(
    ("said", "kept"),
    [("5m", "5m"), ("60m", "60m"), ("1D", "1d"), ("1mo", "1mo"), (" 4h ", "4h"), ("", ""), ("1m", ""), ("60s", "")],
)
def test_a_multiple_of_the_datasets_is_taken_and_its_own_is_none(make_task: Any, said: str, kept: str) -> None:
    task = BacktestTask.objects.get(pk=make_task(timeframe=said).pk)

    assert task.timeframe == kept
    assert Execution.objects.get(pk=start(task).pk).manifest["data"]["timeframe"] == kept


def test_the_api_takes_a_timeframe_and_shows_it(api: APIClient, things: dict[str, Any]) -> None:
    made = api.post(URL, {**things, "timeframe": "15m"})
    without = api.post(URL, {**things, "name": "another"})

    assert (made.status_code, made.json()["timeframe"]) == (201, "15m")
    assert (without.json()["timeframe"], without.json()["warm_up_bars"]) == ("", 0)


NO_MULTIPLES = {
    "half of one": (300, "150s", "5m: 5m would be one"),
    "between two": (300, "7m", "5m: 5m or 10m would be one"),
    "a day of three hours and a bit": (10_000, "1d", "10000s: 80000s or 25h would be one"),
    "months of weeks": (604_800, "1mo", "7d: 28d or 35d would be one"),
    "months of two days": (172_800, "2mo", "2d: 56d or 58d would be one"),
    "a year of nearly years": (366 * 86_400, "365d", "366d: 366d would be one"),
}


@pytest.mark.parametrize(("own", "said", "right"), NO_MULTIPLES.values(), ids=NO_MULTIPLES.keys())
def test_what_is_no_multiple_is_refused_with_the_nearest_that_are(own: int, said: str, right: str) -> None:
    with pytest.raises(Invalid) as refusal:
        timeframes.clean(said, own)

    assert right in refusal.value.fields["timeframe"][0]


@pytest.mark.parametrize(
    "value",
    [
        "7",
        "five minutes",
        "5M5",
        "0m",
        "-5m",
        "1y",
        "999999d",
        "13mo",
        "٣m",
        "5m\n5m",
        "30s",
        "5" * 11,
        None,
        5,
        [],
        {},
    ],
)
def test_what_is_no_timeframe_is_refused_by_its_name(api: APIClient, things: dict[str, Any], value: Any) -> None:
    answer = api.post(URL, {**things, "timeframe": value})

    assert answer.status_code == 400
    assert [problem["pointer"] for problem in answer.json()["errors"]] == ["/timeframe"]
    assert not BacktestTask.objects.exists()


def test_a_timeframe_is_judged_by_the_dataset_it_is_for(
    api: APIClient, things: dict[str, Any], import_dataset: Any
) -> None:
    url = f"{URL}{api.post(URL, {**things, 'timeframe': '15m'}).json()['id']}/"
    tens = import_dataset(random_bars(50, step=10 * MINUTE), name="tens", timeframe_seconds=600)

    answer = api.patch(url, {"dataset": tens.pk})

    assert answer.status_code == 400
    assert "10m or 20m would be one" in answer.json()["errors"][0]["detail"]
    assert BacktestTask.objects.get().dataset_id == things["dataset"]


@given(seconds=st.integers(1, 366 * 86_400))
def test_a_timeframe_survives_being_written(seconds: int) -> None:
    text = timeframe_text(seconds)

    assert timeframe_of(text) == seconds
    if seconds < 1_000_000:
        assert str(Timeframe.parse(text)) == text


@given(text=st.text(max_size=12), own=st.integers(1, 366 * 86_400))
def test_any_text_is_a_timeframe_or_refused(text: str, own: int) -> None:
    kept, problems = "", []
    try:
        kept = timeframes.clean(text, own)
    except Invalid as refusal:
        problems = [*refusal.fields]

    assert problems in ([], ["timeframe"])
    assert timeframes.clean(kept, own) == kept


# Warm-up


@pytest.mark.storage
def test_a_warm_up_goes_into_the_manifest_and_its_bars_come_before_the_period(make_task: Any) -> None:
    task = make_task(start_time="2024-01-01T00:09:00+00:00", warm_up_bars=9)
    task = BacktestTask.objects.get(pk=task.pk)

    manifest = Execution.objects.get(pk=start(task).pk).manifest

    assert manifest["data"]["warm_up_bars"] == 9
    rows, warm_up = data.rows_of(manifest["data"])
    assert (len(rows), warm_up, rows["time"][0]) == (300, 9, MONDAY)
    assert data.bars_of(manifest["data"])["time"][0] == MONDAY + 9 * MINUTE


def test_too_few_bars_before_the_start_are_refused_with_their_number(api: APIClient, things: dict[str, Any]) -> None:
    task = api.post(URL, {**things, "start_time": NINE_MINUTES, "warm_up_bars": 10}).json()["id"]

    answer = api.post(f"{URL}{task}/start/")

    assert answer.status_code == 400
    (problem,) = answer.json()["errors"]
    assert problem["pointer"] == "/warm_up_bars"
    assert problem["detail"].startswith("There are 9 bars before 2024-01-01T00:09:00+00:00;")
    assert not Execution.objects.exists()


def test_only_bars_within_the_hours_warm_up(api: APIClient, things: dict[str, Any]) -> None:
    period = {"start_time": NINE_MINUTES, "session": "00:08-01:00 UTC"}
    enough, more = (
        api.post(URL, {**things, **period, "name": str(count), "warm_up_bars": count}).json()["id"] for count in (1, 2)
    )

    refused = api.post(f"{URL}{more}/start/")

    assert api.post(f"{URL}{enough}/start/").status_code == 202
    assert refused.status_code == 400
    assert "There is 1 bar before" in refused.json()["error"]
    assert "and the hours 00:08-01:00 UTC" in refused.json()["error"]


def test_a_warm_up_needs_a_start_to_come_before(api: APIClient, things: dict[str, Any]) -> None:
    answer = api.post(URL, {**things, "warm_up_bars": 1})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/warm_up_bars"
    assert not BacktestTask.objects.exists()


@pytest.mark.parametrize("value", [-1, 0.5, 10**9 + 1, 2**63, 10**30, "many", None, True, [], {}])
def test_what_is_no_number_of_bars_is_refused(api: APIClient, things: dict[str, Any], value: Any) -> None:
    answer = api.post(URL, {**things, "start_time": NINE_MINUTES, "warm_up_bars": value})

    assert answer.status_code == 400
    assert "Execution" not in answer.content.decode()
    assert not BacktestTask.objects.exists()


def test_a_period_without_a_bar_is_refused_before_it_is_warmed_up_for(make_task: Any) -> None:
    task = make_task(start_time="2030-01-01T00:00:00+00:00", warm_up_bars=3)

    with pytest.raises(Invalid, match="has no bar in the period"):
        start(BacktestTask.objects.get(pk=task.pk))

    assert not Execution.objects.exists()


MORNING = {"session": "", "start_time": "2024-01-01T00:09:00+00:00", "end_time": None}


@pytest.mark.parametrize("end", [None, "2024-01-01T00:20:00+00:00"])
@pytest.mark.parametrize("hours", ["", "00:05-00:15 UTC"])
@pytest.mark.parametrize("count", [0, 1, 4])
def test_a_warm_up_adds_bars_and_changes_none(import_dataset: Any, end: Any, hours: str, count: int) -> None:
    about = {**MORNING, "end_time": end, "session": hours, "content_hash": import_dataset().latest.content_hash}

    rows, warm_up = data.rows_of({**about, "warm_up_bars": count})

    assert warm_up == count
    assert np.array_equal(rows[warm_up:], data.bars_of(about))
    assert rows["time"][0] == MONDAY + (9 - count) * MINUTE
