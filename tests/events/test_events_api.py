"""What the events of a real run look like (T18, T24, T25, T32 to T34, T64, T75)."""

from typing import Any

import pytest
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def events(api: APIClient, finished: Any) -> Any:
    def read(**query: Any) -> list[dict[str, Any]]:
        answer = api.get(f"/api/trading/executions/{finished.pk}/events/", query)
        assert answer.status_code == 200
        rows: list[dict[str, Any]] = answer.json()["events"]
        return rows

    return read


@pytest.mark.case("T18", "T19", "T75")
def test_t18_t19_t75_the_shape_of_a_row(events: Any) -> None:
    rows = events()

    assert [row["sequence"] for row in rows] == list(range(1, len(rows) + 1))
    for row in rows:
        assert set(row) == {"sequence", "event_type", "strategy_type", "timestamp", "event", "created_at"}
        assert row["strategy_type"] == "sma_cross"
        assert row["timestamp"].endswith("Z")
        assert row["created_at"].endswith("Z")


@pytest.mark.case("T34")
def test_t34_only_documented_types_occur(events: Any) -> None:
    assert {row["event_type"] for row in events()} == {"strategy_signal", "trade_executed", "status_changed"}


@pytest.mark.case("T32")
def test_t32_a_signal(events: Any) -> None:
    for row in events(event_type="strategy_signal"):
        assert row["event"]["signal"] in ("buy", "sell")
        assert isinstance(row["event"]["price"], str)


@pytest.mark.case("T33")
def test_t33_an_execution_of_a_trade(events: Any) -> None:
    rows = events(event_type="trade_executed")

    assert rows
    for row in rows:
        assert row["event"]["direction"] in ("long", "short")
        assert type(row["event"]["units"]) is int
        assert float(row["event"]["price"]) > 0
        assert isinstance(row["event"]["price"], str)


def test_every_fill_follows_its_signal_one_bar_later(events: Any) -> None:
    from datetime import datetime, timedelta

    rows = [row for row in events() if row["event_type"] != "status_changed"]
    signalled = {row["event"]["order"]: row for row in rows if row["event"].get("kind") == "order_submitted"}
    fills = [row for row in rows if row["event_type"] == "trade_executed"]

    assert fills
    for fill in fills:
        signal = signalled[fill["event"]["order"]]
        waited = datetime.fromisoformat(fill["timestamp"]) - datetime.fromisoformat(signal["timestamp"])
        assert signal["sequence"] < fill["sequence"]
        assert waited == timedelta(minutes=1)


def test_timestamps_of_the_market_never_go_back(events: Any) -> None:
    times = [row["timestamp"] for row in events() if row["event_type"] != "status_changed"]

    assert times == sorted(times)


@pytest.mark.case("T64")
def test_t64_changes_of_status_are_the_first_and_the_last_rows(events: Any) -> None:
    rows = events()
    changes = [row["event"] for row in rows if row["event_type"] == "status_changed"]

    assert changes == [{"from": "created", "to": "running"}, {"from": "running", "to": "completed"}]
    assert (rows[0]["event_type"], rows[-1]["event_type"]) == ("status_changed", "status_changed")


@pytest.mark.case("T25")
@pytest.mark.parametrize("kind", ["tick_received", "no_such_type", "", "strategy_signal' OR 1=1 --", "\u00e4"])
def test_t25_an_event_type_that_does_not_occur_gives_an_empty_list(events: Any, kind: str) -> None:
    assert events(event_type=kind) == []


@pytest.mark.case("T24")
def test_t24_a_filter_takes_pages_and_since_as_well(api: APIClient, finished: Any, events: Any) -> None:
    fills = [row["sequence"] for row in events(event_type="trade_executed")]

    body = api.get(
        f"/api/trading/executions/{finished.pk}/events/",
        {"event_type": "trade_executed", "since_sequence": fills[0], "page_size": 2},
    ).json()

    assert [row["sequence"] for row in body["events"]] == fills[1:3]
    assert body["count"] == len(fills) - 1
    assert "event_type=trade_executed" in body["next"]
