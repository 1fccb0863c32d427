"""What an account cannot carry, and what comes to positions from outside, reaches the tape in words."""

from functools import partial
from typing import Any

import numpy as np
import pytest

from apps.engine.listing import Listing
from apps.engine.series.happenings import FUNDING
from apps.engine.types import BAR
from apps.executions.models import Execution
from apps.executions.services import start
from apps.market.services import update_instrument
from apps.runner import feeds
from apps.runner.run import run
from tests.conftest import MINUTE, MONDAY
from tests.runner.conftest import tape_of

pytestmark = pytest.mark.django_db
MARGINS = {"initial_margin": 0.1, "maintenance_margin": 0.05}
CROSS = {"kind": "cross", "leverage": 10}


def flat_bars(*prices: float) -> np.ndarray:
    """Bars that open, stay and close at one price each."""
    bars = np.zeros(len(prices), BAR)
    for index, price in enumerate(prices):
        bars[index] = (MONDAY + index * MINUTE, price, price, price, price, 100.0)
    return bars


@pytest.fixture
def play(make_task: Any, make_config: Any, import_dataset: Any) -> Any:
    """play(*prices, **terms): the execution, to its end, that asks for 50 units with 1,000 at the first close."""

    def carry_out(*prices: float, **changes: Any) -> Any:
        task = make_task(
            config=make_config(strategy_type="buy_and_hold", parameters={"quantity": 50.0}),
            dataset=import_dataset(flat_bars(*prices)),
            initial_balance=1000.0,
            **changes,
        )
        update_instrument(task.dataset.instrument, **MARGINS)
        execution = start(task)
        run(execution.pk)
        execution.refresh_from_db()
        assert execution.status == "completed", execution.error_message
        return execution

    return carry_out


def events(execution: Any, *types: str) -> list[dict[str, Any]]:
    return [event for event in tape_of(execution).events if event["event_type"] in types]


def metrics(execution: Any) -> dict[str, Any]:
    found: dict[str, Any] = execution.checkpoints.first().metrics
    return found


def test_an_unchecked_account_carries_what_it_cannot_pay(play: Any) -> None:
    execution = play(100.0, 100.0, 70.0, 70.0)

    assert metrics(execution)["final_equity"] == -500.0  # 1,000 - 50 x 30
    assert metrics(execution)["liquidations"] == 0


def test_cash_that_does_not_pay_is_told_as_the_reason(play: Any) -> None:
    execution = play(100.0, 100.0, 70.0, 70.0, account={"kind": "cash"})

    assert metrics(execution)["final_equity"] == 1000.0
    assert "insufficient_cash" in {event["event"].get("reason") for event in events(execution, "strategy_signal")}
    assert not events(execution, "trade_executed")


def test_margin_that_does_not_suffice_is_told_as_the_reason(play: Any) -> None:
    execution = play(100.0, 100.0, 70.0, 70.0, account={"kind": "isolated", "leverage": 2})  # 2,500 are needed

    assert "insufficient_margin" in {event["event"].get("reason") for event in events(execution, "strategy_signal")}
    assert not events(execution, "trade_executed")


@pytest.mark.storage
@pytest.mark.parametrize("kind", ["cross", "isolated"])
def test_a_liquidation_is_a_fill_without_an_order_and_the_exit_of_its_trade(play: Any, kind: str) -> None:
    execution = play(100.0, 100.0, 95.0, 80.0, 80.0, account={**CROSS, "kind": kind})

    tape = tape_of(execution)
    bought, closed = events(execution, "trade_executed")
    assert (bought["event"]["order"], "reason" in bought["event"]) == (1, False)
    assert (closed["event"]["order"], closed["event"]["reason"]) == (None, "liquidation")
    assert (closed["event"]["side"], closed["event"]["units"], closed["event"]["position"]) == ("sell", 50, 0)
    assert [trade["trade"]["details"]["exit_reason"] for trade in tape.trades] == ["liquidation"]
    assert metrics(execution)["liquidations"] == 1


