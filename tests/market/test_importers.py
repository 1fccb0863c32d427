"""What files of bars become."""

import gzip
import io
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.engine.types import BAR
from apps.errors import Invalid, Unsupported
from apps.market import importers, quality
from apps.market.importers import csv as csv_importer
from apps.market.importers import raw
from tests.conftest import MINUTE, MONDAY, as_csv, random_bars

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HEADER = "timestamp,open,high,low,close,volume"
GOOD = "2024-01-01T00:00:00Z,10,12,9,11,5"


def imported(content, filename="bars.csv", timeframe_seconds=60):
    found = importers.read(io.BytesIO(content), filename).whole()
    return quality.check(found.rows, timeframe_seconds, found.place)


def csv_of(*lines, header=HEADER):
    return "\n".join([header, *lines, ""]).encode()


# Times and columns


def moments(bars):
    return [EPOCH + timedelta(microseconds=int(time)) for time in bars["time"]]


INDIA = timezone(timedelta(hours=5, minutes=30))
TIME_FORMATS = {
    "ISO with Z": lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
    "ISO with an offset": lambda moment: moment.astimezone(INDIA).isoformat(),
    "ISO without an offset": lambda moment: moment.replace(tzinfo=None).isoformat(),
    "ISO with fractions": lambda moment: moment.isoformat(timespec="microseconds"),
    "date and time": lambda moment: moment.strftime("%Y-%m-%d %H:%M:%S"),
    "seconds": lambda moment: str(int(moment.timestamp())),
    "milliseconds": lambda moment: str(int(moment.timestamp()) * 1000),
    "microseconds": lambda moment: str(int(moment.timestamp()) * 1_000_000),
}


@st.composite
def bar_arrays(draw):
    """Valid bars between 1990 and 2100, with prices of all sizes and gaps of any length."""
    count = draw(st.integers(1, 12))
    price = st.floats(1e-6, 1e9, allow_nan=False)
    bars = np.zeros(count, BAR)
    first = draw(st.integers(631_152_000, 4_000_000_000))
    steps = draw(st.lists(st.integers(60, 10_000), min_size=count - 1, max_size=count - 1))
    bars["time"] = np.cumsum([first, *steps]) * 1_000_000
    for bar in bars:
        low, open_, close, high = sorted(draw(st.tuples(price, price, price, price)))
        bar["low"], bar["high"] = low, high
        bar["open"], bar["close"] = draw(st.permutations([open_, close]))
        bar["volume"] = draw(st.floats(0, 1e12, allow_nan=False))
    return bars


@given(bars=bar_arrays(), form=st.sampled_from(sorted(TIME_FORMATS)), order=st.permutations(range(6)), text=st.data())
def test_every_spelling_of_the_same_bars_is_the_same_rows(bars, form, order, text):
    delimiter = text.draw(st.sampled_from([",", ";", "\t"]))
    names = [
        text.draw(st.sampled_from(raw.SYNONYMS[meaning]))
        for meaning in ("time", "open", "high", "low", "close", "volume")
    ]
    times = [TIME_FORMATS[form](moment) for moment in moments(bars)]
    numbers = ([repr(float(value)) for value in bars[name]] for name in BAR.names[1:])
    columns = [[name, *values] for name, values in zip(names, [times, *numbers], strict=True)]
    lines = zip(*(columns[at] for at in order), strict=True)
    content = text.draw(st.sampled_from(["\n", "\r\n"])).join(delimiter.join(line) for line in lines).encode()
    if text.draw(st.booleans()):
        content = gzip.compress(content)

    assert np.array_equal(imported(content).rows, bars)


