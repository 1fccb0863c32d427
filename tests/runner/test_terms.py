"""The terms of a manifest reach the session that plays it, and an older manifest is played as it was written."""

from typing import Any

import numpy as np
import pytest

from apps.engine import strategies
from apps.engine.strategy import Strategy
from apps.engine.types import BAR
from apps.executions.models import Execution
from apps.executions.services import start, update_backtest_task
from apps.market.services import update_instrument
from apps.runner import feeds, recorder
from apps.runner.run import run
from tests.conftest import MINUTE, MONDAY
from tests.runner.conftest import let_lapse, tape_of

pytestmark = pytest.mark.django_db
FULL = {
    "costs": {
        "maker_rate": 0.0001,
        "tiers": [[0.0, 0.001, 0.002], [50_000.0, 0.0005, 0.0015]],
        "spread": 0.02,
        "slippage_ticks": 1.5,
        "slippage_rate": 0.0001,
        "slippage_atr": 0.05,
        "slippage_impact": 0.1,
        "slippage_random": 0.0002,
    },
    "fill_rules": {"intrabar": "colour", "exit_in_entry_bar": False, "volume_share": 0.1, "latency_bars": 2},
}


def flat_bars(*rows: tuple[float, float, float, float], volume: float = 100.0) -> np.ndarray:
    bars = np.zeros(len(rows), BAR)
    for index, row in enumerate(rows):
        bars[index] = (MONDAY + index * MINUTE, *row, volume)
    return bars


FLAT = (100.0, 100.0, 100.0, 100.0)
BARS = flat_bars(FLAT, (100.0, 101.0, 99.0, 100.5), FLAT, FLAT)


@pytest.fixture
def play(make_task: Any, make_config: Any, import_dataset: Any) -> Any:
    """play(**terms): the execution, to its end, of ten units bought at the first close, or of `strategy_type`."""
    made: dict[str, Any] = {}

    def carry_out(bars: np.ndarray = BARS, strategy_type: str = "buy_and_hold", **changes: Any) -> Any:
        if not made:
            made["dataset"] = import_dataset(bars)
            parameters = {"quantity": 10.0} if strategy_type == "buy_and_hold" else {}
            made["config"] = make_config(strategy_type=strategy_type, parameters=parameters)
        execution = start(make_task(name=f"run {Execution.objects.count()}", **made, **changes))
        run(execution.pk)
        execution.refresh_from_db()
        assert execution.status == "completed", execution.error_message
        return execution

    return carry_out


def fills(execution: Any) -> list[dict[str, Any]]:
    return [event["event"] for event in tape_of(execution).events if event["event_type"] == "trade_executed"]


def metrics(execution: Any) -> dict[str, Any]:
    found: dict[str, Any] = execution.checkpoints.first().metrics
    return found


SLIPPAGE = {  # (costs, price of ten units at an open of 100.00 in increments of 0.1), by hand
    "none": ({}, "100.0"),
    "half the spread": ({"spread": 0.6}, "100.3"),
    "increments": ({"slippage_ticks": 2}, "100.2"),
    "a share of the price": ({"slippage_rate": 0.005}, "100.5"),
    "impact of a tenth of the volume": ({"slippage_impact": 0.1}, "100.1"),  # 0.1 x (10 / 100)² x 100
    "all of them": (
        {"spread": 0.6, "slippage_ticks": 2, "slippage_rate": 0.005, "slippage_impact": 0.1},
        "101.1",
    ),
}


@pytest.mark.parametrize(("costs", "price"), SLIPPAGE.values(), ids=SLIPPAGE.keys())
def test_slippage_makes_the_price_worse_by_what_it_says(play: Any, costs: Any, price: str) -> None:
    execution = play(costs=costs)

    assert [fill["price"] for fill in fills(execution)] == [price]
    assert metrics(execution)["total_slippage"] == pytest.approx(10 * (float(price) - 100))
    assert metrics(execution)["final_equity"] == pytest.approx(10_000 - 10 * (float(price) - 100))


def test_tiers_take_the_place_of_the_rate(play: Any) -> None:
    execution = play(commission_rate=0.5, costs={"tiers": [[0, 0, 0.001]]})

    assert [fill["fee"] for fill in fills(execution)] == ["1.00"]  # 0.001 x 10 x 100


GAPS = flat_bars(FLAT, (102.0, 103.0, 101.0, 102.0), (104.0, 104.0, 104.0, 104.0))
RULES = {  # (fill rules, minute in which it is booked, price), by hand
    "the next open": ({}, 1, "102"),
    "the close itself": ({"market_at_close": True}, 1, "100"),
    "a bar late": ({"latency_bars": 1}, 2, "104"),
}


@pytest.mark.parametrize(("rules", "minute", "price"), RULES.values(), ids=RULES.keys())
def test_fill_rules_say_when_a_market_order_fills(play: Any, rules: Any, minute: int, price: str) -> None:
    tape = tape_of(play(GAPS, fill_rules=rules))

    (fill,) = [event for event in tape.events if event["event_type"] == "trade_executed"]
    assert (fill["timestamp"][:16], fill["event"]["price"]) == (f"2024-01-01T00:0{minute}", price)


