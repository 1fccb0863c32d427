"""Ticks and quote bars by the API: what is taken, shown, folded and refused."""

import numpy as np
import pytest

from apps.market import store
from apps.market.folding import as_bars, by_period, fold
from apps.market.models import Dataset, Instrument
from tests.market.conftest import DATASETS
from tests.market.quotes import as_csv, random_quotes, random_ticks

TICKS = {"name": "ticks", "symbol": "EUR_USD", "layout": "ticks", "timeframe_seconds": None}
QUOTES = {"name": "quotes", "symbol": "EUR_USD", "layout": "quote_bars"}


@pytest.fixture
def ticks(upload):
    """An uploaded dataset of 300 ticks."""
    return upload(as_csv(random_ticks(300)), "ticks.csv", **TICKS).data


def test_an_upload_of_ticks_is_answered_with_what_was_found(ticks):
    assert (ticks["layout"], ticks["timeframe_seconds"], ticks["instrument"]) == ("ticks", 0, "EUR_USD")
    version = ticks["latest_version"]
    assert (version["rows"], version["report"]["rows"]) == (300, 300)
    assert version["content_hash"] == store.hash_of(random_ticks(300))


def test_the_instrument_of_new_ticks_has_their_price_increment(ticks):
    instrument = Instrument.objects.get(pk=ticks["instrument_id"])

    assert (instrument.kind, instrument.price_increment, instrument.pip_size) == ("forex", 1e-5, 1e-4)


def test_an_upload_of_quote_bars_has_a_timeframe(upload):
    answer = upload(as_csv(random_quotes(40)), "quotes.csv", **QUOTES)

    assert answer.status_code == 201
    assert (answer.data["layout"], answer.data["timeframe_seconds"]) == ("quote_bars", 60)
    assert answer.data["latest_version"]["content_hash"] == store.hash_of(random_quotes(40))


def test_bars_are_what_a_file_holds_unless_it_says_otherwise(upload):
    assert upload().data["layout"] == "bars"


def test_the_same_ticks_again_are_the_same_version_and_others_the_next(upload, ticks):
    same = upload(as_csv(random_ticks(300)), "again.csv", **TICKS).data
    more = upload(as_csv(random_ticks(310)), "more.csv", **TICKS).data

    assert same["latest_version"]["number"] == 1
    assert (more["id"], more["latest_version"]["number"]) == (ticks["id"], 2)


WRONG = {
    "a layout that is none": ({**TICKS, "layout": "candles"}, {"/layout"}),
    "ticks by the minute": ({**TICKS, "timeframe_seconds": "1m"}, {"/timeframe_seconds"}),
    "quote bars without a timeframe": ({**QUOTES, "timeframe_seconds": None}, {"/timeframe_seconds"}),
    "crossed in another way": ({**TICKS, "crossed": "swap"}, {"/crossed"}),
    "crossed bars": ({"name": "bars", "crossed": "drop"}, {"/crossed"}),
    "ticks as bars": ({"name": "bars"}, {"/file"}),
    "ticks as quote bars": (QUOTES, {"/file"}),
}


@pytest.mark.parametrize(("words", "pointers"), WRONG.values(), ids=WRONG.keys())
def test_what_does_not_fit_is_refused_by_field(upload, stored_files, words, pointers):
    answer = upload(as_csv(random_ticks(10)), "ticks.csv", **words)

    assert answer.status_code == 400
    assert {error["pointer"] for error in answer.json()["errors"]} == pointers
    assert not Dataset.objects.exists()
    assert stored_files() == []


def test_crossed_ticks_are_refused_by_line_or_left_out(upload, stored_files):
    crossed = random_ticks(10)
    crossed["ask"][4] = 1.0

    refused = upload(as_csv(crossed), "ticks.csv", **TICKS)
    taken = upload(as_csv(crossed), "ticks.csv", **TICKS, crossed="drop")

    assert refused.status_code == 400
    assert refused.json()["error"].startswith("Line 6: ask 1.0 is below bid")
    assert (taken.data["latest_version"]["rows"], len(stored_files())) == (9, 1)
    assert taken.data["latest_version"]["report"]["crossed_dropped"] == 1


