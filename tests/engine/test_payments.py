"""What comes to positions from outside, with a pencil: funding, swap, borrow, dividends, splits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.engine.listing import Listing
from apps.engine.series.adjustments import ADJUSTMENT
from apps.engine.series.happenings import BORROW, FUNDING, SWAP, BadHappening, happenings
from apps.engine.types import Account, ExitReason, Instrument, OrderEventKind, PaymentKind, RejectionReason
from tests.engine.accounts import account_of, reasons, whole
from tests.engine.runs import FLAT, HOUR, MONDAY, at, bars_of, bits, in_pieces

if TYPE_CHECKING:
    from apps.engine.strategy import Strategy
    from apps.engine.types import Array, Rows

NAN = float("nan")
SHARE = Instrument("TEST")


def table(layout: np.dtype[Any], *rows: tuple[float, ...], late: int = 0) -> Array:
    """Rows whose first value is a bar's number, in place of its time. late: microseconds after the bar's open."""
    return np.array([(MONDAY + int(bar) * HOUR + late, *rest) for bar, *rest in rows], layout)


def run(script: Any, bars: Array, *tables: Array, instrument: Instrument = SHARE, **terms: Any) -> Rows:
    return whole(account_of(script, Listing(instrument, bars, events=tables), **terms))


def holds(quantity: float) -> Any:
    return at(bar_0=lambda s: s.target(quantity))


def test_a_positive_funding_rate_is_what_longs_pay_shorts() -> None:
    bars = bars_of(FLAT, FLAT, (100, 120, 90, 110), FLAT)
    rates = table(FUNDING, (2, 0.001, 105.0))

    long, short = (run(holds(quantity), bars, rates) for quantity in (10, -10))

    assert long.payments["amount"].tolist() == [-10 * 105 * 0.001]
    assert short.payments["amount"].tolist() == [10 * 105 * 0.001]
    assert long.payments["kind"].tolist() == [PaymentKind.FUNDING]
    assert long.equity["cash"].tolist() == [10_000.0, 9_000.0, 8_998.95, 8_998.95]


def test_funding_without_a_mark_is_reckoned_by_the_open() -> None:
    rows = run(holds(10), bars_of(FLAT, FLAT, (102, 120, 90, 110)), table(FUNDING, (2, 0.001, NAN)))

    assert rows.payments["price"].tolist() == [102.0]
    assert rows.payments["amount"].tolist() == [pytest.approx(-1.02)]


def test_a_payment_meets_who_holds_the_position_before_the_fills_of_its_row() -> None:
    """Bought at the open of bar 1 and sold at that of bar 2: of three payments, the one at bar 2 is met."""
    script = at(bar_0=lambda s: s.buy(10), bar_1=lambda s: s.close_position())
    rates = table(FUNDING, (1, 0.001, 100.0), (2, 0.001, 100.0), (3, 0.001, 100.0))

    rows = run(script, bars_of(FLAT, FLAT, FLAT, FLAT), rates)

    assert rows.payments["bar"].tolist() == [2]
    assert rows.trades["payments"].tolist() == [-1.0]
    assert rows.trades["pnl"].tolist() == [0.0]


def test_a_payment_between_two_rows_happens_in_the_later_one() -> None:
    rows = run(holds(10), bars_of(FLAT, FLAT, FLAT, FLAT), table(FUNDING, (1, 0.001, 100.0), late=1))

    assert rows.payments["bar"].tolist() == [2]


def test_a_payment_waits_for_the_next_row_of_its_own_instrument() -> None:
    bars = bars_of(FLAT, FLAT, FLAT, (110, 110, 110, 110))
    rates = table(FUNDING, (2, 0.001, NAN))
    listings = [Listing(SHARE, bars[[0, 1, 3]], events=[rates]), Listing(Instrument("OTHER"), bars)]

    rows = whole(account_of(holds(10), listings))

    assert rows.payments["bar"].tolist() == [3]
    assert rows.payments["price"].tolist() == [110.0]


def test_a_swap_is_an_amount_a_unit_for_either_side() -> None:
    bars, rates = bars_of(FLAT, FLAT, FLAT), table(SWAP, (2, -0.05, 0.02))
    instrument = Instrument("TEST", multiplier=10)

    long, short = (run(holds(quantity), bars, rates, instrument=instrument) for quantity in (4, -4))

    assert long.payments["amount"].tolist() == [pytest.approx(-2.0)]
    assert short.payments["amount"].tolist() == [pytest.approx(0.8)]


def test_only_who_is_short_pays_to_borrow() -> None:
    bars, rates = bars_of(FLAT, FLAT, FLAT), table(BORROW, (2, 0.001))

    long, short = (run(holds(quantity), bars, rates) for quantity in (10, -10))

    assert not len(long.payments)
    assert short.payments["amount"].tolist() == [-1.0]


def test_a_dividend_is_paid_to_who_is_long_and_by_who_is_short() -> None:
    bars, paid = bars_of(FLAT, FLAT, (98, 98, 98, 98)), table(ADJUSTMENT, (2, 2.0, 1.0))

    long, short = (run(holds(quantity), bars, paid) for quantity in (10, -10))

    assert long.payments["amount"].tolist() == [20.0]
    assert short.payments["amount"].tolist() == [-20.0]
    assert long.equity["equity"].tolist() == short.equity["equity"].tolist() == [10_000.0] * 3


def test_payments_can_break_the_margin() -> None:
    """Of 10,000 of equity, funding takes 9,000; the position of 100,000 needs 5,000."""
    instrument = Instrument("TEST", initial_margin=0.1, maintenance_margin=0.05)
    bars, rates = bars_of(FLAT, FLAT, FLAT, FLAT), table(FUNDING, (2, 0.09, 100.0))

    rows = run(holds(1000), bars, rates, instrument=instrument, account=Account(kind="cross"))

    assert rows.fills["bar"].tolist() == [1, 2]
    assert rows.fills["price"].tolist() == [100.0, 100.0]
    assert rows.equity["equity"][-1] == 1_000.0


RATIOS = st.sampled_from([1.0, 2.0, 1.5, 7.0, 0.25])
SPLIT = table(ADJUSTMENT, (2, 0.0, 2.0))
HALF = (50, 51, 49, 50)


@pytest.mark.parametrize("quantity", [10, -10])
@pytest.mark.parametrize("kind", ["unchecked", "cross", "isolated"])
def test_a_split_changes_units_and_not_what_they_are_worth(quantity: int, kind: str) -> None:
    script = at(bar_0=lambda s: s.target(quantity), bar_2=lambda s: s.close_position())

    rows = run(script, bars_of(FLAT, FLAT, HALF, HALF), SPLIT, account=Account(kind=kind))

    assert rows.equity["equity"].tolist() == [10_000.0] * 4
    assert rows.payments["position"].tolist() == [2.0 * quantity]
    assert rows.payments["amount"].tolist() == [0.0]
    (trade,) = rows.trades
    assert (trade["quantity"], trade["entry_price"], trade["exit_price"], trade["pnl"]) == (20.0, 50.0, 50.0, 0.0)
    assert (trade["mae"], trade["mfe"]) == (20.0, 20.0)


def test_the_rest_of_a_split_that_is_no_whole_unit_is_paid_out() -> None:
    """Of 3 shares at 100, 3 for 2 makes 4.5 at 66.67: 4 stay, half a one is sold at the open of 70."""
    script = at(bar_0=lambda s: s.buy(3), bar_2=lambda s: s.close_position())
    bars = bars_of(FLAT, FLAT, (70, 70, 70, 70), (72, 72, 72, 72))

    rows = run(script, bars, table(ADJUSTMENT, (2, 0.0, 1.5)))

    assert rows.payments["amount"].tolist() == [35.0]
    assert rows.payments["position"].tolist() == [4.0]
    (trade,) = rows.trades
    assert trade["pnl"] == pytest.approx(0.5 * (70 - 200 / 3) + 4 * (72 - 200 / 3))
    assert trade["payments"] == 0.0
    assert trade["exit_price"] == pytest.approx((0.5 * 70 + 4 * 72) / 4.5)
    assert rows.equity["equity"][-1] == pytest.approx(10_000 + trade["pnl"])


def test_a_split_that_leaves_no_whole_unit_ends_the_trade() -> None:
    script = at(bar_0=lambda s: s.buy(3, sl=50), bar_3=lambda s: s.buy(1))
    bars = bars_of(FLAT, FLAT, (1000, 1000, 990, 1000), (990, 990, 990, 990), (990, 990, 990, 990))

    rows = run(script, bars, table(ADJUSTMENT, (2, 0.0, 0.1)))

    (trade,) = rows.trades
    assert trade["exit_reason"] == ExitReason.SPLIT
    assert trade["closed_bar"] == 2
    assert trade["pnl"] == 0.0
    assert reasons(rows) == [RejectionReason.NOTHING_TO_CLOSE]
    assert rows.fills["position"].tolist() == [3.0, 1.0]
    assert rows.equity["cash"].tolist() == [10_000.0, 9_700.0, 10_000.0, 10_000.0, 9_010.0]


def test_orders_mean_after_a_split_what_they_meant_before() -> None:
    script = at(
        bar_0=lambda s: s.buy(10, sl=90, tp=120),
        bar_1=lambda s: (s.buy(1, limit=80), s.sell(1, trail=10), s.sell(1, trail_fraction=0.1), s.buy(2)),
    )

    rows = run(script, bars_of(FLAT, FLAT, (50, 50, 50, 50)), SPLIT)

    told = rows.orders[rows.orders["kind"] == OrderEventKind.AMENDED]
    assert told["order"].tolist() == [2, 3, 4, 5, 6, 7]
    assert told["quantity"].tolist() == [20.0, 20.0, 2.0, 2.0, 2.0, 4.0]
    assert told["stop"].tolist() == [45.0, 0.0, 0.0, 45.0, 45.0, 0.0]
    assert told["limit"].tolist() == [0.0, 60.0, 40.0, 0.0, 0.0, 0.0]
    assert rows.fills["quantity"].tolist() == [10.0, 4.0]


def test_an_order_of_no_whole_unit_after_a_split_ends() -> None:
    script = at(bar_1=lambda s: s.buy(3, limit=50))

    rows = run(script, bars_of(FLAT, FLAT, (1000, 1000, 1000, 1000)), table(ADJUSTMENT, (2, 0.0, 0.1)))

    assert reasons(rows) == [RejectionReason.QUANTITY_BELOW_MINIMUM]
    assert rows.orders["kind"].tolist() == [OrderEventKind.SUBMITTED, OrderEventKind.CANCELLED]


def test_a_dividend_on_the_day_of_a_split_is_for_the_shares_before() -> None:
    rows = run(holds(10), bars_of(FLAT, FLAT, (49, 49, 49, 49)), table(ADJUSTMENT, (2, 2.0, 2.0)))

    assert rows.payments["kind"].tolist() == [PaymentKind.DIVIDEND, PaymentKind.SPLIT]
    assert rows.payments["amount"].tolist() == [20.0, 0.0]
    assert rows.equity["equity"].tolist() == [10_000.0] * 3


def until_flat(strategy: Strategy) -> None:
    lot = strategy.random.random()
    close = strategy.close[-1]
    if strategy.index > 55:
        strategy.cancel_all()
        strategy.close_position()
    elif lot < 0.3:
        strategy.buy(1 + 40 * lot, sl=close * 0.9, tp=close * 1.2)
    elif lot < 0.5:
        strategy.sell(1 + 20 * lot, limit=close * 1.01)
    elif lot < 0.6:
        strategy.close_position()


@given(
    seed=st.integers(0, 2**20),
    events=st.lists(st.tuples(st.integers(1, 59), st.floats(0, 2), RATIOS), max_size=8),
    kind=st.sampled_from(["unchecked", "cash", "cross", "isolated"]),
    sizes=st.lists(st.integers(1, 30), max_size=10),
)
@settings(deadline=None, max_examples=150)
def test_trades_and_payments_explain_the_equity_over_any_splits(
    seed: int, events: list[tuple[int, float, float]], kind: str, sizes: list[int]
) -> None:
    """Also in pieces. What a split pays out is in the trades already; everything else that was paid is on top."""
    random = np.random.default_rng(seed)
    closes = 100 * np.exp(np.cumsum(random.normal(0, 0.02, 60)))
    tables = table(ADJUSTMENT, *sorted(events))
    for row in tables:
        closes[(row["time"] - MONDAY) // HOUR :] /= row["shares_per_share"]
    bars = bars_of(*((close, close * 1.02, close * 0.98, close) for close in closes))
    instrument = Instrument("TEST", initial_margin=0.5, maintenance_margin=0.25, price_increment=1e-6)
    listing = Listing(instrument, bars, events=[tables])
    session, pieces = (account_of(until_flat, listing, account=Account(kind=kind), seed=seed) for _ in range(2))

    rows = whole(session)
    parts = in_pieces(pieces, sizes)

    paid = rows.payments[rows.payments["kind"] != PaymentKind.SPLIT]["amount"].sum()
    flows = -(rows.fills["side"] * rows.fills["quantity"] * rows.fills["price"]).sum() + rows.payments["amount"].sum()
    metrics = session.metrics()
    assert bits(parts) == bits([rows])
    assert rows.equity["cash"][-1] == pytest.approx(10_000 + flows, abs=1e-5)
    assert metrics["total_payments"] == pytest.approx(paid, abs=1e-6)
    assert rows.trades["pnl"].sum() + paid == pytest.approx(rows.equity["equity"][-1] - 10_000, abs=1e-5)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (table(FUNDING, (1, NAN, 100.0)), "Row 0 of funding: its rate is not a finite number"),
        (table(FUNDING, (1, 0.0, 1.0), (2, 0.0, -1.0)), "Row 1 of funding: its price is not a finite number above 0"),
        (table(FUNDING, (1, 0.0, float("inf"))), "Row 0 of funding: its price is not a finite number above 0"),
        (table(SWAP, (2, 0.0, 0.0), (1, 0.0, 0.0)), "Row 1 of swap: it is earlier than the row before it"),
        (table(BORROW, (1, float("inf"))), "Row 0 of borrow: its rate is not a finite number"),
        (table(ADJUSTMENT, (1, 0.0, 0.0)), "Row 0 of adjustments: its shares_per_share is not above 0"),
    ],
)
def test_a_table_that_cannot_be_names_its_row(wrong: Array, sentence: str) -> None:
    with pytest.raises(BadHappening, match=sentence):
        happenings(0, [wrong], MONDAY + HOUR * np.arange(5))


def test_another_table_is_refused() -> None:
    with pytest.raises(TypeError, match="a table of funding, swap, borrow, adjustments"):
        happenings(0, [np.zeros(1)], MONDAY + HOUR * np.arange(5))
