"""What files of ticks and of quote bars become, and what is refused of them."""

import gzip
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.engine.listing import Listing
from apps.engine.series.quotes import QUOTE_BAR, TICK
from apps.engine.types import BAR, Instrument
from apps.errors import Invalid
from apps.market import importers, quality, store
from apps.market.importers import csv as csv_importer
from apps.market.importers import raw
from apps.market.importers.raw import Piece
from apps.market.tick_quality import TickCheck
from tests.market.quotes import as_csv, random_quotes, random_ticks

HEADER = "timestamp,bid,ask"
GOOD = "2024-01-01T00:00:00.250Z,1.1,1.2"
QUOTES = "timestamp,bid_open,bid_high,bid_low,bid_close,ask_open,ask_high,ask_low,ask_close"
QUOTE = "2024-01-01T00:00:00Z,10,12,9,11,11,13,10,12"


def ticks_in(content, filename="ticks.csv", crossed="refuse"):
    """The ticks of a file, and the report of them."""
    check, found = TickCheck(crossed), importers.read(io.BytesIO(content), filename, TICK)
    rows = [check.take(piece) for piece in found.pieces]
    check.refuse_empty()
    return np.concatenate(rows), check.report


def quotes_in(content, crossed="refuse", timeframe_seconds=60):
    found = importers.read(io.BytesIO(content), "quotes.csv", QUOTE_BAR).whole()
    return quality.check(found.rows, timeframe_seconds, found.place, crossed=crossed)


def csv_of(*lines, header=HEADER):
    return "\n".join([header, *lines, ""]).encode()


# Vendors

EXPECTED = [(1_577_916_000_065_000, 1.1212, 1.12172), (1_577_916_010_447_000, 1.1212, 1.12192)]
VENDORS = {
    "our own": "timestamp,bid,ask\n2020-01-01T22:00:00.065Z,1.1212,1.12172\n2020-01-01T22:00:10.447Z,1.1212,1.12192\n",
    "with sizes": "time;bid;ask;bid_size;ask_size\n2020-01-01T22:00:00.065Z;1.1212;1.12172;1;2\n"
    "2020-01-01T22:00:10.447Z;1.1212;1.12192;1;2\n",
    "Dukascopy": "Gmt time,Ask,Bid,AskVolume,BidVolume\n01.01.2020 22:00:00.065,1.12172,1.1212,0.75,1.5\n"
    "01.01.2020 22:00:10.447,1.12192,1.1212,0.75,1.5\n",
    "dukascopy-node": "timestamp,askPrice,bidPrice,askVolume,bidVolume\n1577916000065,1.12172,1.1212,1,1\n"
    "1577916010447,1.12192,1.1212,1,1\n",
    "HistData": "20200101 170000065,1.121200,1.121720,0\n20200101 170010447,1.121200,1.121920,0\n",
    "TrueFX": "EUR/USD,20200101 22:00:00.065,1.1212,1.12172\nEUR/USD,20200101 22:00:10.447,1.1212,1.12192\n",
    "Tardis": "exchange,symbol,timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount\n"
    "x,EURUSD,1577916000065000,1577916000165000,1,1.12172,1.1212,1\n"
    "x,EURUSD,1577916010447000,1577916010547000,1,1.12192,1.1212,1\n",
}


@pytest.mark.parametrize("content", VENDORS.values(), ids=VENDORS.keys())
def test_ticks_of_every_vendor_are_the_same_rows(content):
    assert ticks_in(content.encode())[0].tolist() == EXPECTED
    assert ticks_in(gzip.compress(content.encode()))[0].tolist() == EXPECTED


def test_a_time_of_histdata_is_five_hours_behind_utc_in_summer_too():
    ticks, _ = ticks_in(b"20200701 170000065,1.1,1.2,0\n")

    assert str(ticks["time"].astype("datetime64[us]")[0]) == "2020-07-01T22:00:00.065000"


