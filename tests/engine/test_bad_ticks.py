"""Ticks that cannot be traded on, and runs on ticks that cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from apps.engine.errors import BadBars, StrategyError
from apps.engine.listing import Listing
from tests.engine.runs import MONDAY
from tests.engine.test_ticks import PENNIES, on_ticks, session_on, ticks_of


@pytest.mark.parametrize(
    ("row", "changes", "problem"),
    [
        (1, {"bid": np.nan}, "not a finite number"),
        (2, {"ask": np.inf}, "not a finite number"),
        (0, {"bid": 0.0}, "not above 0"),
        (3, {"bid": -1.0}, "not above 0"),
        (2, {"ask": 9.99}, "ask is below the bid"),
        (3, {"time": MONDAY}, "earlier than"),
        (1, {"time": np.iinfo(np.int64).max}, "not one in microseconds"),
    ],
)
def test_ticks_that_cannot_be_traded_on_are_refused(row: int, changes: dict[str, float], problem: str) -> None:
    ticks = ticks_of((0, 10, 11), (1, 10, 11), (1, 10, 10), (2, 10, 11))
    for field, value in changes.items():
        ticks[field][row] = value

    with pytest.raises(BadBars, match=problem) as refusal:
        Listing(PENNIES, ticks)

    assert refusal.value.row == row
    assert f"Tick {row} " in str(refusal.value)


def test_an_author_who_fails_is_told_the_tick() -> None:
    session = session_on(on_ticks(tick_1=lambda s: 1 / 0), ticks_of((0, 10, 11), (1, 10, 11)))

    with pytest.raises(StrategyError, match=r"at tick 1 \(2024-01-01 00:00:01") as failure:
        session.advance(2)

    assert failure.value.bar == 1


@pytest.mark.parametrize("seconds", [-1.0, np.nan, np.inf])
def test_points_of_the_curve_cannot_be_so_far_apart(seconds: float) -> None:
    with pytest.raises(ValueError, match="equity_seconds"):
        session_on(on_ticks(), ticks_of((0, 10, 11)), equity_seconds=seconds)
