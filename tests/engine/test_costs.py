"""What a fill costs besides its commission, and who pays it."""

from __future__ import annotations

import math
from typing import Any

import pytest

from apps.engine.errors import FeeError
from apps.engine.types import Costs
from tests.engine.runs import FLAT, at, bars_of, bits, played, session_of


@pytest.mark.parametrize(
    ("costs", "price"),
    [
        (Costs(slippage_ticks=3), 100.03),
        (Costs(slippage_rate=0.001), 100.1),
        (Costs(spread=0.5), 100.25),
        (Costs(slippage_atr=0.5), 102.0),  # of a mean true range of 4
        (Costs(slippage_impact=0.1), 100.1),  # a tenth of the volume, squared
    ],
)
def test_what_takes_liquidity_pays_spread_and_slippage(costs: Costs, price: float) -> None:
    bars = bars_of((100, 102, 98, 100), (100, 102, 98, 100))
    session = session_of(at(bar_0=lambda s: s.buy(100)), bars, costs=costs, cash=1e6)

    rows = session.advance(2)

    assert rows.fills["price"].tolist() == pytest.approx([price])
    assert session.metrics()["total_slippage"] == pytest.approx(100 * (price - 100))


def test_a_resting_limit_pays_no_slippage_and_the_rate_of_makers() -> None:
    costs = Costs(slippage_ticks=5, spread=1, commission_rate=0.01, maker_rate=-0.001)

    rows = played(at(bar_0=lambda s: s.buy(1, limit=99)), bars_of(FLAT, (100, 100, 98, 100)), costs=costs)

    assert rows.fills["price"].tolist() == [99]
    assert rows.fills["fee"].tolist() == pytest.approx([-0.099])


def test_random_slippage_follows_from_the_seed() -> None:
    script = at(bar_0=lambda s: s.buy(1), bar_1=lambda s: s.sell(1))
    costs = Costs(slippage_random=0.01)

    first, again, other = (
        bits([session_of(script, bars_of(*[FLAT] * 3), costs=costs, seed=seed).advance(3)]) for seed in (1, 1, 2)
    )

    assert first == again != other


def test_the_tier_of_the_value_traded_so_far_applies() -> None:
    costs = Costs(commission_rate=0.01, tiers=((150, 0.0, 0.001),))
    script = at(bar_0=lambda s: s.buy(1), bar_1=lambda s: s.buy(1), bar_2=lambda s: s.buy(1))

    rows = played(script, bars_of(*[FLAT] * 4), costs=costs)

    assert rows.fills["fee"].tolist() == pytest.approx([1, 1, 0.1])


def test_a_function_of_the_author_says_what_a_fill_costs() -> None:
    told: list[Any] = []

    def fee(side: int, quantity: float, price: float, takes: bool) -> float:
        told.append((side, quantity, price, takes))
        return 0.25 * quantity

    script = at(bar_0=lambda s: s.buy(4), bar_1=lambda s: s.sell(4, limit=101))
    bars = bars_of(FLAT, FLAT, (100, 102, 100, 100))

    rows = session_of(script, bars, costs=Costs(commission_fixed=1), fee=fee).advance(3)

    assert told == [(1, 4.0, 100.0, True), (-1, 4.0, 101.0, False)]
    assert rows.fills["fee"].tolist() == [2, 2]


@pytest.mark.parametrize("fee", [lambda *fill: math.nan, lambda *fill: 1 / 0])
def test_a_fee_function_that_fails_ends_the_run(fee: Any) -> None:
    session = session_of(at(bar_0=lambda s: s.buy(4)), bars_of(FLAT, FLAT, FLAT), fee=fee)

    with pytest.raises(FeeError, match="fee function failed"):
        session.advance(3)
    with pytest.raises(FeeError):
        session.advance(3)