def test_minutes_of_histdata_are_bars():
    whole = importers.read(io.BytesIO(b"20150101 130000;1.2;1.3;1.1;1.25;7\n"), "DAT_ASCII.csv").whole()

    assert whole.rows.dtype == BAR
    assert whole.rows.tolist() == [(1_420_135_200_000_000, 1.2, 1.3, 1.1, 1.25, 7.0)]


def test_the_first_line_of_a_file_without_a_header_is_line_1():
    with pytest.raises(Invalid, match="Line 1: ask"):
        ticks_in(b"20200101 170000065,1.2,1.1,0\n")
    with pytest.raises(Invalid, match="Line 2: time is '20201301 170000065'"):
        ticks_in(b"20200101 170000065,1.1,1.2,0\n20201301 170000065,1.1,1.2,0\n")


@pytest.mark.parametrize("kind", ["us", "ns"])
def test_parquet_gives_the_same_ticks(kind):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    ticks, file = random_ticks(250), io.BytesIO()
    times = pyarrow.array(ticks["time"] * (1000 if kind == "ns" else 1) + (7 if kind == "ns" else 0))
    columns = {"Time": times.cast(pyarrow.timestamp(kind)), "Ask": ticks["ask"], "Bid": ticks["bid"]}
    parquet.write_table(pyarrow.table(columns), file, row_group_size=40)

    assert ticks_in(file.getvalue(), "ticks.parquet")[0].tolist() == ticks.tolist()


@pytest.mark.parametrize("names", ["bid_open", "BidOpen", "open_bid", "bid o"])
def test_quote_bars_have_several_names(names):
    def spelt(side, price):
        return {
            "bid_open": f"{side}_{price}",
            "BidOpen": f"{side.title()}{price.title()}",
            "open_bid": f"{price}_{side}",
            "bid o": f"{side} {price[0]}",
        }[names]

    quotes = random_quotes(40)
    header = ",".join(["date", *(spelt(side, price) for side in ("bid", "ask") for price in raw.PRICES), "TickQty"])
    content = csv_of(*as_csv(quotes).decode().splitlines()[1:], header=header)

    assert quotes_in(content).rows.tolist() == quotes.tolist()


def test_quote_bars_without_a_number_of_ticks_have_none():
    assert quotes_in(csv_of(QUOTE, header=QUOTES)).rows["ticks"].tolist() == [0]


# Refusals

BAD_TICKS = {
    "empty": (b"", "first line must name the columns"),
    "a header alone": (csv_of(), "not a single tick"),
    "bars": (csv_of(header="timestamp,open,high,low,close"), r"no column for bid, ask; .* These are bars"),
    "quote bars": (csv_of(QUOTE, header=QUOTES), r"These are quote bars: .*\(layout quote_bars\)"),
    "two bids": (csv_of(header="timestamp,bid,bid_price,ask"), "2 columns for bid"),
    "no ask": (csv_of("2024-01-01T00:00:00Z,1.1,"), "Line 2: ask is ''"),
    "not a number": (csv_of(GOOD, "2024-01-01T00:00:01Z,nan,1.2"), "Line 3: bid is missing or is no finite number"),
    "infinity": (csv_of("2024-01-01T00:00:00Z,1,inf"), "Line 2: ask is missing or is no finite"),
    "a bid of 0": (csv_of("2024-01-01T00:00:00Z,0,1"), "Line 2: bid is 0.0, and a price is more than 0"),
    "an ask below 0": (csv_of("2024-01-01T00:00:00Z,1,-1"), "Line 2: ask is -1.0"),
    "the year 3000": (csv_of("3000-01-01,1,2"), "between the years 1800 and 2200"),
    "crossed": (csv_of(GOOD, GOOD.replace("1.2", "1.09")), "Line 3: ask 1.09 is below bid 1.1. Correct it, or import"),
    "backwards": (
        csv_of(GOOD, "2024-01-01T00:00:00.249Z,1.1,1.2"),
        "Line 3: 2024-01-01 00:00:00.249000 comes after 2024-01-01 00:00:00.250000. Sort the file",
    ),
    "HistData cut short": (b"20200101 170000065,1.1,1.2,0\n20200101 17,1.1,1.2,0\n", "Line 2: time is '20200101 17'"),
}  # fmt: skip