@pytest.mark.storage
def test_a_margin_call_is_an_event_of_its_own(play: Any) -> None:
    execution = play(100.0, 100.0, 88.0, 100.0, account={**CROSS, "margin_call": 1})  # 400 of equity, 440 of margin

    (call,) = events(execution, "margin_called")
    assert call["event"] == {"position": 50, "price": "88"}
    assert call["timestamp"] == "2024-01-01T00:02:00Z"
    assert not any("margin" in event["event"].get("kind", "") for event in events(execution, "strategy_signal"))
    assert metrics(execution)["liquidations"] == 0


@pytest.fixture
def funded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Longs pay 0.0001 of the value in the third minute, and are paid 0.002 of it in the fourth."""
    rates = np.array([(MONDAY + 2 * MINUTE, 0.0001, np.nan), (MONDAY + 3 * MINUTE, -0.002, np.nan)], FUNDING)
    monkeypatch.setattr(feeds, "Listing", partial(Listing, events=[rates]))


@pytest.mark.storage
@pytest.mark.usefixtures("funded")
def test_a_payment_is_an_event_with_amount_kind_and_position(play: Any) -> None:
    execution = play(100.0, 100.0, 101.0, 102.0, 102.0)

    paid, received = events(execution, "payment_booked")
    assert paid["timestamp"] == "2024-01-01T00:02:00Z"
    assert paid["event"] == {
        "kind": "funding",
        "amount": "-0.505",  # 50 x 101 x 0.0001
        "position": 50,
        "price": "101",
        "rate": "-0.0001",
    }
    assert (received["event"]["amount"], received["event"]["rate"]) == ("10.20", "0.002")
    assert metrics(execution)["total_payments"] == pytest.approx(9.695)


@pytest.mark.usefixtures("funded")
def test_a_payment_comes_before_what_its_bar_brings_and_counts_for_its_trade(play: Any) -> None:
    execution = play(100.0, 100.0, 100.0, 60.0, 60.0, account=CROSS)

    order = [event["event_type"] for event in events(execution, "payment_booked", "trade_executed")]
    assert order == ["trade_executed", "payment_booked", "payment_booked", "trade_executed"]
    (trade,) = tape_of(execution).trades
    assert trade["trade"]["details"]["payments"] == "5.50"  # -50 x 100 x 0.0001 + 50 x 60 x 0.002


@pytest.mark.usefixtures("funded")
def test_events_can_be_asked_for_by_their_type(play: Any, api: Any, stranger_api: Any) -> None:
    execution = play(100.0, 100.0, 101.0, 102.0)
    url = f"/api/trading/executions/{execution.pk}/events/?event_type=payment_booked"

    answer = api.get(url).json()

    assert [row["event"]["kind"] for row in answer["events"]] == ["funding", "funding"]
    assert stranger_api.get(url).status_code == 403


@pytest.mark.usefixtures("funded")
@pytest.mark.parametrize("size", [1, 2, 3])
def test_chunks_do_not_change_the_tape_of_an_account(play: Any, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    terms = {"account": {**CROSS, "margin_call": 1}}
    whole = play(100.0, 100.0, 100.0, 88.0, 80.0, 80.0, **terms)
    chunked = start(whole.backtest_task)
    monkeypatch.setattr("apps.runner.run.Pace.next", lambda pace: size)

    run(chunked.pk)

    assert {event["event_type"] for event in tape_of(whole).events} >= {"payment_booked", "margin_called"}
    assert market_part(chunked) == market_part(whole)


def market_part(execution: Any) -> tuple[Any, ...]:
    tape = tape_of(execution)
    return tape.events, tape.trades, tape.times, tape.balances


def test_a_manifest_from_before_there_were_accounts_is_played_as_it_was_written(finished: Any) -> None:
    older = start(finished.backtest_task)
    manifest = older.manifest
    manifest["account"] = {"initial_balance": manifest["account"]["initial_balance"]}
    for name in ("timeframe", "warm_up_bars"):
        del manifest["data"][name]
    for name in ("multiplier", "is_inverse", "settles_in", "liquidation_fee", *MARGINS):
        del manifest["instrument"][name]
    Execution.objects.filter(pk=older.pk).update(manifest=manifest)
    session = feeds.session_of(manifest)
    session.advance(50)

    run(older.pk)

    assert tape_of(older) == tape_of(finished)
    again = feeds.session_of(finished.manifest)
    again.restore(session.snapshot())
    assert again.processed == 50
