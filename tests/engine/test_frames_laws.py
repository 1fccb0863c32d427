"""Several instruments and timeframes in pieces or at once, interrupted or not, and never from the future."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.engine.desk import lines
from apps.engine.series.timeframes import Timeframe
from tests.engine.runs import bits, in_pieces
from tests.engine.several import FIVE_MINUTES, crowds, minutes, seen, wandering

if TYPE_CHECKING:
    import pytest

    from apps.engine.types import Array

TIMEFRAMES = st.sampled_from([None, FIVE_MINUTES, Timeframe.parse("7m"), Timeframe.parse("1h")])
SEEDS = st.integers(0, 1000)


@given(series=crowds(), timeframe=TIMEFRAMES, seed=SEEDS, sizes=st.lists(st.integers(1, 40), max_size=30))
@settings(deadline=None)
def test_the_sizes_of_the_advances_cannot_be_seen(
    series: list[Array], timeframe: Timeframe | None, seed: int, sizes: list[int]
) -> None:
    whole, parts = (wandering(series, timeframe=timeframe, seed=seed) for _ in range(2))

    at_once, in_parts = bits([whole.advance(whole.total)]), bits(in_pieces(parts, sizes))

    assert in_parts == at_once
    assert seen(parts) == seen(whole)
    assert parts.snapshot() == whole.snapshot()


@given(series=crowds(), timeframe=TIMEFRAMES, seed=SEEDS, data=st.data())
@settings(deadline=None)
def test_a_run_resumed_at_any_row_is_the_uninterrupted_one(
    series: list[Array], timeframe: Timeframe | None, seed: int, data: st.DataObject
) -> None:
    first, resumed = (wandering(series, timeframe=timeframe, seed=seed) for _ in range(2))
    cut = data.draw(st.integers(1, first.total), "cut")
    first.advance(cut)

    resumed.restore(first.snapshot())

    assert resumed.snapshot() == first.snapshot()
    assert bits([resumed.advance(first.total)]) == bits([first.advance(first.total)])
    assert seen(resumed) == seen(first)


@given(series=crowds(), timeframe=TIMEFRAMES, seed=SEEDS, data=st.data())
@settings(deadline=None)
def test_what_was_seen_does_not_change_with_what_comes_later(
    series: list[Array], timeframe: Timeframe | None, seed: int, data: st.DataObject
) -> None:
    """Later rows have other prices, and some of them are gone."""
    known = wandering(series, timeframe=timeframe, seed=seed)
    cut = data.draw(st.integers(1, known.total - 1), "cut")
    known_rows, now = known.advance(cut), known.time
    others = []
    for rows in series:
        later = rows["time"] > now
        other = rows.copy()
        for price in ("open", "high", "low", "close", "volume"):
            other[price][later] *= 7
        stays = ~later | (np.arange(len(rows))[::-1] % 3 == 0)  # the last one does: orders expire where the data end
        others.append(other[stays])

    changed = wandering(others, timeframe=timeframe, seed=seed)

    assert bits([changed.advance(cut)]) == bits([known_rows])
    assert seen(changed) == seen(known)


def test_lines_of_all_frames_are_trimmed_without_a_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    series = [minutes(300, seed=1, missing=0.1), minutes(280, seed=2, missing=0.5)]
    monkeypatch.setattr(lines, "BLOCK", 16)
    for timeframe in (None, FIVE_MINUTES):
        whole = wandering(series, timeframe=timeframe)
        expected, rows = whole.advance(whole.total), whole.total
        for cut in range(1, rows, 7):
            first, resumed = wandering(series, timeframe=timeframe), wandering(series, timeframe=timeframe)
            before = first.advance(cut)
            resumed.restore(first.snapshot())
            assert bits([before, resumed.advance(rows)]) == bits([expected])
            assert seen(resumed) == seen(whole)