@pytest.mark.parametrize("lines", [1, 2000])
@pytest.mark.parametrize(("content", "message"), BAD_TICKS.values(), ids=BAD_TICKS.keys())
def test_ticks_that_cannot_be_true_are_refused_at_their_first_line(content, message, lines, monkeypatch):
    monkeypatch.setattr(csv_importer, "CHUNK_LINES", lines)

    with pytest.raises(Invalid, match=message) as refusal:
        ticks_in(content)

    assert refusal.value.fields.keys() == {"file"}


BAD_QUOTES = {
    "high below low": (QUOTE.replace("12,9", "9,12", 1), "Line 2: bid_high 9.0 is below bid_low 12.0"),
    "an open outside": (QUOTE.replace(",11,13", ",14,13"), "Line 2: ask_open 14.0 is outside ask_low 10.0"),
    "no number": (QUOTE.replace("13", "nan"), "Line 2: ask_high is missing"),
    "a price of 0": (QUOTE.replace(",9,", ",0,"), "Line 2: bid_low is 0.0"),
    "crossed": (QUOTE.replace(",10,12,9,11,", ",12,14,9,11,"), "Line 2: ask_open 11.0 is below bid_open 12.0"),
    "crossed highs": (QUOTE.replace(",10,12,9,11,", ",10,14,9,11,"), "Line 2: ask_high 13.0 is below bid_high 14.0"),
}


@pytest.mark.parametrize(("line", "message"), BAD_QUOTES.values(), ids=BAD_QUOTES.keys())
def test_quote_bars_that_cannot_be_true_are_refused_at_their_first_line(line, message):
    with pytest.raises(Invalid, match=message):
        quotes_in(csv_of(line, header=QUOTES))


@pytest.mark.parametrize("ticks", ["-1", "nan"])
def test_a_number_of_ticks_is_one(ticks):
    with pytest.raises(Invalid, match="and a number of ticks is 0 or more"):
        quotes_in(csv_of(f"{QUOTE},{ticks}", header=f"{QUOTES},ticks"))


def test_two_quote_bars_of_one_time_that_differ_are_refused():
    with pytest.raises(Invalid, match="Line 3: this is another bar"):
        quotes_in(csv_of(QUOTE, QUOTE.replace(",12\n", ",11").replace("10,12,9,11", "10,12,9,10"), header=QUOTES))


# Crossed quotes


def test_crossed_quotes_are_left_out_and_counted_where_that_is_said():
    crossed = "2024-01-01T00:00:00.500Z,1.3,1.2"

    ticks, report = ticks_in(csv_of(GOOD, crossed, crossed, "2024-01-01T00:00:01Z,1.1,1.1"), crossed="drop")

    assert ticks["bid"].tolist() == [1.1, 1.1]
    assert (report["rows"], report["crossed_dropped"], report["locked"]) == (2, 2, 1)
    checked = quotes_in(csv_of(QUOTE, "2024-01-01T00:01:00Z,10,12,9,11,9,13,9,12", header=QUOTES), crossed="drop")
    assert (len(checked.rows), checked.report["crossed_dropped"]) == (1, 1)


def test_where_every_quote_is_crossed_nothing_is_left():
    with pytest.raises(Invalid, match="Of every tick"):
        ticks_in(csv_of("2024-01-01T00:00:00Z,2,1"), crossed="drop")
    with pytest.raises(Invalid, match="Of every bar"):
        quotes_in(csv_of("2024-01-01T00:01:00Z,10,12,9,11,9,13,9,12", header=QUOTES), crossed="drop")


def test_a_tick_before_one_that_was_left_out_is_refused_too():
    crossed, late = "2024-01-01T00:00:01Z,1.3,1.2", "2024-01-01T00:00:00.500Z,1.1,1.2"

    with pytest.raises(Invalid, match=r"Line 4: .* comes after"):
        ticks_in(csv_of(GOOD, crossed, late), crossed="drop")


# Laws


