"""A strategy sees bars of its task's timeframe, and has seen those of the warm-up; the tape begins with the period."""

from datetime import datetime
from typing import Any

import orjson
import pytest

from apps.dashboard.charts import Window, columns
from apps.engine import strategies
from apps.engine.strategy import Strategy
from apps.equity.journal import equity
from apps.executions.models import Execution
from apps.executions.services import start
from apps.runner import feeds, recorder
from apps.runner.run import run
from tests.conftest import MINUTE, MONDAY, random_bars
from tests.runner.conftest import let_lapse, tape_of

pytestmark = pytest.mark.django_db
START = "2024-01-01T00:50:00+00:00"
SEEN: list[tuple[datetime, int]] = []


class Witness(Strategy):
    """Writes down when it is called and how many bars it has seen; trades nothing."""

    def on_bar(self) -> None:
        SEEN.append((self.time, self.index + 1))


@pytest.fixture
def witness(monkeypatch: pytest.MonkeyPatch) -> list[tuple[datetime, int]]:
    """(time of the bar, bars seen) of each call."""
    monkeypatch.setattr(strategies, "all", lambda: {"witness": Witness})
    SEEN.clear()
    return SEEN


@pytest.fixture
def carry_out(make_task: Any, make_config: Any, import_dataset: Any) -> Any:
    """carry_out(**terms): the execution, to its end, of a strategy on 300 random minutes or the first dataset named."""
    made: dict[str, Any] = {}

    def play(strategy_type: str = "sma_cross", dataset: Any = None, **changes: Any) -> Any:
        if not made:
            parameters = {"fast": 3, "slow": 8} if strategy_type == "sma_cross" else {}
            made["config"] = make_config(strategy_type=strategy_type, parameters=parameters)
            made["dataset"] = dataset or import_dataset()
        task = make_task(name=f"run {Execution.objects.count()}", **made, **changes)
        task.refresh_from_db()
        execution = start(task)
        run(execution.pk)
        execution.refresh_from_db()
        assert execution.status == "completed", execution.error_message
        return execution

    return play


def signals(execution: Any) -> list[str]:
    """Minutes in which the strategy gave an order."""
    events = tape_of(execution).events
    return [event["timestamp"][11:16] for event in events if event["event"].get("kind") == "order_submitted"]


def test_it_is_called_at_the_closes_of_its_timeframe(witness: Any, carry_out: Any) -> None:
    execution = carry_out("witness", timeframe="5m")

    assert [bars for _, bars in witness] == list(range(1, 61))
    assert (execution.total, execution.processed, execution.equity_head) == (300, 300, 300)


def test_its_orders_fill_in_the_bars_of_the_dataset(carry_out: Any) -> None:
    execution = carry_out(timeframe="5m")

    given = signals(execution)
    assert len(given) > 3
    assert {int(minute[-1]) % 5 for minute in given} == {4}  # the last minute of five
    filled = [event for event in tape_of(execution).events if event["event_type"] == "trade_executed"]
    assert {int(event["timestamp"][15]) % 5 for event in filled} == {0}  # the next one


def test_the_datasets_own_timeframe_is_none(carry_out: Any) -> None:
    assert tape_of(carry_out(timeframe="1m")) == tape_of(carry_out())


@pytest.mark.storage
def test_the_tape_begins_with_the_period_and_counts_without_the_warm_up(witness: Any, carry_out: Any) -> None:
    execution = carry_out("witness", start_time=START, warm_up_bars=50)

    assert (len(witness), witness[0][1]) == (250, 51)
    assert (execution.total, execution.processed, execution.progress) == (250, 250, 100.0)
    points = equity.points(execution.pk, 1, 10**6)
    assert (len(points), points["time"][0]) == (250, MONDAY + 50 * MINUTE)


