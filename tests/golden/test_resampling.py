"""Aggregation of real market data, against rows that were computed apart and, in part, are the vendor's own."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from apps.engine.series.calendars import US_EQUITIES
from apps.engine.series.quotes import PRINT, QUOTE_BAR, TICK
from apps.engine.series.resampling import Aggregator, closes_of, resample
from apps.engine.series.timeframes import Timeframe
from apps.engine.types import BAR
from tests.golden.series import read_series

if TYPE_CHECKING:
    from pathlib import Path

    from apps.engine.types import Array

NEW_YORK = "America/New_York"
SPY = ("equity_spy_1m_trade_20131007_20131011.csv.gz", BAR, "1m")
QUOTES = ("fx_eurusd_1m_quote_oanda_201405.csv.gz", QUOTE_BAR, "1m")
BTC = ("crypto_btcusdt_1h_binance_202011_202105.csv.gz", BAR, "1h")

CASES: dict[str, tuple[tuple[str, np.dtype[Any], str], Timeframe]] = {
    "spy_rth_5m": (SPY, Timeframe.parse("5m", calendar=US_EQUITIES)),
    "spy_rth_15m": (SPY, Timeframe.parse("15m", calendar=US_EQUITIES)),
    "spy_rth_30m": (SPY, Timeframe.parse("30m", calendar=US_EQUITIES)),
    "spy_rth_1h_session_anchor": (SPY, Timeframe.parse("1h", calendar=US_EQUITIES, from_open=True)),
    "spy_rth_1h_clock_anchor": (SPY, Timeframe.parse("1h", calendar=US_EQUITIES)),
    "spy_rth_1d": (SPY, Timeframe.parse("1d", zone=NEW_YORK, calendar=US_EQUITIES)),
    "eurusd_oanda_1h_quote": (QUOTES, Timeframe.parse("1h")),
    "eurusd_oanda_4h_quote": (QUOTES, Timeframe.parse("4h")),
    "eurusd_oanda_1d_ny5pm_quote": (QUOTES, Timeframe.parse("1d", zone=NEW_YORK, day_begins=-7)),
    "eurusd_oanda_ticks_to_1m": (("fx_eurusd_tick_oanda_20140501_04.parquet", TICK, ""), Timeframe.parse("1m")),
    "eurusd_histdata_ticks_to_1m": (("fx_eurusd_tick_histdata_20200101.csv.gz", TICK, ""), Timeframe.parse("1m")),
    "btcusd_1s_to_1m": (("crypto_btcusd_1s_trade_coinbase_20161007_09.csv.gz", BAR, "1s"), Timeframe.parse("1m")),
    "xrpeth_trades_to_1m": (("XRP_ETH-trades.json.gz", PRINT, ""), Timeframe.parse("1m")),
    "btcusdt_1h_to_1d": (BTC, Timeframe.parse("1d")),
    "btcusdt_1h_to_1w_monday": (BTC, Timeframe.parse("1w")),
    "btcusdt_1h_to_1mo": (BTC, Timeframe.parse("1mo")),
}


def fine_rows(shared: Path, source: tuple[str, np.dtype[Any], str]) -> Array:
    name, layout, _ = source
    if layout == PRINT:
        with gzip.open(shared / "data" / "raw" / "freqtrade" / name, "rt") as file:
            return np.array([(trade[0] * 1000, trade[4], trade[5]) for trade in json.load(file)], PRINT)
    return read_series(shared / "data" / ("ticks" if layout == TICK else "bars") / name, layout)


def assert_equal_rows(found: Array, truth: Array) -> None:
    """To the bit, but for volumes: the truth added them in another order, and floats remember that."""
    for name in truth.dtype.names or ():
        if name == "volume":
            np.testing.assert_allclose(found[name], truth[name], rtol=1e-14, atol=0, err_msg=name)
        else:
            np.testing.assert_array_equal(found[name], truth[name], err_msg=name)


@pytest.mark.parametrize("name", CASES)
def test_the_coarse_bars_are_the_true_ones(name: str, shared: Path) -> None:
    source, timeframe = CASES[name]
    rows = fine_rows(shared, source)

    coarse = resample(rows, timeframe).rows

    assert_equal_rows(coarse, read_series(shared / "golden" / "resample" / f"{name}.csv.gz", coarse.dtype))


@pytest.mark.parametrize("name", CASES)
def test_rows_as_they_come_make_the_same_bars_to_the_bit(name: str, shared: Path) -> None:
    source, timeframe = CASES[name]
    rows = fine_rows(shared, source)
    aggregator = Aggregator(source[1], timeframe, of=Timeframe.parse(source[2]) if source[2] else None)

    chunks = np.split(rows, range(977, len(rows), 977))
    found = [aggregator.add(chunk) for chunk in chunks]

    assert np.concatenate([*found, aggregator.growing]).tobytes() == resample(rows, timeframe).rows.tobytes()


def test_every_golden_file_is_a_case(shared: Path) -> None:
    index = json.loads((shared / "golden" / "resample" / "index.json").read_text())

    rows = {entry["file"].removesuffix(".csv.gz"): entry["rows"] for entry in index if "file" in entry}
    assert set(rows) == set(CASES)
    for name, count in rows.items():
        source, timeframe = CASES[name]
        assert len(resample(fine_rows(shared, source), timeframe).rows) == count, name


def test_our_spy_day_is_seen_at_the_close_of_the_session(shared: Path) -> None:
    rows = fine_rows(shared, SPY)
    days = resample(rows, CASES["spy_rth_1d"][1])

    seen = rows["time"][days.visible_from(closes_of(rows, Timeframe.parse("1m")))]

    assert [str(time)[11:16] for time in seen.astype("M8[us]")] == ["19:59"] * 5  # opens there, closes at 20:00