@pytest.mark.parametrize("kind", ["us", "ms", "us, UTC", "texts", "integers", "dates"])
def test_parquet_gives_the_same_rows_as_csv(kind):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    bars = random_bars(30, step=86_400_000_000)
    times = {
        "us": lambda: pyarrow.array(bars["time"], pyarrow.timestamp("us")),
        "ms": lambda: pyarrow.array(bars["time"] // 1000, pyarrow.timestamp("ms", tz="UTC")),
        "us, UTC": lambda: pyarrow.array(bars["time"], pyarrow.timestamp("us", tz="America/New_York")),
        "texts": lambda: pyarrow.array([moment.isoformat() for moment in moments(bars)]),
        "integers": lambda: pyarrow.array(bars["time"] // 1000),
        "dates": lambda: pyarrow.array([moment.date() for moment in moments(bars)]),
    }[kind]()
    columns = {
        "Volume": bars["volume"],
        "extra": bars["low"],
        **{n.upper(): bars[n] for n in raw.PRICES},
        "Date": times,
    }
    file = io.BytesIO()
    parquet.write_table(pyarrow.table(columns), file)

    assert np.array_equal(imported(file.getvalue(), "bars.parquet", 86_400).rows, bars)


def test_parquet_without_its_package_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)

    with pytest.raises(Unsupported, match=r"python3 manage.py extra parquet"):
        importers.read(io.BytesIO(b""), "bars.parquet")


def test_chunks_do_not_change_the_rows(monkeypatch):
    bars = random_bars(100)
    monkeypatch.setattr(csv_importer, "CHUNK_LINES", 7)

    assert np.array_equal(imported(as_csv(bars)).rows, bars)


def test_decimals_are_read_to_the_last_bit():
    bars = imported(csv_of("2024-01-01T00:00:00Z,0.1,0.30000000000000004,0.1,0.3,1e-7")).rows

    assert bars[0].tolist()[1:] == (0.1, 0.30000000000000004, 0.1, 0.3, 1e-7)


def test_a_file_without_volume_has_none():
    checked = imported(csv_of("2024-01-01T00:00:00Z,10,12,9,11", header="timestamp,open,high,low,close"))

    assert checked.rows["volume"].tolist() == [0.0]


def test_a_byte_order_mark_and_blank_lines_are_no_content():
    content = "\ufeff".encode() + csv_of(GOOD, "", "2024-01-01T00:01:00Z,10,12,9,11,5", "", "")

    assert len(imported(content).rows) == 2


# Refusals

BAD_FILES = {
    "empty": (b"", "first line must name the columns"),
    "blank": (b"\n\n", "first line must name the columns"),
    "a header alone": (csv_of(), "not a single bar"),
    "no header": (GOOD.encode(), "no column for time, open"),
    "bid and ask": (csv_of(header="timestamp,bid_open,ask_open"), "no column for open, high, low, close"),
    "two closes": (csv_of(GOOD, header=HEADER.replace("volume", "Close")), "2 columns for close"),
    "binary": (bytes(range(256)) * 40, "not text in UTF-8"),
    "broken gzip": (gzip.compress(csv_of(*[GOOD] * 1000))[:-30], "damaged or incomplete"),
    "gzip of another time": (b"\x1f\x8b" + b"\0" * 100, "damaged or incomplete"),
    "changed gzip": (gzip.compress(csv_of(GOOD))[:-8] + b"\0" * 8, "damaged or incomplete"),
    "a word for a number": (csv_of(GOOD, "2024-01-01T00:01:00Z,10,abc,9,11,5"), "Line 3: high is 'abc'"),
    "a word for a time": (csv_of(GOOD, "yesterday,10,12,9,11,5"), "Line 3: time is 'yesterday'"),
    "nothing for a time": (csv_of(",10,12,9,11,5"), "Line 2: time is ''"),
    "a day that is none": (csv_of("2024-02-30,10,12,9,11,5"), "Line 2: time is '2024-02-30'"),
    "a time too large": (csv_of("1" * 30 + ",10,12,9,11,5"), "Line 2: time is"),
    "a short line": (csv_of(GOOD, "", "2024-01-01T00:01:00Z,10"), "Line 4 has 2 columns, the header has 6"),
    "a long line": (csv_of(GOOD + ",7"), "Line 2 has 7 columns"),
    "the first of two": (csv_of(GOOD, "2024-01-01T00:01:00Z,x,12,9,11,5", "1,2"), "Line 3: open is 'x'"),
    "an endless line": (csv_of(GOOD, "9" * 200_000), "Line 3 is longer"),
    "not a number": (csv_of(GOOD, "2024-01-01T00:01:00Z,10,nan,9,11,5"), "Line 3: high is missing or is no finite"),
    "nothing for a price": (csv_of("2024-01-01T00:01:00Z,10,,9,11,5"), "Line 2: high is ''"),
    "infinity": (csv_of("2024-01-01T00:01:00Z,10,inf,9,11,5"), "Line 2: high is missing or is no finite"),
    "no volume once": (csv_of("2024-01-01T00:01:00Z,10,12,9,11,nan"), "Line 2: volume is missing"),
    "a price of 0": (csv_of("2024-01-01T00:01:00Z,10,12,0,11,5"), "Line 2: low is 0.0"),
    "a price below 0": (csv_of("2024-01-01T00:01:00Z,10,12,-3,11,5"), "Line 2: low is -3.0"),
    "a volume below 0": (csv_of("2024-01-01T00:01:00Z,10,12,9,11,-5"), "Line 2: volume is -5.0"),
    "high below low": (csv_of(GOOD, "2024-01-01T00:01:00Z,10,9,12,11,5"), "Line 3: high 9.0 is below low 12.0"),
    "open above high": (csv_of("2024-01-01T00:01:00Z,13,12,9,11,5"), "Line 2: open 13.0 is outside"),
    "close below low": (csv_of("2024-01-01T00:01:00Z,10,12,9,8,5"), "Line 2: close 8.0 is outside"),
    "the year 3000": (csv_of("3000-01-01,10,12,9,11,5"), "between the years 1800 and 2200"),
    "backwards": (
        csv_of(GOOD, "2024-01-01T00:02:00Z,10,12,9,11,5", "2024-01-01T00:01:00Z,10,12,9,11,5"),
        "Line 4: 2024-01-01 00:01:00 comes after 2024-01-01 00:02:00. Sort the file",
    ),
    "newest first": (csv_of("2024-01-01T00:01:00Z,10,12,9,11,5", GOOD), "Line 3: .* newest first"),
    "two bars of one time": (csv_of(GOOD, GOOD.replace(",5", ",6")), "Line 3: this is another bar of 2024-01-01 00:00"),
    "a longer timeframe": (csv_of(GOOD, "2024-01-01T00:00:30Z,10,12,9,11,5"), "30 s apart"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "message"), BAD_FILES.values(), ids=BAD_FILES.keys())
def test_a_file_that_cannot_be_true_is_refused_at_its_first_bad_line(content, message):
    with pytest.raises(Invalid, match=message) as refusal:
        imported(content)

    assert refusal.value.fields.keys() == {"file"}


@pytest.mark.parametrize("name", ["bars.xlsx", "bars", "bars.csv.zip", "../../etc/passwd", ".csvx", ""])
def test_a_file_of_unknown_kind_is_refused_by_its_ending(name):
    with pytest.raises(Unsupported, match="no file of bars"):
        importers.read(io.BytesIO(csv_of(GOOD)), name)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"\xff" * 100 + b"PAR1", csv_of(GOOD)])
