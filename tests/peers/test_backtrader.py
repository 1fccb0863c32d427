"""backtrader 1.9.78.123 by its broker's defaults comes to our trades under the pessimistic rule and the next open.

The orders of a bracket begin to work in the bar after its entry's fill (brokers/bbroker.py:607, :1177), and so does
our protection with `exit_in_entry_bar` off. Orders fill in the order they were given (:1202), not as prices come; these
are left out of the scripts:

- a bar that opens at or beyond the target and goes back to the stop: it fills the stop, which was given first, we the
  target, at the open;
- two entries that rest at once;
- accounts that run out of money.

It does not end a bracket whose position is closed by another order; its script does, as our engine does by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from apps.engine.types import FillRules
from tests.engine.runs import FLAT, bars_of
from tests.peers import known_works, ours
from tests.peers.markets import Market
from tests.peers.outcomes import Trip
from tests.peers.steps import STEP, drawn, is_reversed_in_exit_bar, step, without

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.peers.outcomes import Outcome

PEER = "backtrader"
KINDS = ("market", "limit", "stop")
NEXT_BAR = FillRules(exit_in_entry_bar=False)
BARS_OF_W1 = 300_000  # all of them take it a minute


def test_protected_entries_of_all_kinds_end_as_there(
    some_markets: list[Market], agree_where_it_matters: Callable[..., None]
) -> None:
    cases = []
    for seed, market in enumerate(some_markets):
        steps = drawn(market, seed=seed, acts=("enter", "enter", "turn", "leave"), kinds=KINDS, protected=KINDS)
        cases.append((market, without(steps, ["target"], is_reversed_in_exit_bar(market, steps))))

    agree_where_it_matters(PEER, cases, NEXT_BAR)


def test_positions_that_grow_and_shrink_are_worth_the_same_there(
    some_markets: list[Market], agree: Callable[..., list[Outcome]]
) -> None:
    acts = ("enter", "add", "add", "reduce", "turn", "leave")
    cases = [
        (market, drawn(market, seed=seed, acts=acts, kinds=KINDS, protected=()))
        for seed, market in enumerate(some_markets)
    ]

    mine = agree(PEER, cases, FillRules())

    assert all(outcome.trips for outcome in mine)


@pytest.mark.slow
def test_a_unit_held_while_the_fast_average_is_above_the_slow_one(agree: Callable[..., list[Outcome]]) -> None:
    market, steps = known_works.w1(BARS_OF_W1)

    (mine,) = agree(PEER, [(market, steps)], FillRules())

    assert len(mine.trips) == len(steps) // 2


def test_a_target_that_the_open_has_passed_comes_before_the_stop_here_and_after_it_there(
    follow: Callable[..., list[Outcome]],
) -> None:
    market = Market("pencil", bars_of(FLAT, FLAT, FLAT, (106, 107, 94, 100), FLAT), decimals=2)
    steps = np.array([step(1, "enter", 1, 1.0, stop_loss=95.0, target=105.0)], STEP)

    (theirs,) = follow(PEER, [(market, steps)])

    mine = ours.played(market, steps, fee=0.0, rules=NEXT_BAR)
    assert mine.trips == [Trip(2, 3, 1, 100, 106)]
    assert theirs.trips == [Trip(2, 3, 1, 100, 95)]
