"""Margin, with a pencil: what it refuses, and when it calls.

Ten thousand in cash; an initial margin of a tenth and a maintenance margin of a twentieth of the value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from apps.engine.listing import Listing
from apps.engine.types import Account, Costs, Instrument, OrderEventKind, RejectionReason
from tests.engine.accounts import account_of, reasons, whole
from tests.engine.runs import FLAT, at, bars_of

if TYPE_CHECKING:
    from apps.engine.types import Array, Rows

LENT = Instrument("TEST", initial_margin=0.1, maintenance_margin=0.05)
CROSS, ISOLATED = Account(kind="cross"), Account(kind="isolated")


def run(script: Any, *series: Array, account: Account = CROSS, instrument: Instrument = LENT, **terms: Any) -> Rows:
    symbols = [instrument, *(Instrument(f"OTHER{i}", initial_margin=0.1, maintenance_margin=0.05) for i in (1, 2))]
    listings = [Listing(each, bars) for each, bars in zip(symbols, series, strict=False)]
    return whole(account_of(script, listings, account=account, **terms))


def buys(quantity: float, **terms: Any) -> Any:
    return at(bar_0=lambda s: s.buy(quantity, **terms))


@pytest.mark.parametrize("account", [CROSS, ISOLATED])
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_initial_margin_allows_ten_times_the_cash_and_not_one_unit_more(account: Account, side: str) -> None:
    enough = run(at(bar_0=lambda s: getattr(s, side)(1000)), bars_of(FLAT, FLAT), account=account)
    too_much = run(at(bar_0=lambda s: getattr(s, side)(1001)), bars_of(FLAT, FLAT), account=account)

    assert enough.fills["quantity"].tolist() == [1000.0]
    assert not len(too_much.fills)
    assert reasons(too_much) == [RejectionReason.INSUFFICIENT_MARGIN]


def test_leverage_stands_in_place_of_the_instruments_own_margin_down_to_its_maintenance() -> None:
    bars = bars_of(FLAT, FLAT)

    twice = [run(buys(n), bars, account=Account(kind="cross", leverage=2)) for n in (200, 201)]
    sixteenfold = [run(buys(n), bars, account=Account(kind="cross", leverage=16)) for n in (1600, 1601)]
    hundredfold = run(buys(2001), bars, account=Account(kind="cross", leverage=100))

    assert [len(rows.fills) for rows in (*twice, *sixteenfold)] == [1, 0, 1, 0]
    assert reasons(hundredfold) == [RejectionReason.INSUFFICIENT_MARGIN]


@pytest.mark.parametrize("account", [CROSS, ISOLATED])
def test_the_fee_of_an_opening_needs_margin_too(account: Account) -> None:
    """0.1 x 990 x 100 + 0.001 x 990 x 100 = 9,999; one unit more needs 10,009.1."""
    costs = Costs(commission_rate=0.001)

    enough, too_much = (run(buys(n), bars_of(FLAT, FLAT), account=account, costs=costs) for n in (990, 991))

    assert len(enough.fills) == 1
    assert reasons(too_much) == [RejectionReason.INSUFFICIENT_MARGIN]


def test_what_is_paid_beyond_the_market_is_lost_before_the_margin_is_reckoned() -> None:
    """1 of slippage a unit: 909 x (0.1 x 100 + 1) = 9,999; 910 need 10,010."""
    costs = Costs(slippage_rate=0.01)

    enough, too_much = (run(buys(n), bars_of(FLAT, FLAT), costs=costs) for n in (909, 910))

    assert enough.fills["price"].tolist() == [101.0]
    assert reasons(too_much) == [RejectionReason.INSUFFICIENT_MARGIN]


def test_slippage_of_one_more_unit_makes_no_margin_of_the_position_before() -> None:
    """900 units leave 1,000 free; valued at the dearer price of a purchase, they would seem to leave 1,900."""
    script = at(bar_0=lambda s: s.buy(900, limit=100), bar_1=lambda s: s.buy(91))
    costs = Costs(slippage_rate=0.01)

    rows = run(script, bars_of(FLAT, FLAT, FLAT), costs=costs)

    assert len(rows.fills) == 1
    assert reasons(rows) == [RejectionReason.INSUFFICIENT_MARGIN]


@pytest.mark.parametrize("account", [CROSS, ISOLATED])
def test_a_reversal_is_carried_by_what_it_frees(account: Account) -> None:
    script = at(bar_0=lambda s: s.buy(1000), bar_1=lambda s: s.sell(2000))

    rows = run(script, bars_of(FLAT, FLAT, FLAT), account=account)

    assert rows.fills["position"].tolist() == [1000.0, 0.0, -1000.0]


@pytest.mark.parametrize("account", [CROSS, ISOLATED])
def test_of_a_reversal_that_is_too_large_only_the_closing_is_filled(account: Account) -> None:
    script = at(bar_0=lambda s: s.buy(1000), bar_1=lambda s: s.sell(2001))

    rows = run(script, bars_of(FLAT, FLAT, FLAT), account=account)

    assert rows.fills["position"].tolist() == [1000.0, 0.0]
    assert reasons(rows) == [RejectionReason.INSUFFICIENT_MARGIN]


def test_a_margin_call_is_logged_once_until_the_next_fill() -> None:
    """600 units: called below 0.1 x value, at cash -50,000 under 92.59; broken under 87.72."""
    bars = bars_of(FLAT, FLAT, (100, 100, 92, 92), (92, 92, 91, 91), (91, 91, 91, 91), (91, 91, 91, 91))
    account = Account(kind="cross", margin_call=1.0)

    rows = run(at(bar_0=lambda s: s.buy(600), bar_3=lambda s: s.sell(1)), bars, account=account)

    calls = rows.orders[rows.orders["kind"] == OrderEventKind.MARGIN_CALLED]
    assert calls["bar"].tolist() == [2, 4]
    assert calls["price"].tolist() == [92.0, 91.0]
    assert calls["position_after"].tolist() == [600.0, 599.0]


def test_without_a_level_there_is_no_margin_call() -> None:
    rows = run(buys(600), bars_of(FLAT, FLAT, (100, 100, 92, 92)))

    assert OrderEventKind.MARGIN_CALLED not in rows.orders["kind"]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"initial_margin": 0.1, "maintenance_margin": 0.2}, "cannot need more than opening it"),
        ({"initial_margin": 1.0, "maintenance_margin": 1.0}, "nor all of it"),
        ({"initial_margin": 0.0}, "initial_margin of X is 0"),
        ({"initial_margin": float("nan")}, "The margins of X are nan"),
        ({"liquidation_fee": 1.0}, "liquidation_fee of X is 1.0"),
    ],
)
def test_margins_that_cannot_be_are_refused(wrong: dict[str, float], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Instrument("X", **wrong)  # type: ignore[arg-type]