def test_junk_that_calls_itself_parquet_is_refused(content):
    pytest.importorskip("pyarrow")

    with pytest.raises(Invalid, match="Parquet"):
        imported(content, "bars.parquet")


def test_more_lines_than_memory_may_hold_are_not_read(monkeypatch):
    monkeypatch.setitem(raw.MAX_ROWS, BAR, 100)

    with pytest.raises(Invalid, match="more than 100 lines"):
        imported(gzip.compress(HEADER.encode() + b"\n" * 1_000_000))


# What is counted


def test_exact_repetitions_are_left_out_and_counted():
    checked = imported(csv_of(GOOD, GOOD, GOOD, "2024-01-01T00:01:00Z,10,12,9,11,5"))

    assert len(checked.rows) == checked.report["rows"] == 2
    assert checked.report["duplicates_dropped"] == 2


def test_the_report_counts_what_is_remarkable():
    bars = random_bars(5)
    bars["time"] = MONDAY + MINUTE * np.array([0, 1, 4, 5, 5 + 3 * 1440])  # two bars missing, then three days of rest
    bars["volume"][1] = 0.0
    for name in raw.PRICES:
        bars[name][2] = 100.0

    report = quality.check(bars, 60).report

    assert report == {
        "rows": 5, "gaps": 2, "missing_bars": 2, "longest_gap_seconds": 3 * 86_400.0, "usual_step_seconds": 120.0,
        "flat_bars": 1, "zero_volume_bars": 1, "duplicates_dropped": 0,
    }  # fmt: skip


def test_a_negative_nought_of_volume_is_nought():
    assert not np.signbit(imported(csv_of("2024-01-01T00:00:00Z,10,12,9,11,-0.0")).rows["volume"]).any()
