"""hftbacktest: a compiled strategy that walks through the events of an order book."""

from collections.abc import Callable

import numpy as np
from hftbacktest import (
    BUY_EVENT,
    DEPTH_EVENT,
    EXCH_EVENT,
    GTC,
    LIMIT,
    LOCAL_EVENT,
    SELL_EVENT,
    BacktestAsset,
    ROIVectorMarketDepthBacktest,
)
from hftbacktest.types import event_dtype
from numba import njit

WARM_UP = 2_000
LIMITS = {"w4": 2_000_000}
TICK, UNIT = 0.00001, 1_000.0


@njit
def add_layers(book):  # type: ignore[no-untyped-def]
    """Cycles and the last bid. A limit at the other side's price is filled at once."""
    layers, last, cost, cycles, number = 0, 0.0, 0.0, 0, 0
    while book.wait_next_feed(False, 10**18) == 2:
        if book.current_timestamp % 2 == 0:
            continue  # in the middle of a tick
        depth = book.depth(0)
        bid, ask = depth.best_bid, depth.best_ask
        if layers and (bid >= cost / layers + 0.0009987 or (layers == 5 and bid <= last - 0.0029987)):
            number += 1
            book.submit_sell_order(0, number, bid, UNIT * layers, GTC, LIMIT, True)
            layers, cost = 0, 0.0
            cycles += 1
        elif layers == 0 or (layers < 5 and ask <= last - 0.0009987):
            number += 1
            book.submit_buy_order(0, number, ask, UNIT, GTC, LIMIT, True)
            last = ask
            cost += ask
            layers += 1
        book.clear_inactive_orders(0)
    return cycles, book.depth(0).best_bid  # the last row ends the data before it is told


def w4(ticks: np.ndarray) -> Callable[[], tuple[int, float]]:
    rows = events(ticks)  # the engine reads them where they are, so they have to live as long as the run
    asset = (
        BacktestAsset().data(rows).linear_asset(1.0).constant_order_latency(0, 0)
        .risk_adverse_queue_model().no_partial_fill_exchange().trading_value_fee_model(0.0, 0.0)
        .tick_size(TICK).lot_size(1.0).roi_lb(0.5).roi_ub(2.0)
    )  # fmt: skip
    book = ROIVectorMarketDepthBacktest([asset])

    def run() -> tuple[int, float]:
        cycles, bid = add_layers(book)
        state = book.state_values(0)
        assert len(rows)
        return cycles, 10_000.0 + state.balance + state.position * bid

    return run


def events(ticks: np.ndarray) -> np.ndarray:
    """Each tick as what changes in a book of one level a side; its last event has an odd time."""
    made = np.zeros((len(ticks), 4), event_dtype)
    both = DEPTH_EVENT | EXCH_EVENT | LOCAL_EVENT
    times = ticks["time"] * 1_000
    for column, (side, name, quantity) in enumerate(
        [(BUY_EVENT, "bid", 0.0), (SELL_EVENT, "ask", 0.0), (BUY_EVENT, "bid", 1e6), (SELL_EVENT, "ask", 1e6)]
    ):
        rows = made[:, column]
        rows["ev"] = both | side
        rows["exch_ts"] = rows["local_ts"] = times + (column == 3)
        rows["px"] = ticks[name] if quantity else np.concatenate([ticks[name][:1], ticks[name][:-1]])
        rows["qty"] = quantity
    changes = np.ones((len(ticks), 4), bool)
    changes[0, :2] = False
    changes[1:, 0] = changes[1:, 2] = ticks["bid"][1:] != ticks["bid"][:-1]
    changes[1:, 1] = ticks["ask"][1:] != ticks["ask"][:-1]
    return made[changes]
