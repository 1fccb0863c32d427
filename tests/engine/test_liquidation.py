"""Liquidation, with a pencil: what breaks the margin, at which price, and what that costs.

Ten thousand in cash; an initial margin of a tenth and a maintenance margin of a twentieth of the value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from apps.engine.listing import Listing
from apps.engine.types import Account, Costs, ExitReason, FillRules, Instrument, OrderEventKind, RejectionReason
from tests.engine.accounts import account_of, reasons, whole
from tests.engine.runs import FLAT, at, bars_of

if TYPE_CHECKING:
    from apps.engine.strategy import Strategy
    from apps.engine.types import Array, Rows

LENT = Instrument("TEST", initial_margin=0.1, maintenance_margin=0.05)
CROSS, ISOLATED = Account(kind="cross"), Account(kind="isolated")


def run(script: Any, *series: Array, account: Account = CROSS, instrument: Instrument = LENT, **terms: Any) -> Rows:
    symbols = [instrument, *(Instrument(f"OTHER{i}", initial_margin=0.1, maintenance_margin=0.05) for i in (1, 2))]
    listings = [Listing(each, bars) for each, bars in zip(symbols, series, strict=False)]
    return whole(account_of(script, listings, account=account, **terms))


def buys(quantity: float, **terms: Any) -> Any:
    return at(bar_0=lambda s: s.buy(quantity, **terms))


# cross: cash + q p = 0.05 q p; isolated: 0.1 x 100 + (p - 100) = 0.05 p; a short one with the signs turned
BREAKS = [
    (CROSS, 500, 40_000 / (500 * 0.95)),
    (CROSS, -500, 60_000 / (500 * 1.05)),
    (ISOLATED, 500, 100 * 0.9 / 0.95),
    (ISOLATED, -500, 100 * 1.1 / 1.05),
]


@pytest.mark.parametrize(("account", "quantity", "price"), BREAKS)
def test_a_position_is_liquidated_at_the_price_that_breaks_its_margin(
    account: Account, quantity: float, price: float
) -> None:
    bars = bars_of(FLAT, FLAT, (100, 130, 70, 100), FLAT)

    rows = run(at(bar_0=lambda s: s.target(quantity)), bars, account=account)

    assert rows.fills["order"].tolist() == [1, 0]
    assert rows.fills["bar"].tolist() == [1, 2]
    assert rows.fills["price"][1] == pytest.approx(price, rel=1e-12)
    assert rows.trades["exit_reason"].tolist() == [ExitReason.LIQUIDATION]
    assert rows.equity["equity"][-1] == pytest.approx(10_000 + quantity * (price - 100))


@pytest.mark.parametrize(("account", "quantity", "price"), BREAKS)
def test_a_position_is_kept_a_hair_before_that_price(account: Account, quantity: float, price: float) -> None:
    near = price * (1 + 1e-9 * np.sign(quantity))
    bars = bars_of(FLAT, FLAT, (100, max(near, 100), min(near, 100), 100), FLAT)

    rows = run(at(bar_0=lambda s: s.target(quantity)), bars, account=account)

    assert len(rows.fills) == 1


def test_a_gap_over_the_breaking_price_liquidates_at_the_open() -> None:
    """At 75 the loss is 12,500: across positions the account owes 2,500."""
    rows = run(buys(500), bars_of(FLAT, FLAT, (75, 80, 74, 80)))

    assert rows.fills["price"].tolist() == [100.0, 75.0]
    assert rows.equity["equity"].tolist() == [10_000.0, 10_000.0, -2_500.0]


@pytest.mark.parametrize("fee", [0.0, 0.02])
def test_an_isolated_position_never_loses_more_than_its_margin(fee: float) -> None:
    """The margin is 5,000; what a gap to 75 takes beyond that, and what is left of no margin for a fee, is not paid."""
    instrument = Instrument("TEST", initial_margin=0.1, maintenance_margin=0.05, liquidation_fee=fee)

    rows = run(buys(500), bars_of(FLAT, FLAT, (75, 80, 74, 80)), account=ISOLATED, instrument=instrument)

    assert rows.fills["price"].tolist() == [100.0, 90.0]
    assert rows.fills["fee"].tolist() == [0.0, 0.0]
    assert rows.equity["equity"][-1] == 5_000.0


def test_a_liquidation_costs_its_fee_on_top_of_the_commission() -> None:
    instrument = Instrument("TEST", initial_margin=0.1, maintenance_margin=0.05, liquidation_fee=0.02)
    costs = Costs(commission_rate=0.001)

    rows = run(buys(500), bars_of(FLAT, FLAT, (84.3, 85, 80, 80)), instrument=instrument, costs=costs)

    assert rows.fills["price"][1] == 84.3  # under 40,050 / 475 = 84.316, to which the fee of 50 moved what breaks it
    assert rows.fills["fee"].tolist() == [50.0, pytest.approx(500 * 84.3 * 0.021)]


def test_the_orders_of_a_liquidated_position_are_taken_back() -> None:
    script = at(bar_0=lambda s: s.buy(500, sl=50, tp=150), bar_1=lambda s: s.buy(1, limit=60))

    rows = run(script, bars_of(FLAT, FLAT, (100, 100, 80, 80), FLAT))

    taken = rows.orders[rows.orders["reason"] == RejectionReason.LIQUIDATION]
    assert sorted(taken["order"].tolist()) == [2, 3, 4]
    assert set(taken["kind"].tolist()) == {OrderEventKind.CANCELLED}
    assert rows.trades["exit_reason"].tolist() == [ExitReason.LIQUIDATION]


@pytest.mark.parametrize("rule", ["pessimistic", "optimistic", "ohlc", "olhc"])
@pytest.mark.parametrize(("stop", "price", "order"), [(85, 85.0, 2), (84, 40_000 / 475, 0)])
def test_a_stop_before_the_breaking_price_saves_the_position(rule: str, stop: float, price: float, order: int) -> None:
    """The breaking price is 84.21: a stop above it comes first on every way down, one below it never."""
    rows = run(buys(500, sl=stop), bars_of(FLAT, FLAT, (100, 101, 80, 90)), rules=FillRules(intrabar=rule))

    assert rows.fills["price"][1] == pytest.approx(price)
    assert rows.fills["order"][1] == order


@pytest.mark.parametrize(("rule", "order"), [("pessimistic", 0), ("optimistic", 3), ("ohlc", 3), ("olhc", 0)])
def test_the_rule_says_whether_a_target_or_the_liquidation_comes_first(rule: str, order: int) -> None:
    rows = run(buys(500, sl=50, tp=110), bars_of(FLAT, FLAT, (100, 111, 80, 90)), rules=FillRules(intrabar=rule))

    assert rows.fills["order"].tolist() == [1, order]


@pytest.mark.parametrize("rule", ["pessimistic", "ohlc"])
def test_orders_of_another_instrument_do_not_hurry_the_liquidation_before_a_stop(rule: str) -> None:
    quiet, falling = bars_of(FLAT, FLAT, (100, 104, 96, 100)), bars_of(FLAT, FLAT, (100, 100, 70, 90))

    def script(strategy: Strategy) -> None:
        if strategy.index == 0:
            strategy.buy(1, limit=97)
            strategy.market("OTHER1").buy(400, sl=95)

    rows = run(script, quiet, falling, account=ISOLATED, rules=FillRules(intrabar=rule))

    assert rows.fills[rows.fills["instrument"] == 1]["price"].tolist() == [100.0, 95.0]


def test_an_alert_is_no_order_of_the_position_that_is_liquidated() -> None:
    script = at(bar_0=lambda s: s.buy(500), bar_1=lambda s: s.alert(60.0))

    rows = run(script, bars_of(FLAT, FLAT, (100, 100, 80, 80), FLAT))

    assert rows.fills["order"].tolist() == [1, 0]
    assert RejectionReason.LIQUIDATION not in rows.orders["reason"]


def test_what_slippage_makes_too_dear_for_its_own_margin_goes_at_the_open() -> None:
    """Bought at 120 with a margin of 12; it breaks at 113.68, and the market is at 100: the margin is gone."""
    costs = Costs(slippage_rate=0.2)

    rows = run(buys(500), bars_of(FLAT, (100, 115, 99, 110)), account=ISOLATED, costs=costs)

    assert rows.fills["price"].tolist() == [120.0, 108.0]
    assert rows.equity["equity"][-1] == 4_000.0


def test_what_was_bought_at_the_close_before_is_judged_at_the_open() -> None:
    """Bought at 100; it breaks at 84.21, over which the open gaps to 80."""
    rules = FillRules(market_at_close=True)

    rows = run(buys(500), bars_of(FLAT, (80, 90, 79, 85)), rules=rules)

    assert rows.fills["price"].tolist() == [100.0, 80.0]


@pytest.mark.parametrize("rule", ["pessimistic", "optimistic", "ohlc", "olhc"])
def test_a_limit_beyond_the_breaking_price_buys_after_the_liquidation(rule: str) -> None:
    script = at(bar_0=lambda s: s.buy(500), bar_1=lambda s: s.buy(1, limit=82))

    rows = run(script, bars_of(FLAT, FLAT, (100, 101, 80, 90)), rules=FillRules(intrabar=rule))

    assert rows.fills["order"].tolist() == [1, 0]
    assert reasons(rows) == [RejectionReason.LIQUIDATION]


def two(strategy: Strategy) -> None:
    if strategy.index == 0:
        strategy.buy(400)
        strategy.market("OTHER1").buy(400)


def test_several_positions_are_judged_together_at_their_worst_prices() -> None:
    """Cash -70,000; at 92 and 92 the equity of 3,600 is under the margin of 0.05 x 73,600 = 3,680."""
    first, second = bars_of(FLAT, FLAT, (100, 101, 92, 99)), bars_of(FLAT, FLAT, (100, 101, 92, 99))

    rows = run(two, first, second)

    assert rows.fills["order"].tolist() == [1, 2, 0, 0]
    assert rows.fills["price"].tolist() == [100.0, 100.0, 92.0, 92.0]


def test_the_gain_of_one_position_carries_the_loss_of_the_other() -> None:
    first, second = bars_of(FLAT, FLAT, (100, 101, 85, 85)), bars_of(FLAT, FLAT, (115, 116, 114, 115))

    rows = run(two, first, second)

    assert len(rows.fills) == 2


def test_several_positions_are_liquidated_at_the_opens_of_a_gap() -> None:
    first, second = bars_of(FLAT, FLAT, (80, 99, 79, 99)), bars_of(FLAT, FLAT, (99, 100, 98, 99))

    rows = run(two, first, second)

    assert rows.fills["price"].tolist() == [100.0, 100.0, 80.0, 99.0]


def test_under_the_optimistic_rule_several_positions_are_judged_at_opens_and_closes_alone() -> None:
    first, second = bars_of(FLAT, FLAT, (100, 101, 85, 99)), bars_of(FLAT, FLAT, (100, 101, 85, 99))

    rows = run(two, first, second, rules=FillRules(intrabar="optimistic"))

    assert len(rows.fills) == 2


@given(
    side=st.sampled_from([1, -1]),
    initial=st.floats(0.02, 1.0),
    share=st.floats(0.0, 0.95),
    used=st.floats(0.05, 0.99),
    inverse=st.booleans(),
    isolated=st.booleans(),
)
def test_the_liquidation_price_is_where_bisection_finds_no_margin_left(
    side: int, initial: float, share: float, used: float, inverse: bool, isolated: bool
) -> None:
    """The closed form against the bare definition: equity, or margin and result, less the maintenance margin."""
    instrument = Instrument(
        "TEST",
        initial_margin=initial,
        maintenance_margin=initial * share,
        is_inverse=inverse,
        settles_in="BTC" if inverse else "USD",
        quantity_step=0.001,
    )

    def worth(price: float) -> float:
        return -1 / price if inverse else price

    quantity = round(10_000 * used / (initial * abs(worth(100))), 3)
    behind = initial * quantity * abs(worth(100)) if isolated else 10_000

    def surplus(price: float) -> float:
        return behind + side * quantity * (worth(price) - worth(100)) - initial * share * quantity * abs(worth(price))

    end = 1e-3 if side > 0 else 1e5
    assume(abs(surplus(end)) > 1e-6 * behind)  # where it is 0, the last bit of either side decides
    bars = bars_of(FLAT, FLAT, (100, max(end, 100), min(end, 100), 100))
    rows = run(
        at(bar_0=lambda s: s.target(side * quantity)),
        bars,
        instrument=instrument,
        account=ISOLATED if isolated else CROSS,
    )

    assert len(rows.fills) == (2 if surplus(end) <= 0 else 1)
    if len(rows.fills) == 2:
        kept, broken = 100.0, end
        for _ in range(200):
            middle = (kept + broken) / 2
            kept, broken = (middle, broken) if surplus(middle) > 0 else (kept, middle)
        assert rows.fills["price"][1] == pytest.approx(broken, rel=1e-7)