def test_a_share_of_the_volume_fills_in_parts(play: Any) -> None:
    execution = play(fill_rules={"volume_share": 0.04})  # four of a hundred in each bar

    assert [fill["units"] for fill in fills(execution)] == [4, 4, 2]


def test_a_larger_order_than_the_largest_is_rejected(play: Any) -> None:
    filled = play()
    update_instrument(filled.backtest_task.dataset.instrument, max_quantity=9.0)

    rejected = play()

    assert rejected.manifest["instrument"]["max_quantity"] == 9.0
    assert [fill["units"] for fill in fills(filled)] == [10]
    assert fills(rejected) == []
    assert "order_rejected" in {event["event"].get("kind") for event in tape_of(rejected).events}


class Bracket(Strategy):
    """Buys ten with a stop at 95 and a target at 105."""

    def on_bar(self) -> None:
        if self.index == 0:
            self.buy(10, sl=95, tp=105)


@pytest.fixture
def bracket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strategies, "all", lambda: {"bracket": Bracket})


@pytest.mark.usefixtures("bracket")
@pytest.mark.parametrize(
    ("rule", "equity", "opposite"), [("pessimistic", 9_950, 10_050), ("optimistic", 10_050, 9_950)]
)
def test_an_ambiguous_bar_is_counted_and_followed_the_other_way(
    play: Any, rule: str, equity: float, opposite: float
) -> None:
    execution = play(
        flat_bars(FLAT, (100.0, 106.0, 94.0, 100.0), FLAT),
        "bracket",
        fill_rules={"intrabar": rule},
    )

    figures = metrics(execution)
    assert (figures["final_equity"], figures["ambiguous_bars"], figures["opposite_equity"]) == (equity, 1, opposite)


@pytest.mark.usefixtures("bracket")
def test_the_other_way_is_not_followed_unasked(play: Any) -> None:
    execution = play(
        flat_bars(FLAT, (100.0, 106.0, 94.0, 100.0), FLAT), "bracket", fill_rules={"compare_opposite": False}
    )

    assert (metrics(execution)["ambiguous_bars"], metrics(execution)["opposite_equity"]) == (1, None)


def test_an_older_manifest_is_played_as_it_was_written(finished: Any) -> None:
    older = start(finished.backtest_task)
    manifest = {name: value for name, value in older.manifest.items() if name != "rules"}
    commissions = ("commission_rate", "commission_fixed", "commission_per_unit", "commission_minimum")
    manifest["costs"] = {name: manifest["costs"][name] for name in commissions}
    manifest["instrument"] = {k: v for k, v in manifest["instrument"].items() if k != "max_quantity"}
    Execution.objects.filter(pk=older.pk).update(manifest=manifest)

    run(older.pk)

    assert Execution.objects.get(pk=older.pk).status == "completed"
    assert tape_of(older) == tape_of(finished)


def test_a_run_under_an_older_manifest_goes_on_from_its_snapshot(finished: Any) -> None:
    """What it was put down with before the change is what it is taken up with after."""
    manifest = finished.manifest
    older = {name: value for name, value in manifest.items() if name != "rules"}
    session = feeds.session_of(older)
    session.advance(50)
    snapshot = session.snapshot()

    again = feeds.session_of(manifest)
    again.restore(snapshot)

    assert again.processed == 50


@pytest.mark.storage
def test_a_lost_worker_costs_no_row_under_any_terms(make_task: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    task = make_task()
    update_backtest_task(task, **FULL)
    whole = start(task)
    run(whole.pk)
    broken = start(task)
    real, calls = recorder.record, []

    def die_at_the_third(*arguments: Any, **more: Any) -> None:
        calls.append(arguments)
        if len(calls) == 3:
            raise SystemExit
        real(*arguments, **more)

    monkeypatch.setattr("apps.runner.run.Pace.next", lambda pace: 20)
    with monkeypatch.context() as patch:
        patch.setattr(recorder, "record", die_at_the_third)
        with pytest.raises(SystemExit):
            run(broken.pk)
    let_lapse(broken)
    run(broken.pk)

    assert Execution.objects.get(pk=broken.pk).attempt == 2
    assert len(fills(whole)) > 5
    assert tape_of(broken) == tape_of(whole)


EXTREMES = {
    "every cost at its largest": (
        {
            "spread": 9e8,
            "slippage_ticks": 9e8,
            "slippage_rate": 0.99,
            "slippage_atr": 9e8,
            "slippage_impact": 9e8,
            "slippage_random": 0.99,
            "tiers": [[9e14, 0.99, 0.99]],
            "maker_rate": -0.99,
        },
        {},
    ),
    "no volume for anybody": ({}, {"volume_share": 1e-300}),
    "orders that arrive after the end": ({}, {"latency_bars": 1_000_000}),
}


@pytest.mark.parametrize(("costs", "rules"), EXTREMES.values(), ids=EXTREMES.keys())
def test_extreme_terms_end_in_a_result(make_task: Any, costs: Any, rules: Any) -> None:
    execution = start(make_task(costs=costs, fill_rules=rules))

    run(execution.pk)

    execution.refresh_from_db()
    assert execution.status == "completed", execution.error_message
