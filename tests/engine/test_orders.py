"""What becomes of an order: its price, its fee, its rows in the log."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from apps.engine.types import Costs, Instrument, OrderEventKind, RejectionReason
from tests.engine.runs import at, bars_at, session_of

if TYPE_CHECKING:
    from apps.engine.session import Session
    from apps.engine.types import Rows

RISING = bars_at([100, 110, 120, 130, 140, 150])  # opens: 100, 100, 110, 120, 130, 140


def played(session: Session) -> Rows:
    return session.advance(session.total)


def log(rows: Rows) -> list[tuple[int, str, int, float]]:
    """(bar, kind, order, quantity) of every row of the order log."""
    return [(row["bar"], OrderEventKind(row["kind"]).name, row["order"], row["quantity"]) for row in rows.orders]


def test_a_market_order_fills_at_the_open_of_the_next_bar() -> None:
    rows = played(session_of(at(bar_1=lambda s: s.buy(2)), RISING))

    assert log(rows) == [(1, "SUBMITTED", 1, 2.0), (2, "FILLED", 1, 2.0)]
    assert rows.orders["price"].tolist() == [110.0, 110.0]  # the close of the decision, the open of the fill
    assert rows.orders["position_after"].tolist() == [0.0, 2.0]
    (fill,) = rows.fills
    assert (fill["bar"], fill["time"], fill["price"], fill["position"]) == (2, RISING["time"][2], 110.0, 2.0)
    assert rows.equity["equity"].tolist() == [10_000, 10_000, 10_020, 10_040, 10_060, 10_080]


def test_an_order_of_the_last_bar_expires_unfilled() -> None:
    rows = played(session_of(at(bar_5=lambda s: s.buy(1)), RISING))

    assert log(rows) == [(5, "SUBMITTED", 1, 1.0), (5, "EXPIRED", 1, 1.0)]
    assert not len(rows.fills)
    assert rows.equity["equity"][-1] == 10_000


def test_an_open_position_stays_open_and_is_marked() -> None:
    session = session_of(at(bar_0=lambda s: s.buy(1)), RISING)

    rows = played(session)

    assert not len(rows.trades)
    assert session.metrics()["unrealized_pnl"] == 50
    assert session.metrics()["realized_pnl"] == 0


@pytest.mark.parametrize(
    ("quantity", "reason"),
    [
        (math.nan, RejectionReason.QUANTITY_NOT_FINITE),
        (math.inf, RejectionReason.QUANTITY_NOT_FINITE),
        (-math.inf, RejectionReason.QUANTITY_NOT_FINITE),
        (0, RejectionReason.QUANTITY_NOT_POSITIVE),
        (-1, RejectionReason.QUANTITY_NOT_POSITIVE),
        (0.09, RejectionReason.QUANTITY_BELOW_MINIMUM),
        (0.19, RejectionReason.QUANTITY_BELOW_MINIMUM),
    ],
)
def test_a_quantity_that_cannot_be_traded_is_rejected(quantity: float, reason: RejectionReason) -> None:
    coin = Instrument("COIN", quantity_step=0.1, min_quantity=0.2)

    rows = played(session_of(at(bar_1=lambda s: s.buy(quantity)), RISING, instrument=coin))

    (row,) = rows.orders
    assert (row["kind"], row["reason"]) == (OrderEventKind.REJECTED, reason)
    assert math.isfinite(row["quantity"])
    assert not len(rows.fills)
    assert rows.equity["equity"].tolist() == [10_000] * 6


@pytest.mark.parametrize(
    ("step", "asked", "bought"), [(1, 2.9, 2), (0.1, 0.3, 0.3), (0.1, 0.39, 0.3), (0.25, 0.6, 0.5), (10, 29, 20)]
)
def test_a_quantity_is_rounded_down_to_the_step(step: float, asked: float, bought: float) -> None:
    rows = played(session_of(at(bar_0=lambda s: s.buy(asked)), RISING, instrument=Instrument("T", quantity_step=step)))

    assert rows.fills["quantity"].tolist() == [bought]


def test_what_is_left_below_the_minimum_can_still_be_sold() -> None:
    coin = Instrument("COIN", min_quantity=3)
    script = at(bar_0=lambda s: s.buy(4), bar_1=lambda s: s.sell(2), bar_2=lambda s: s.target(0))

    rows = played(session_of(script, RISING, instrument=coin))

    assert rows.fills["position"].tolist() == [4, 2, 0]


def test_steps_add_up_to_a_flat_position() -> None:
    coin = Instrument("COIN", quantity_step=0.1)
    script = at(bar_0=lambda s: s.buy(0.1), bar_1=lambda s: s.buy(0.2), bar_2=lambda s: s.sell(0.3))

    rows = played(session_of(script, RISING, instrument=coin))

    assert rows.fills["position"].tolist() == [0.1, 0.3, 0.0]
    assert len(rows.trades) == 1


def test_a_reversal_closes_then_opens_and_pays_for_both() -> None:
    script = at(bar_0=lambda s: s.buy(2), bar_1=lambda s: s.sell(5))

    rows = played(session_of(script, RISING, costs=Costs(commission_fixed=1.0)))

    assert log(rows)[2:] == [(1, "SUBMITTED", 2, 5.0), (2, "PARTIALLY_FILLED", 2, 2.0), (2, "FILLED", 2, 3.0)]
    assert rows.fills["position"].tolist() == [2, 0, -3]
    assert rows.fills["fee"].tolist() == [1, 1, 1]
    assert rows.fills["average_price"].tolist() == [100, 0, 110]
    (trade,) = rows.trades
    assert (trade["side"], trade["quantity"], trade["gross_pnl"], trade["fees"]) == (1, 2, 20, 2)


@pytest.mark.parametrize(
    ("costs", "fee"),
    [
        (Costs(commission_rate=0.01), 20.0),
        (Costs(commission_fixed=3), 3.0),
        (Costs(commission_per_unit=0.5), 10.0),
        (Costs(commission_per_unit=0.5, commission_minimum=12), 12.0),
        (Costs(commission_rate=0.01, commission_fixed=3, commission_per_unit=0.5, commission_minimum=12), 35.0),
    ],
)
def test_a_fill_costs_its_commission(costs: Costs, fee: float) -> None:
    session = session_of(at(bar_0=lambda s: s.buy(20)), RISING, costs=costs)

    rows = played(session)

    assert rows.fills["fee"].tolist() == [fee]
    assert rows.equity["cash"][-1] == 10_000 - 20 * 100 - fee
    assert session.metrics()["total_fees"] == fee


def test_closing_twice_does_not_open_the_other_side() -> None:
    script = at(bar_0=lambda s: s.buy(2), bar_2=lambda s: (s.close_position(), s.close_position()))

    rows = played(session_of(script, RISING))

    assert rows.fills["position"].tolist() == [2, 0]
    last = rows.orders[-1]
    assert (last["kind"], last["reason"]) == (OrderEventKind.CANCELLED, RejectionReason.NOTHING_TO_CLOSE)


def test_what_closes_is_filled_before_what_opens() -> None:
    script = at(bar_0=lambda s: s.buy(2), bar_2=lambda s: (s.sell(1), s.close_position()))

    rows = played(session_of(script, RISING))

    assert rows.fills["position"].tolist() == [2, 0, -1]


def test_a_cancelled_order_never_fills() -> None:
    rows = played(session_of(at(bar_1=lambda s: s.cancel(s.buy(1))), RISING))

    assert log(rows) == [(1, "SUBMITTED", 1, 1.0), (1, "CANCELLED", 1, 1.0)]
    assert not len(rows.fills)


def test_cancelling_what_is_done_changes_nothing() -> None:
    placed = []
    script = at(bar_0=lambda s: placed.append(s.buy(1)), bar_3=lambda s: s.cancel(placed[0]))

    rows = played(session_of(script, RISING))

    assert log(rows) == [(0, "SUBMITTED", 1, 1.0), (1, "FILLED", 1, 1.0)]


def test_more_orders_and_fills_than_any_buffer_holds() -> None:
    script = at(bar_0=lambda s: [s.buy(1) for _ in range(700)], bar_2=lambda s: [s.sell(1) for _ in range(900)])

    rows = played(session_of(script, RISING))

    assert rows.fills["position"][-1] == -200
    assert len(rows.orders) == 2 * (700 + 900)


def test_an_average_price_moves_with_entries_only() -> None:
    script = at(
        bar_0=lambda s: s.buy(1), bar_1=lambda s: s.buy(3), bar_2=lambda s: s.sell(2), bar_4=lambda s: s.target(0)
    )

    rows = played(session_of(script, RISING))

    assert rows.fills["price"].tolist() == [100, 110, 120, 140]
    assert rows.fills["average_price"].tolist() == [100, 107.5, 107.5, 0]
    assert rows.fills["gross_pnl"].tolist() == [0, 0, 25, 65]
    (trade,) = rows.trades
    assert (trade["quantity"], trade["entry_price"], trade["exit_price"]) == (4, 107.5, 130)
    assert (trade["gross_pnl"], trade["opened_bar"], trade["closed_bar"]) == (90, 1, 5)


def test_a_trade_remembers_its_worst_and_its_best_moment() -> None:
    bars = bars_at([100, 100, 90, 130, 110, 50])  # long from the open of bar 1 (100) to the open of bar 4 (130)
    bars["low"][2], bars["high"][3] = 85, 140
    script = at(bar_0=lambda s: s.buy(2), bar_3=lambda s: s.close_position())

    (trade,) = played(session_of(script, bars)).trades

    assert (trade["mae"], trade["mfe"], trade["pnl"]) == (30, 80, 60)
