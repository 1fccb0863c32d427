"""The bundled files are what their index says, and bars as a reader of prices expects them."""

import csv
import gzip
import hashlib
import json
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "apps" / "market" / "bundled"
INDEX = json.loads((FOLDER / "index.json").read_text())


def rows(entry: dict[str, Any]) -> list[dict[str, str]]:
    with gzip.open(FOLDER / entry["file"], "rt", newline="") as file:
        return list(csv.DictReader(file))


def test_every_bundled_file_is_in_the_index():
    assert {entry["file"] for entry in INDEX} == {path.name for path in FOLDER.glob("*.gz")}


@pytest.mark.parametrize("entry", INDEX, ids=lambda entry: entry["file"])
def test_a_bundled_file_is_the_one_the_index_describes(entry):
    data = (FOLDER / entry["file"]).read_bytes()
    stamps = [row["timestamp"] for row in rows(entry)]

    assert hashlib.sha256(data).hexdigest() == entry["sha256"]
    assert (len(stamps), stamps[0], stamps[-1]) == (entry["rows"], entry["first"], entry["last"])
    assert entry["licence"]
    assert entry["source"].split()[0] in (FOLDER / "PROVENANCE.md").read_text()


@pytest.mark.parametrize("entry", INDEX, ids=lambda entry: entry["file"])
def test_bundled_bars_are_ordered_on_their_grid_and_consistent(entry):
    bars = rows(entry)
    opens_at = [datetime.fromisoformat(bar["timestamp"]).timestamp() for bar in bars]

    assert all(earlier < later for earlier, later in pairwise(opens_at))
    assert all(second % entry["timeframe_seconds"] == 0 for second in opens_at)
    for bar in bars:
        low, high = float(bar["low"]), float(bar["high"])
        assert 0 < low <= min(float(bar["open"]), float(bar["close"])), bar
        assert max(float(bar["open"]), float(bar["close"])) <= high, bar
        assert float(bar["volume"]) > 0, bar


@pytest.mark.parametrize("entry", INDEX, ids=lambda entry: entry["file"])
def test_bundled_prices_are_whole_price_increments(entry):
    steps = round(1 / entry["instrument"]["price_increment"])

    for bar in rows(entry):
        for field in ("open", "high", "low", "close"):
            price = float(bar[field])
            assert round(price * steps) / steps == price, bar


@pytest.mark.parametrize("entry", INDEX, ids=lambda entry: entry["file"])
def test_no_split_is_left_in_the_bundled_prices(entry):
    halved = [
        today["timestamp"][:10]
        for yesterday, today in pairwise(rows(entry))
        if float(today["close"]) < 0.52 * float(yesterday["close"])
    ]

    # Apple's profit warning of that Thursday evening really cost 51.9 %
    assert halved == (["2000-09-29"] if entry["instrument"]["symbol"] == "AAPL" else [])
