"""The engine's rows as events: in the engine's order, and the same whatever the pieces they are spelt in."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.engine.series.quotes import TICK
from apps.engine.types import EQUITY, FILL, ORDER_EVENT, PAYMENT, TRADE, OrderEventKind, PaymentKind, Rows
from apps.runner import rows as encoded

INSTRUMENT = {"symbol": 'EUR"USD', "price_increment": 0.0001, "pip_size": 0.0001}
EXECUTION: Any = SimpleNamespace(manifest={"instrument": INSTRUMENT}, strategy_type="sma_cross")
MONDAY = 1_704_067_200_000_000
kinds = st.sampled_from([int(kind) for kind in OrderEventKind])


@st.composite
def engine_rows(draw: Any) -> Rows:
    """Orders of any kinds with the fills that belong to them, and payments, a few a bar."""
    bars = sorted(draw(st.lists(st.integers(0, 12), max_size=30)))
    orders = np.zeros(len(bars), ORDER_EVENT)
    orders["bar"], orders["time"], orders["order"] = bars, bars, np.arange(1, len(bars) + 1)
    orders["kind"] = draw(st.lists(kinds, min_size=len(bars), max_size=len(bars)))
    orders["type"], orders["side"], orders["quantity"], orders["price"] = 1, 1, 2.0, 1.5
    filled = orders[np.isin(orders["kind"], encoded.FILLED)]
    fills = np.zeros(len(filled), FILL)
    fills["order"], fills["side"], fills["quantity"] = filled["order"], 1, 2.0
    paid = sorted(draw(st.lists(st.integers(0, 14), max_size=8)))
    payments = np.zeros(len(paid), PAYMENT)
    payments["bar"], payments["time"], payments["kind"] = paid, paid, PaymentKind.FUNDING
    payments["amount"] = np.arange(len(paid)) + 1.0
    return Rows(orders, fills, np.zeros(0, TRADE), np.zeros(0, EQUITY), payments)


@given(rows=engine_rows(), size=st.integers(1, 9))
def test_any_pieces_are_the_same_events(rows: Rows, size: int) -> None:
    whole = encoded.event_rows(EXECUTION, rows)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoded, "PIECE_ROWS", size)
        pieces = list(encoded.event_pieces(EXECUTION, rows))

    assert [text for piece in pieces for text in piece.contents] == list(whole.contents)
    assert [kind for piece in pieces for kind in piece.columns[0]] == list(whole.columns[0])
    assert len(whole) == encoded.event_count(rows)


@given(rows=engine_rows())
def test_every_event_is_there_once_and_a_payment_comes_before_what_its_bar_brings(rows: Rows) -> None:
    made = encoded.event_rows(EXECUTION, rows)

    events = [orjson.loads(f"{{{content}}}") for content in made.contents]
    assert [event["event_type"] for event in events] == list(made.columns[0])
    times = [np.datetime64(event["timestamp"].removesuffix("Z"), "us").astype(int).item() for event in events]
    assert times == sorted(times)
    in_bar = list(zip(times, [event["event_type"] != "payment_booked" for event in events], strict=True))
    assert in_bar == sorted(in_bar)
    orders = [event["event"]["order"] for event in events if "order" in event["event"]]
    assert orders == rows.orders["order"][rows.orders["kind"] != OrderEventKind.MARGIN_CALLED].tolist()


def ticks_of(count: int) -> np.ndarray:
    ticks = np.zeros(count, TICK)
    ticks["time"] = MONDAY + 250_000 * np.arange(1, count + 1)
    ticks["bid"] = 1.1 + np.arange(count) / 10_000
    ticks["ask"] = ticks["bid"] + 0.0001
    return ticks


@pytest.mark.case("T34")
@given(sizes=st.lists(st.integers(0, 40), min_size=1, max_size=12), every=st.integers(1, 25))
def test_ticks_become_events_by_their_number_whatever_the_pieces(sizes: list[int], every: int) -> None:
    ticks, contents, bars, first = ticks_of(sum(sizes)), [], [], 1

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.TICK_EVENT_EVERY", every)
        for size in sizes:
            part = encoded.tick_events(EXECUTION, ticks[first - 1 : first - 1 + size], first)
            contents += part.contents
            bars += part.bars.tolist()
            first += size

    numbers = list(range(every, len(ticks) + 1, every))
    assert bars == [number - 1 for number in numbers]
    assert [text.count('"tick_received"') for text in contents] == [2] * len(numbers)
    assert [orjson.loads(f"{{{text}}}")["event"]["bid"] for text in contents] == [
        f"{ticks['bid'][number - 1]:.4f}" for number in numbers
    ]


@pytest.mark.case("T34")
def test_a_tick_event_has_prices_as_strings(settings: Any) -> None:
    settings.TICK_EVENT_EVERY = 2

    part = encoded.tick_events(EXECUTION, ticks_of(3), 1)

    (content,) = part.contents
    assert part.types == ["tick_received"]
    assert orjson.loads(f"{{{content}}}") == {
        "event_type": "tick_received",
        "strategy_type": "sma_cross",
        "timestamp": "2024-01-01T00:00:00.500000Z",
        "event": {
            "type": "tick_received",
            "instrument": 'EUR"USD',
            "timestamp": "2024-01-01T00:00:00.500000Z",
            "bid": "1.1001",
            "ask": "1.1002",
            "mid": "1.10015",
        },
    }


def test_no_tick_becomes_an_event_where_none_is_asked_for(settings: Any) -> None:
    settings.TICK_EVENT_EVERY = 0

    assert encoded.tick_events(EXECUTION, ticks_of(3000), 1).contents == []