def test_a_late_bad_line_leaves_nothing_of_the_lines_before(upload, stored_files):
    content = as_csv(random_ticks(9000)) + b"2024-01-01T00:00:00Z,1.1,1.2\n"

    answer = upload(content, "ticks.csv", **TICKS)

    assert answer.json()["error"].startswith("Line 9002: ")
    assert not Dataset.objects.exists()
    assert stored_files() == []


def test_a_name_holds_one_layout(upload, ticks):
    answer = upload(as_csv(random_quotes(10)), "quotes.csv", **{**QUOTES, "name": "ticks"})

    assert answer.status_code == 400
    assert "holds ticks of EUR_USD: give these rows another name" in answer.json()["error"]
    assert Dataset.objects.get().versions.count() == 1


def test_the_list_is_narrowed_by_layout(api, upload, ticks):
    upload(as_csv(random_quotes(10)), "quotes.csv", **QUOTES)

    found = api.get(DATASETS, {"layout": "ticks"}).json()["results"]

    assert [dataset["name"] for dataset in found] == ["ticks"]
    assert api.get(DATASETS, {"layout": "candles"}).status_code == 400


def test_a_stranger_sees_no_ticks_of_others(stranger_api, ticks):
    url = f"{DATASETS}{ticks['id']}/"

    answers = [stranger_api.get(url), stranger_api.get(f"{url}bars/"), stranger_api.delete(url)]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert stranger_api.get(DATASETS).json()["results"] == []
    assert Dataset.objects.count() == 1


def test_nobody_uploads_ticks_without_signing_in(anonymous_api, upload):
    assert upload(as_csv(random_ticks(10)), "ticks.csv", client=anonymous_api, **TICKS).status_code == 401
    assert not Dataset.objects.exists()


# Charts


def test_a_chart_of_ticks_shows_their_middle(api, ticks):
    rows = random_ticks(300)

    shown = api.get(f"{DATASETS}{ticks['id']}/bars/", {"max_points": 7}).json()

    middle = (rows["bid"] + rows["ask"]) / 2
    assert (shown["count"], shown["points"], shown["volume"][0]) == (300, 7, 43)
    assert (max(shown["high"]), min(shown["low"])) == (middle.max(), middle.min())
    assert (shown["open"][0], shown["close"][-1]) == (middle[0], middle[-1])


def test_a_chart_of_quote_bars_shows_their_middle(api, upload):
    quotes = random_quotes(40)
    made = upload(as_csv(quotes), "quotes.csv", **QUOTES).data

    shown = api.get(f"{DATASETS}{made['id']}/bars/").json()

    assert shown["close"] == ((quotes["bid_close"] + quotes["ask_close"]) / 2).tolist()
    assert shown["volume"] == quotes["ticks"].tolist()


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_rows_are_folded_alike_whatever_the_pieces_they_are_read_in(monkeypatch, size):
    ticks = random_ticks(333)
    folded, periods = fold(ticks, 10), by_period(ticks, 5)
    monkeypatch.setattr("apps.market.folding.PIECE_ROWS", size)

    assert fold(ticks, 10).tolist() == folded.tolist()
    assert by_period(ticks, 5).tolist() == periods.tolist()


def test_a_period_without_a_tick_has_no_bar():
    ticks = random_ticks(4)
    ticks["time"] = np.array([0, 4_999_999, 15_000_000, 15_000_000])

    bars, middle = by_period(ticks, 5), as_bars(ticks)["close"]

    assert bars["time"].tolist() == [0, 15_000_000]
    assert bars["close"].tolist() == [middle[1], middle[3]]
    assert bars["volume"].tolist() == [2.0, 2.0]