@st.composite
def tick_arrays(draw):
    """Ticks of any prices, some of which are crossed, and of times that may be equal."""
    count = draw(st.integers(1, 40))
    steps = draw(st.lists(st.sampled_from([0, 1, 250_000, 5_000_000_000]), min_size=count, max_size=count))
    ticks = np.zeros(count, TICK)
    ticks["time"] = 1_700_000_000_000_000 + np.cumsum(steps)
    price = st.sampled_from([1.1, 1.2, 1.3])
    ticks["bid"] = draw(st.lists(price, min_size=count, max_size=count))
    ticks["ask"] = draw(st.lists(price, min_size=count, max_size=count))
    return ticks


@given(ticks=tick_arrays(), sizes=st.lists(st.integers(1, 9), min_size=1))
def test_the_pieces_of_a_file_change_neither_ticks_nor_report(ticks, sizes):
    def taken(sizes):
        check, at, parts = TickCheck("drop"), 0, []
        while at < len(ticks):
            size = sizes[len(parts) % len(sizes)]
            parts.append(check.take(Piece(ticks[at : at + size], np.arange(at + 2, at + 2 + size))))
            at += size
        return np.concatenate(parts).tolist(), check.report

    assert taken(sizes) == taken([len(ticks)])


@given(ticks=tick_arrays())
def test_what_is_kept_the_engine_can_trade_on(ticks):
    kept = TickCheck("drop").take(Piece(ticks, np.arange(len(ticks))))

    assert kept.tolist() == [tick for tick in ticks.tolist() if tick[2] >= tick[1]]
    if len(kept):
        Listing(Instrument("EUR_USD"), kept)


def test_the_report_counts_what_is_remarkable():
    content = csv_of(GOOD, GOOD, GOOD.replace("1.2", "1.1"), "2024-01-01T02:00:00.250Z,1.1,1.25")

    assert ticks_in(content)[1] == {
        "rows": 4, "locked": 1, "same_time": 2, "repeated": 1, "crossed_dropped": 0, "gaps_over_an_hour": 1,
        "longest_gap_seconds": 7200.0, "widest_spread": 0.15,
    }  # fmt: skip
    assert quotes_in(as_csv(random_quotes(20))).report["usual_step_seconds"] == 60.0


# The store


@pytest.mark.parametrize("rows", [random_ticks(100), random_quotes(100)], ids=["ticks", "quote bars"])
def test_rows_of_every_layout_are_kept_as_they_are(rows):
    loaded = store.load(store.save(rows), start=int(rows["time"][10]), end=int(rows["time"][20]))

    assert loaded.dtype == rows.dtype
    within = (rows["time"] >= rows["time"][10]) & (rows["time"] <= rows["time"][20])
    assert loaded.tolist() == rows[within].tolist()


def test_bytes_of_bars_are_never_those_of_ticks():
    bars = np.zeros(3, BAR)

    assert store.save(bars) != store.save(bars.view(TICK))


@given(sizes=st.lists(st.integers(0, 30), min_size=1, max_size=6))
def test_rows_that_are_written_in_pieces_are_one_content(sizes):
    ticks = random_ticks(sum(sizes))
    ends = np.cumsum(sizes)

    with store.Writer(TICK) as writer:
        for end, size in zip(ends, sizes, strict=True):
            writer.append(ticks[end - size : end])
        content_hash = writer.keep()

    assert content_hash == store.hash_of(ticks) == store.rehash(content_hash)
    assert store.load(content_hash).tolist() == ticks.tolist()


def test_a_file_that_is_being_written_is_no_leftover(stored_files):
    ticks = random_ticks(50)

    with store.Writer(TICK) as writer:
        writer.append(ticks)
        assert store.remove_unfinished() == 0
        content_hash = writer.keep()

    assert store.load(content_hash).tolist() == ticks.tolist()
    assert stored_files() == [f"{content_hash}.npy"]


def test_a_file_that_is_not_kept_leaves_nothing(stored_files):
    with pytest.raises(KeyboardInterrupt), store.Writer(TICK) as writer:  # noqa: PT012 - the block is what is left
        writer.append(random_ticks(50))
        raise KeyboardInterrupt

    assert stored_files() == []
