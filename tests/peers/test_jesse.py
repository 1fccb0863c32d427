"""Jesse 3.5.3 comes to our trades under the colour rule, with market orders that fill at the close.

A candle is split at each fill (services/candle_service.py:125), so that a protection works from the fill of its entry
on, as ours does; resting orders fill at an open that gapped over them (modes/backtest_mode.py:1477). A market order
fills at the close at which it was given; we book it with the next bar, and the player counts as we do.

This is its simulator that steps through the candles, the default of `research.backtest`. Its fast mode does not sort
the orders anew after a fill (modes/backtest_mode.py:2137): where a candle holds an entry and both of its exits, it may
come to the other one than its own stepping simulator, and than we.

Left out of the scripts are orders nearer to the close than 0.015 %, which are market orders there (helpers.py:1253),
two entries that rest at once, and positions open at the end, which it closes: the scripts leave two bars before. All
bars are minutes to it, whatever their times are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from apps.engine.types import FillRules
from tests.benchmarks.figures.works import CROSS
from tests.peers import known_works
from tests.peers.steps import STEP, drawn, step

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.peers.markets import Market
    from tests.peers.outcomes import Outcome

PEER = "jesse"
KINDS = ("market", "limit", "stop")
RULES = FillRules(intrabar="colour", market_at_close=True)


def test_protected_entries_of_all_kinds_end_as_there(
    some_markets: list[Market], agree_where_it_matters: Callable[..., None]
) -> None:
    acts = ("enter", "enter", "turn", "leave")
    cases = [
        (market, drawn(market, seed=seed, acts=acts, kinds=KINDS, protected=KINDS, ends_flat=True))
        for seed, market in enumerate(some_markets)
    ]

    agree_where_it_matters(PEER, cases, RULES)


def test_positions_that_grow_and_shrink_are_worth_the_same_there(
    some_markets: list[Market], agree: Callable[..., list[Outcome]]
) -> None:
    acts = ("enter", "add", "add", "reduce", "turn", "leave")
    cases = [
        (market, drawn(market, seed=seed, acts=acts, kinds=KINDS, protected=(), ends_flat=True))
        for seed, market in enumerate(some_markets)
    ]

    mine = agree(PEER, cases, RULES)

    assert all(outcome.trips for outcome in mine)


@pytest.mark.slow
def test_crosses_with_stop_and_target_on_974_000_minutes(agree: Callable[..., list[Outcome]]) -> None:
    market, steps = known_works.w2()
    steps = np.append(steps, np.array([step(len(market.bars) - 3, "leave", 1, 0.0)], STEP))

    (mine,) = agree(PEER, [(market, steps)], RULES, fee=CROSS["fee"])

    assert len(mine.trips) > 2_800
