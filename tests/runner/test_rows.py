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
from apps.runner.ticks import TickRows

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


@st.composite
def rows_with_ticks(draw: Any) -> Rows:
    """The same, and ticks, one a bar."""
    rows = draw(engine_rows())
    bars = np.array(sorted(draw(st.sets(st.integers(0, 14)))), np.int64)
    ticks = np.zeros(len(bars), TICK)
    ticks["time"], ticks["bid"], ticks["ask"] = bars, 1.1, 1.2
    return TickRows(rows.orders, rows.fills, rows.trades, rows.equity, rows.payments, ticks=ticks, tick_bars=bars)


@given(rows=engine_rows() | rows_with_ticks(), size=st.integers(1, 9))
def test_any_pieces_are_the_same_events(rows: Rows, size: int) -> None:
    whole = encoded.event_rows(EXECUTION, rows)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoded, "PIECE_ROWS", size)
        pieces = list(encoded.event_pieces(EXECUTION, rows))

    assert [text for piece in pieces for text in piece.contents] == list(whole.contents)
    assert [kind for piece in pieces for kind in piece.columns[0]] == list(whole.columns[0])
    assert len(whole) == encoded.event_count(rows)


@given(rows=engine_rows() | rows_with_ticks())
def test_every_event_is_there_once_and_ticks_and_payments_come_before_what_their_bar_brings(rows: Rows) -> None:
    made = encoded.event_rows(EXECUTION, rows)

    events = [orjson.loads(f"{{{content}}}") for content in made.contents]
    assert [event["event_type"] for event in events] == list(made.columns[0])
    times = [np.datetime64(event["timestamp"].removesuffix("Z"), "us").astype(int).item() for event in events]
    assert times == sorted(times)
    order = {"tick_received": 0, "payment_booked": 1}
    in_bar = list(zip(times, [order.get(event["event_type"], 2) for event in events], strict=True))
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
def test_a_tick_event_has_prices_as_strings() -> None:
    nothing = (np.zeros(0, kind) for kind in (ORDER_EVENT, FILL, TRADE, EQUITY, PAYMENT))
    rows = TickRows(*nothing, ticks=ticks_of(2)[1:], tick_bars=np.array([1]))

    made = encoded.event_rows(EXECUTION, rows)

    (content,) = made.contents
    assert list(made.columns[0]) == ["tick_received"]
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
