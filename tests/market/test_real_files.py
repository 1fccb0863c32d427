"""Real files of several vendors, against what was measured of them by other means."""

import json

import pytest

from apps.market import importers, quality
from apps.market.conventions import timeframe_of

FILES = [
    "equity_spy_1m_trade_20131007_20131011.csv.gz",
    "equity_spy_1h_1998_2021.parquet",
    "equity_spy_1d_1998_2021.csv.gz",
    "crypto_btcusd_1m_trade_coinbase_20180404_06.csv.gz",
    "crypto_btcusd_1s_trade_coinbase_20161007_09.csv.gz",
    "fx_eurusd_1h_dukascopy_ask_2017.csv.gz",
    "fx_eurusd_1h_mt4_2019.csv.gz",
    "fx_eurusd_1h_mt5_202506_202601.csv.gz",
    "perp_xrpusdt_1h_mark_202111.csv.gz",
    "crypto_unittestbtc_1m_201711.csv.gz",
    "crypto_btcusdt_1h_binance_202011_202105.csv.gz",
    "equity_nvda_1d_yahoo_1999_2014.csv.gz",
    "crypto_btcusd_4h_coinbase_2016_2025.parquet",
    "crypto_btcusd_1h_coinbase_201707_201910.parquet",
]
MEASURED = {
    "intervals_longer_than_step": "gaps",
    "missing_steps_in_gaps_under_24h": "missing_bars",
    "flat_bars_o=h=l=c": "flat_bars",
    "zero_volume": "zero_volume_bars",
    "duplicate_timestamps": "duplicates_dropped",
}


@pytest.mark.parametrize("name", FILES)
def test_a_real_file_is_what_was_measured(shared, name):
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow")
    sets = json.loads((shared / "data" / "manifest.json").read_text())["sets"]
    known = next(entry for entry in sets if entry["file"] == f"bars/{name}")

    with (shared / "data" / known["file"]).open("rb") as file:
        found = importers.read(file, name).whole()
    checked = quality.check(found.rows, timeframe_of(known["timeframe"]), found.place)

    ends = [quality.moment(checked.rows["time"][at]).isoformat() for at in (0, -1)]
    assert checked.report["rows"] == known["rows"]
    assert ends == [known[end].replace("Z", "+00:00") for end in ("first", "last")]
    measured = {
        ours: known["measured"][theirs]
        for theirs, ours in MEASURED.items()
        if known["measured"].get(theirs) is not None
    }
    assert {name: checked.report[name] for name in measured} == measured


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("raw/googlefinance/orcl-2010-malformed.csv", "Line "),
        ("raw/freqtrade/NOPAIR_XXX-4m.json", "no file of bars"),
        ("raw/binance/ADABTC-1m-2021-11-27.csv", "header has no column"),
        ("bars/fx_eurusd_1m_quote_oanda_201405.csv.gz", "no column for open"),
    ],
)
def test_a_file_that_is_no_bars_is_refused_in_words(shared, name, message):
    from apps.errors import DomainError

    with (shared / "data" / name).open("rb") as file, pytest.raises(DomainError, match=message):
        importers.read(file, name).whole()
