"""Long and short positions of one instrument side by side, each with orders, trades and a margin of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from apps.engine.errors import StrategyError
from apps.engine.listing import Listing
from apps.engine.types import Account, ExitReason, Instrument, RejectionReason
from tests.engine.accounts import account_of, reasons, whole
from tests.engine.runs import FLAT, at, bars_of

if TYPE_CHECKING:
    from apps.engine.strategy import Strategy
    from apps.engine.types import Rows

LENT = Instrument("TEST", initial_margin=0.1, maintenance_margin=0.05)
UP = (110, 110, 110, 110)


def run(script: Any, *prices: tuple[float, float, float, float], kind: str = "unchecked", hedging: bool = True) -> Rows:
    return whole(account_of(script, Listing(LENT, bars_of(*prices)), account=Account(kind=kind, hedging=hedging)))


def both(strategy: Strategy) -> None:
    strategy.buy(10)
    strategy.sell(4)


def test_a_purchase_is_for_the_long_leg_and_a_sale_for_the_short_one() -> None:
    seen: list[Any] = []

    run(at(bar_0=both, bar_1=lambda s: seen.append((s.legs, s.position, s.average_price))), FLAT, FLAT)

    assert seen == [((10.0, -4.0), 6.0, 0.0)]


def test_each_leg_is_closed_by_an_order_that_names_it() -> None:
    script = at(
        bar_0=both,
        bar_1=lambda s: (s.sell(3, leg="long"), s.buy(4, leg="short")),
        bar_2=lambda s: s.sell(7, leg="long"),
    )

    rows = run(script, FLAT, FLAT, UP, UP)

    assert rows.fills["position"].tolist() == [10.0, -4.0, 7.0, 0.0, 0.0]
    assert rows.trades["side"].tolist() == [-1, 1]
    assert rows.trades["gross_pnl"].tolist() == [-40.0, 100.0]
    assert rows.equity["equity"][-1] == 10_060.0


def test_an_order_for_the_other_leg_only_ever_reduces() -> None:
    script = at(bar_0=lambda s: s.buy(10), bar_1=lambda s: (s.sell(15, leg="long"), s.buy(1, leg="short")))

    rows = run(script, FLAT, FLAT, FLAT)

    assert rows.fills["position"].tolist() == [10.0, 0.0]
    assert reasons(rows) == [RejectionReason.NOTHING_TO_CLOSE]


def test_leaving_the_market_closes_both_legs() -> None:
    rows = run(at(bar_0=both, bar_1=lambda s: s.close_position()), FLAT, FLAT, UP)

    assert rows.fills["quantity"].tolist() == [10.0, 4.0, 10.0, 4.0]
    assert rows.fills["position"].tolist() == [10.0, -4.0, 0.0, 0.0]
    assert rows.fills["cash"][-1] == 10_060.0


def test_protective_orders_are_of_their_entry_s_leg() -> None:
    script = at(bar_0=lambda s: (s.buy(10, sl=90, tp=105), s.sell(4, sl=120, tp=95)))

    rows = run(script, FLAT, (100, 106, 99, 100), (100, 101, 94, 100))

    assert rows.fills["position"].tolist() == [10.0, -4.0, 0.0, 0.0]
    assert rows.trades["exit_reason"].tolist() == [ExitReason.TARGET, ExitReason.TARGET]
    assert rows.trades["gross_pnl"].tolist() == [50.0, 20.0]


def test_the_stop_of_one_leg_leaves_the_orders_of_the_other() -> None:
    script = at(bar_0=lambda s: (s.buy(10, sl=95), s.sell(4, sl=120)))

    rows = run(script, FLAT, (100, 100, 94, 95), (95, 121, 95, 95))

    assert rows.fills["price"].tolist() == [100.0, 100.0, 95.0, 120.0]


@pytest.mark.parametrize("kind", ["cross", "isolated"])
def test_both_legs_need_initial_margin(kind: str) -> None:
    """600 long and 400 short need 10,000; one more does not fit."""
    script = at(bar_0=lambda s: (s.buy(600), s.sell(400)), bar_1=lambda s: s.sell(1))

    rows = run(script, FLAT, FLAT, FLAT, kind=kind)

    assert rows.fills["position"].tolist() == [600.0, -400.0]
    assert reasons(rows) == [RejectionReason.INSUFFICIENT_MARGIN]


def test_across_both_legs_a_wild_bar_breaks_nothing_that_is_hedged() -> None:
    """The legs are at one price: what the long one loses the short one gains. The margin at 150 is 7,500."""
    script = at(bar_0=lambda s: (s.buy(500), s.sell(500)))

    rows = run(script, FLAT, FLAT, (100, 150, 20, 100), kind="cross")

    assert len(rows.fills) == 2


def test_across_both_legs_the_worse_end_of_the_bar_breaks_them() -> None:
    """At 210 both need 10,500 of 10,000; both go at that price."""
    script = at(bar_0=lambda s: (s.buy(500), s.sell(500)))

    rows = run(script, FLAT, FLAT, (100, 210, 20, 100), kind="cross")

    assert rows.fills["price"].tolist() == [100.0, 100.0, 210.0, 210.0]
    assert rows.equity["equity"][-1] == 10_000.0


def test_isolated_legs_break_each_for_itself() -> None:
    script = at(bar_0=lambda s: (s.buy(500), s.sell(400)))

    rows = run(script, FLAT, FLAT, (100, 101, 94, 100), kind="isolated")

    assert rows.fills["price"].tolist() == pytest.approx([100, 100, 90 / 0.95])
    assert rows.fills["position"][-1] == 0.0
    assert rows.trades["side"].tolist() == [1]


@pytest.mark.parametrize(
    ("hedging", "leg", "sentence"),
    [(False, "long", "leg= is for an account that hedges"), (True, "left", 'leg is "long" or "short", not \'left\'')],
)
def test_a_leg_that_cannot_be_is_an_error_of_the_strategy(hedging: bool, leg: Any, sentence: str) -> None:
    with pytest.raises(StrategyError, match=sentence):
        run(at(bar_0=lambda s: s.buy(1, leg=leg)), FLAT, FLAT, hedging=hedging)
