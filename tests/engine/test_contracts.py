"""Contracts that are not one unit of a thing at its price, with a pencil: multipliers, and inverse ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from apps.engine.listing import Listing
from apps.engine.series.happenings import FUNDING
from apps.engine.types import Account, Costs, Instrument
from tests.engine.accounts import account_of, whole
from tests.engine.runs import FLAT, HOUR, MONDAY, at, bars_of
from tests.engine.test_payments import table

if TYPE_CHECKING:
    from apps.engine.types import Rows

FUTURE = Instrument("ES", multiplier=50, price_increment=0.25, initial_margin=0.1, maintenance_margin=0.05)
INVERSE = Instrument("XBT", multiplier=100, is_inverse=True, settles_in="BTC", price_increment=0.5)
AT_50, AT_40, AT_60 = ((price, price, price, price) for price in (50_000, 40_000, 60_000))


def run(script: Any, instrument: Instrument, *prices: tuple[float, float, float, float], **terms: Any) -> Rows:
    events = terms.pop("events", ())
    return whole(account_of(script, Listing(instrument, bars_of(*prices), events=events), **terms))


def test_a_multiplier_is_what_a_point_of_the_price_is_worth() -> None:
    script = at(bar_0=lambda s: s.buy(2), bar_1=lambda s: s.close_position())

    rows = run(script, FUTURE, FLAT, FLAT, (103, 103, 103, 103), costs=Costs(commission_rate=0.001))

    (trade,) = rows.trades
    assert trade["gross_pnl"] == 2 * 50 * 3
    assert rows.fills["fee"].tolist() == [pytest.approx(10.0), pytest.approx(10.3)]
    assert rows.equity["cash"][1] == pytest.approx(10_000 - 2 * 50 * 100 - 10)
    assert rows.equity["equity"].tolist() == pytest.approx([10_000, 9_990, 10_279.7])


def test_a_multiplier_counts_for_margin_and_liquidation() -> None:
    """20 contracts are 100,000; across: -90,000 + 1000 p = 0.05 x 1000 p at 94.74."""
    account = Account(kind="cross")

    carried = run(at(bar_0=lambda s: s.buy(20)), FUTURE, FLAT, FLAT, (100, 100, 90, 95), account=account)
    refused = run(at(bar_0=lambda s: s.buy(21)), FUTURE, FLAT, FLAT, account=account)

    assert carried.fills["price"][1] == pytest.approx(90_000 / 950)
    assert not len(refused.fills)


def test_a_fraction_of_the_equity_pays_for_whole_contracts() -> None:
    rows = run(at(bar_0=lambda s: s.buy(s.size(0.8))), FUTURE, FLAT, FLAT)

    assert rows.fills["quantity"].tolist() == [1.0]  # 8,000 of 5,000 each


@pytest.mark.parametrize(("quantity", "gain"), [(100, 10_000 / 50_000 - 10_000 / 60_000), (-100, -1 / 30)])
def test_an_inverse_contract_earns_in_its_base(quantity: int, gain: float) -> None:
    """100 contracts of 100 dollars: 0.2 coins at 50,000, 0.1667 at 60,000."""
    script = at(bar_0=lambda s: s.target(quantity), bar_2=lambda s: s.close_position())

    rows = run(script, INVERSE, AT_50, AT_50, AT_60, AT_60, cash=1.0, costs=Costs(commission_rate=0.001))

    (trade,) = rows.trades
    assert trade["gross_pnl"] == pytest.approx(gain)
    assert rows.fills["fee"].tolist() == pytest.approx([0.0002, 10_000 / 60_000 * 0.001])
    assert rows.equity["equity"].tolist() == pytest.approx([1, 0.9998, 0.9998 + gain, 1 + gain - trade["fees"]])


def test_the_average_of_an_inverse_position_is_the_harmonic_mean() -> None:
    """100 at 50,000 are 0.2 coins, 100 at 40,000 are 0.25: together 20,000 dollars for 0.45."""
    script = at(bar_0=lambda s: s.buy(100), bar_1=lambda s: s.buy(100), bar_2=lambda s: s.sell(50))

    rows = run(script, INVERSE, AT_50, AT_50, AT_40, AT_60, cash=1.0)

    assert rows.fills["average_price"].tolist() == pytest.approx([50_000, 20_000 / 0.45, 20_000 / 0.45])
    assert rows.fills["gross_pnl"][2] == pytest.approx(50 * 100 * (0.45 / 20_000 - 1 / 60_000))
    assert rows.equity["equity"][-1] == pytest.approx(1 + 0.45 - 20_000 / 60_000)


@pytest.mark.parametrize(
    ("kind", "quantity", "price"),
    [
        ("cross", 4000, 400_000 * 1.05 / 9),  # coins 1 + 8 at 50,000: 9 - 400,000 / p = 0.05 x 400,000 / p
        ("cross", -4000, 400_000 * 0.95 / 7),  # 1 - 8 + 400,000 / p = 0.05 x 400,000 / p
        ("isolated", 4000, 50_000 * 1.05 / 1.1),
        ("isolated", -4000, 50_000 * 0.95 / 0.9),
    ],
)
def test_an_inverse_position_is_liquidated_where_its_margin_in_coins_breaks(
    kind: str, quantity: int, price: float
) -> None:
    instrument = Instrument(
        "XBT", multiplier=100, is_inverse=True, settles_in="BTC", initial_margin=0.1, maintenance_margin=0.05
    )
    script, wide = at(bar_0=lambda s: s.target(quantity)), (50_000, 60_000, 40_000, 50_000)

    rows = run(script, instrument, AT_50, AT_50, wide, cash=1.0, account=Account(kind=kind))

    assert rows.fills["order"].tolist() == [1, 0]
    assert rows.fills["price"][1] == pytest.approx(price)


@pytest.mark.parametrize("kind", ["cross", "isolated"])
def test_a_short_inverse_position_of_all_the_coins_never_breaks(kind: str) -> None:
    """It is worth the same number of dollars at any price."""
    script = at(bar_0=lambda s: s.sell(500))

    rows = run(script, INVERSE, AT_50, AT_50, (50_000, 5e6, 10, 1e6), cash=1.0, account=Account(kind=kind))

    assert len(rows.fills) == 1
    assert rows.equity["equity"][-1] == pytest.approx(50_000 / 1e6)


def test_funding_of_an_inverse_contract_is_a_share_of_its_coins() -> None:
    rates = table(FUNDING, (2, 0.001, 40_000.0))

    rows = run(at(bar_0=lambda s: s.buy(100)), INVERSE, AT_50, AT_50, AT_50, cash=1.0, events=[rates])

    assert rows.payments["amount"].tolist() == [pytest.approx(-10_000 / 40_000 * 0.001)]
    assert rows.payments["time"].tolist() == [MONDAY + 2 * HOUR]


def test_an_inverse_contract_has_to_name_the_currency_it_settles_in() -> None:
    with pytest.raises(ValueError, match="XBT is an inverse contract and settles in its base; settles_in has to name"):
        Instrument("XBT", is_inverse=True)


def test_a_cash_account_takes_no_inverse_contract() -> None:
    with pytest.raises(ValueError, match="a cash account cannot pay for one"):
        run(at(), INVERSE, AT_50, account=Account(kind="cash"))
