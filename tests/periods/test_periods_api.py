"""Figures by day, week, month and year, or checkpoint by checkpoint (T79): the same as by hand from the journals."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as bounds
from hypothesis import strategies as st
from rest_framework.test import APIClient

from apps.periods import figures
from tests.conftest import MONDAY, random_bars

pytestmark = [pytest.mark.storage, pytest.mark.django_db]
HOUR = 3_600_000_000


@pytest.fixture
def run_over_weeks(make_task: Any, import_dataset: Any) -> Any:
    """600 bars of seven hours each, from a Monday on: 25 weeks."""
    from apps.executions.services import start
    from apps.runner.run import run

    bars = random_bars(600, start=MONDAY - 5 * 24 * HOUR, step=7 * HOUR)
    execution = start(make_task(dataset=import_dataset(bars, timeframe_seconds=7 * 3600)))
    run(execution.pk)
    execution.refresh_from_db()
    assert execution.status == "completed", execution.error_message
    return execution


def metrics_of(api: APIClient, execution: Any, query: str = "") -> list[dict[str, Any]]:
    answer = api.get(f"/api/trading/executions/{execution.pk}/metrics/{query}")
    assert answer.status_code == 200, answer.content
    rows: list[dict[str, Any]] = answer.json()["metrics"]
    return rows


def start_of(text: str, granularity: str) -> datetime:
    time = datetime.fromisoformat(text).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if granularity == "week":
        return time - timedelta(days=time.weekday())
    return {"day": time, "month": time.replace(day=1), "year": time.replace(month=1, day=1)}[granularity]


def spelt(value: float) -> str:
    text = f"{value:.2f}"
    return "0.00" if text == "-0.00" else text


def by_hand(api: APIClient, execution: Any, granularity: str) -> list[dict[str, Any]]:
    url = f"/api/trading/executions/{execution.pk}"
    points = api.get(f"{url}/equity/?page_size=1000").json()["equity_curve"]
    trades = [row["trade"] for row in api.get(f"{url}/trades/?page_size=1000").json()["trades"]]
    rows, before = [], 10_000.0
    for start in sorted({start_of(point["timestamp"], granularity) for point in points}):
        inside = [point["balance"] for point in points if start_of(point["timestamp"], granularity) == start]
        closed = [float(each["pnl"]) for each in trades if start_of(each["exit_time"], granularity) == start]
        path = [before, *inside]
        fall = max((peak - low) / peak for i, peak in enumerate(path) for low in path[i:])
        rows.append({
            "start": start.isoformat().replace("+00:00", "Z"), "points": len(inside), "start_balance": spelt(before),
            "end_balance": spelt(inside[-1]), "low": spelt(min(inside)), "high": spelt(max(inside)),
            "pnl": spelt(inside[-1] - before), "total_return": spelt((inside[-1] - before) / before * 100),
            "max_drawdown": spelt(fall * 100), "realized_pnl": spelt(sum(closed)), "total_trades": len(closed),
            "winning_trades": sum(pnl > 0 for pnl in closed), "losing_trades": sum(pnl <= 0 for pnl in closed),
        })  # fmt: skip
        before = inside[-1]
    return rows


@pytest.mark.case("T79")
@pytest.mark.parametrize("granularity", ["day", "week", "month", "year"])
def test_each_period_is_as_by_hand(api: APIClient, run_over_weeks: Any, granularity: str) -> None:
    shown = metrics_of(api, run_over_weeks, f"?granularity={granularity}&last_n=1000")

    assert shown == by_hand(api, run_over_weeks, granularity)
    assert sum(row["points"] for row in shown) == run_over_weeks.equity_head
    assert sum(row["total_trades"] for row in shown) == run_over_weeks.trades_head > 20


def test_however_much_is_read_at_once(api: APIClient, run_over_weeks: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = {unit: metrics_of(api, run_over_weeks, f"?granularity={unit}&last_n=1000") for unit in figures.UNITS}

    @bounds(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        points=st.integers(1, 700), rows=st.integers(1, 60), last=st.integers(1, 200), unit=st.sampled_from(list(whole))
    )
    def check(points: int, rows: int, last: int, unit: str) -> None:
        monkeypatch.setattr(figures, "POINTS", max(points, 20))
        monkeypatch.setattr(figures, "ROWS", rows)

        shown = metrics_of(api, run_over_weeks, f"?granularity={unit}&last_n={last}")

        assert shown == whole[unit][-last:]

    check()


def test_a_part_of_the_time_counts_what_is_in_it(api: APIClient, run_over_weeks: Any) -> None:
    url = f"/api/trading/executions/{run_over_weeks.pk}/equity/?page_size=1000"
    points = api.get(url).json()["equity_curve"][100:201]

    shown = metrics_of(
        api, run_over_weeks, f"?granularity=year&start_time={points[0]['timestamp']}&end_time={points[-1]['timestamp']}"
    )

    assert [row["points"] for row in shown] == [101]
    assert shown[0]["end_balance"] == spelt(points[-1]["balance"])
    assert 0 < shown[0]["total_trades"] < run_over_weeks.trades_head
    assert metrics_of(api, run_over_weeks, "?start_time=2030-01-01T00:00:00Z") == []


def test_without_a_row_there_is_no_period(api: APIClient, execution: Any) -> None:
    assert metrics_of(api, execution) == []
    assert metrics_of(api, execution, "?granularity=checkpoint") == []


def test_checkpoint_by_checkpoint(api: APIClient, finished: Any) -> None:
    from apps.executions.models import Checkpoint

    first = Checkpoint.objects.filter(execution=finished).latest()
    Checkpoint.objects.create(
        execution=finished, processed=first.processed, metrics=first.metrics, created_at=first.created_at
    )
    status = api.get(f"/api/trading/executions/{finished.pk}/status/").json()["checkpoint"]

    every = metrics_of(api, finished, "?granularity=checkpoint")

    assert every[-1] == status
    assert len(every) == Checkpoint.objects.filter(execution=finished).count()
    assert len(every) > 1
    assert metrics_of(api, finished, "?granularity=checkpoint&last_n=1") == every[-1:]


def test_too_many_trades_are_refused_with_what_would_do(
    api: APIClient, run_over_weeks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "MOST_TRADES", 5)
    monkeypatch.setattr(figures, "ROWS", 5)

    answer = api.get(f"/api/trading/executions/{run_over_weeks.pk}/metrics/?granularity=year")

    assert answer.status_code == 400
    assert "last_n" in answer.json()["error"]
    assert metrics_of(api, run_over_weeks, "?last_n=1") != []


@pytest.mark.parametrize(
    "query", ["granularity=hour", "last_n=0", "last_n=x", "start_time=x", "end_time=9999999999999", "from=1"]
)
def test_a_wrong_question_is_refused_by_name(api: APIClient, execution: Any, query: str) -> None:
    answer = api.get(f"/api/trading/executions/{execution.pk}/metrics/?{query}")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/" + query.partition("=")[0]


def test_a_stranger_reads_nothing(stranger_api: APIClient, anonymous_api: APIClient, finished: Any) -> None:
    url = f"/api/trading/executions/{finished.pk}/metrics/"

    assert stranger_api.get(url).status_code == 403
    assert anonymous_api.get(url).status_code == 401


def test_what_is_over_may_be_kept(api: APIClient, finished: Any) -> None:
    url = f"/api/trading/executions/{finished.pk}/metrics/"
    whole = api.get(url)

    assert whole["Cache-Control"].endswith("immutable")
    assert api.get(url, headers={"if-none-match": whole["ETag"]}).status_code == 304