def test_progress_on_the_way_counts_without_the_warm_up(carry_out: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    task = carry_out(start_time=START, warm_up_bars=50).backtest_task
    execution = start(task)
    monkeypatch.setattr("apps.runner.handover.is_requested", iter([False, False, True, True]).__next__)
    monkeypatch.setattr("apps.runner.run.Pace.next", lambda pace: 25)

    run(execution.pk)

    execution.refresh_from_db()
    assert 0 < execution.processed < 250
    assert (execution.total, execution.progress) == (250, 100 * execution.processed / 250)


def test_warmed_up_it_trades_sooner_and_later_alike(carry_out: Any) -> None:
    cold, warm = signals(carry_out(start_time=START)), signals(carry_out(start_time=START, warm_up_bars=50))

    assert min(warm) >= "00:50"
    assert len(warm) >= len(cold) > 3
    assert warm[-3:] == cold[-3:]


def test_a_chart_shows_the_period_alone(carry_out: Any) -> None:
    execution = carry_out(start_time=START, warm_up_bars=50, timeframe="5m")

    shown = columns(execution, Window(points=1000))

    assert (shown["bars"], shown["total"], len(shown["time"])) == (250, 250, 250)
    assert shown["first"] == shown["time"][0] == MONDAY // 1_000_000 + 50 * 60
    assert shown["close"].tolist() == random_bars(300)["close"][50:].tolist()


def test_bars_that_begin_at_half_past_are_gathered_by_their_beginnings(
    witness: Any, carry_out: Any, import_dataset: Any
) -> None:
    hours = import_dataset(
        random_bars(8, start=MONDAY + 30 * MINUTE, step=60 * MINUTE), name="hours", timeframe_seconds=3600
    )

    carry_out("witness", hours, timeframe="4h")

    assert [(time.hour, bars) for time, bars in witness] == [(0, 1), (4, 2)]


def test_a_market_that_is_often_silent_has_bars_of_any_timeframe(
    witness: Any, carry_out: Any, import_dataset: Any
) -> None:
    """Nothing in the rows shows how long one is: the dataset says it. At 00:14 two bars are known to be complete."""
    rare = import_dataset(random_bars(6, step=7 * MINUTE), name="rare")

    carry_out("witness", rare, timeframe="5m")

    assert [(time.minute, bars) for time, bars in witness] == [(0, 1), (10, 3), (20, 4), (25, 5)]


def test_a_warm_up_whose_bars_are_gone_fails_the_run_in_words(make_task: Any) -> None:
    task = make_task(start_time=START, warm_up_bars=50)
    task.refresh_from_db()
    execution = start(task)
    manifest = orjson.loads(orjson.dumps(execution.manifest))
    manifest["data"]["warm_up_bars"] = 51
    Execution.objects.filter(pk=execution.pk).update(manifest=manifest)

    run(execution.pk)

    execution.refresh_from_db()
    assert execution.status == "failed"
    assert "There are 50 bars before" in execution.error_message


@pytest.mark.storage
def test_a_lost_worker_costs_no_row_in_any_timeframe(carry_out: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    account = {"kind": "cross", "leverage": 1, "margin_call": 0.9}
    whole = carry_out(start_time=START, warm_up_bars=50, timeframe="5m", account=account)
    broken = start(whole.backtest_task)
    real, calls = recorder.record, []

    def die_at_the_third(*arguments: Any, **more: Any) -> None:
        calls.append(arguments)
        if len(calls) == 3:
            raise SystemExit
        real(*arguments, **more)

    monkeypatch.setattr("apps.runner.run.Pace.next", lambda pace: 23)
    with monkeypatch.context() as patch:
        patch.setattr(recorder, "record", die_at_the_third)
        with pytest.raises(SystemExit):
            run(broken.pk)
    let_lapse(broken)
    run(broken.pk)

    assert Execution.objects.get(pk=broken.pk).attempt == 2
    assert len(tape_of(whole).events) > 5
    assert tape_of(broken) == tape_of(whole)


def test_a_snapshot_belongs_to_its_timeframe_and_warm_up(carry_out: Any) -> None:
    from apps.engine.errors import SnapshotMismatch

    session = feeds.session_of(carry_out(start_time=START).manifest)
    session.advance(10)

    for terms in ({"timeframe": "5m"}, {"warm_up_bars": 10}):
        other = feeds.session_of(carry_out(start_time=START, **terms).manifest)
        with pytest.raises(SnapshotMismatch):
            other.restore(session.snapshot())
