"""Which ticks, prints and quote bars can be traded on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from apps.engine.series.quality import BadQuotes, checked
from apps.engine.series.quotes import PRINT, QUOTE_BAR, TICK
from tests.golden.series import read_series

if TYPE_CHECKING:
    from pathlib import Path

    from apps.engine.types import Array


def fine(layout: np.dtype[Any], count: int = 5) -> Array:
    """Rows that can be traded on, one a microsecond, with a spread of 1."""
    rows = np.ones(count, layout)
    rows["time"] = np.arange(count)
    for name in layout.names or ():
        if name.startswith("ask"):
            rows[name] = 2.0
    return rows


@pytest.mark.parametrize("layout", [TICK, PRINT, QUOTE_BAR])
def test_fine_rows_come_back_sealed(layout: np.dtype[Any]) -> None:
    rows = fine(layout)

    quotes = checked(rows)

    assert quotes.rows.tobytes() == rows.tobytes()
    assert not quotes.rows.flags.writeable
    assert (quotes.crossed, quotes.locked) == (0, 0)


PROBLEMS = [
    (TICK, "bid", np.nan, "not a finite number"),
    (TICK, "ask", np.inf, "not a finite number"),
    (TICK, "ask", 0.0, "not above 0"),
    (TICK, "bid", -1.0, "not above 0"),
    (TICK, "time", 1, "earlier than the row before it"),
    (TICK, "time", 2**62, "not one in microseconds"),
    (PRINT, "price", -np.inf, "not a finite number"),
    (PRINT, "size", -1.0, "size is negative"),
    (PRINT, "size", np.nan, "not a finite number"),
    (PRINT, "time", 0, "earlier than the row before it"),
    (QUOTE_BAR, "bid_high", np.nan, "not a finite number"),
    (QUOTE_BAR, "ask_low", 0.0, "not above 0"),
    (QUOTE_BAR, "ask_high", 1.5, "high is below the low"),
    (QUOTE_BAR, "bid_low", 1.5, "high is below the low"),
    (QUOTE_BAR, "time", 2, "the time of the bar before it"),
    (QUOTE_BAR, "time", 1, "earlier than the row before it"),
    (QUOTE_BAR, "ticks", -1, "number of ticks is negative"),
]


@pytest.mark.parametrize(("layout", "column", "value", "problem"), PROBLEMS)
def test_the_first_bad_row_is_named_with_its_problem(
    layout: np.dtype[Any], column: str, value: float, problem: str
) -> None:
    rows = fine(layout)
    rows[column][3] = value

    with pytest.raises(BadQuotes, match=f"Row 3 .*{problem}") as refusal:
        checked(rows, allow_crossed=True)

    assert refusal.value.row == 3


@pytest.mark.parametrize("layout", [TICK, PRINT])
def test_ticks_and_prints_may_share_a_time(layout: np.dtype[Any]) -> None:
    rows = fine(layout)
    rows["time"] = 7

    assert len(checked(rows).rows) == 5


@pytest.mark.parametrize(("layout", "column"), [(TICK, "ask"), (QUOTE_BAR, "ask_open"), (QUOTE_BAR, "ask_close")])
def test_crossed_quotes_are_refused_unless_they_are_allowed_and_locked_ones_are_counted(
    layout: np.dtype[Any], column: str
) -> None:
    rows = fine(layout)
    rows[column][1] = 1.0
    rows[column][2:4] = 0.5
    if layout == QUOTE_BAR:
        rows["ask_low"] = 0.5

    with pytest.raises(BadQuotes, match=r"Row 2 .*ask is below the bid"):
        checked(rows)

    assert checked(rows, allow_crossed=True)[1:] == (2, 1)


def test_the_earlier_of_a_crossed_row_and_a_bad_one_is_named() -> None:
    rows = fine(TICK)
    rows["ask"][1] = 0.5
    rows["bid"][3] = np.nan

    with pytest.raises(BadQuotes, match="Row 1 "):
        checked(rows)


def test_no_rows_and_other_layouts_are_refused() -> None:
    with pytest.raises(BadQuotes, match="there are no rows"):
        checked(fine(TICK, 0))
    with pytest.raises(TypeError):
        checked(np.ones((2, 2), TICK))
    with pytest.raises(TypeError):
        checked(np.ones(3))


@pytest.mark.parametrize(
    ("file", "crossed_closes"),
    [("fx_eurusd_1m_quote_fxcm_4days.csv.gz", 62), ("fx_usdjpy_1m_quote_fxcm_201302.parquet", 683)],
)
def test_quotes_of_a_venue_whose_book_crosses_are_usable_by_name(file: str, crossed_closes: int, shared: Path) -> None:
    rows = read_series(shared / "data" / "bars" / file, QUOTE_BAR)

    with pytest.raises(BadQuotes, match="ask is below the bid"):
        checked(rows)
    quotes = checked(rows, allow_crossed=True)

    spread = np.minimum(rows["ask_open"] - rows["bid_open"], rows["ask_close"] - rows["bid_close"])
    assert quotes.crossed == (spread < 0).sum() >= crossed_closes == (rows["ask_close"] < rows["bid_close"]).sum()
    assert quotes.locked == (spread == 0).sum()


@pytest.mark.parametrize(
    ("file", "locked"),
    [("fx_eurusd_tick_oanda_20140501_04.parquet", 0), ("fx_usdjpy_tick_truefx_20130101.csv.gz", 1)],
)
def test_real_ticks_are_usable(file: str, locked: int, shared: Path) -> None:
    assert checked(read_series(shared / "data" / "ticks" / file, TICK))[1:] == (0, locked)
