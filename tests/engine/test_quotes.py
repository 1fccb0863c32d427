"""Quote bars, which show both sides of the book: purchases at the ask, sales at the bid, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.engine.errors import BadBars
from apps.engine.listing import Listing
from apps.engine.series.quotes import QUOTE_BAR
from apps.engine.session import Session
from apps.engine.strategy import Strategy
from apps.engine.types import Costs, FillRules, Instrument
from tests.engine.reference import Reference
from tests.engine.runs import HOUR, MONDAY, at, bits, in_pieces
from tests.engine.test_order_rules import BARS, Stream, events_of, order, tickets
from tests.engine.tickets import Candle

if TYPE_CHECKING:
    from apps.engine.types import Array

PENNIES = Instrument("TEST", price_increment=0.01)
Prices = tuple[float, float, float, float]


def quotes_of(*bars: tuple[Prices, Prices], ticks: int = 0) -> Array:
    """Hourly quote bars of these (open, high, low, close) of the bid and of the ask."""
    quotes = np.zeros(len(bars), QUOTE_BAR)
    for i, (bid, ask) in enumerate(bars):
        quotes[i] = (MONDAY + i * HOUR, *bid, *ask, ticks)
    return quotes


def session_on(on_bar: Any, quotes: Array, **terms: Any) -> Session:
    strategy = type("Scripted", (Strategy,), {"on_bar": on_bar})
    return Session(strategy, {}, Listing(PENNIES, quotes), **({"cash": 10_000.0} | terms))


CALM = ((100, 101, 99, 100), (102, 103, 101, 102))


@pytest.mark.parametrize(
    ("action", "bar", "price"),
    [
        (lambda s: s.buy(1), CALM, 102),
        (lambda s: s.sell(1), CALM, 100),
        (lambda s: s.buy(1, limit=101), CALM, 101),
        (lambda s: s.buy(1, limit=100.99), CALM, None),  # the bid was there, the ask was not
        (lambda s: s.sell(1, limit=101), CALM, 101),
        (lambda s: s.sell(1, limit=101.01), CALM, None),
        (lambda s: s.buy(1, stop=103), CALM, 103),
        (lambda s: s.buy(1, stop=103.01), CALM, None),
        (lambda s: s.sell(1, stop=99), CALM, 99),
        (lambda s: s.sell(1, stop=98.99), CALM, None),
        (lambda s: s.sell(1, stop=99), ((97, 98, 96, 97), (99, 100, 98, 99)), 97),
        (lambda s: s.buy(1, limit=101), ((98, 99, 97, 98), (100, 101, 99, 100)), 100),
        (lambda s: s.buy(1, trail=1.5), ((100, 102, 100, 102), (102, 104, 102, 104)), 103.5),  # from the ask of 102
        (lambda s: s.sell(1, trail=1.5), ((100, 101, 98, 98), (102, 103, 100, 100)), 98.5),  # from the bid of 100
        (lambda s: s.buy(1, at="close"), CALM, 102),
        (lambda s: s.sell(1, at="close"), CALM, 100),
    ],
)
def test_a_purchase_fills_at_the_ask_and_a_sale_at_the_bid(action: Any, bar: Any, price: float | None) -> None:
    rows = session_on(at(bar_0=action), quotes_of(CALM, bar)).advance(2)

    assert rows.fills["price"].tolist() == ([] if price is None else [price])


def test_a_long_position_is_worth_the_bid_and_a_short_one_the_ask() -> None:
    quotes = quotes_of(CALM, CALM, ((100, 100, 90, 95), (102, 102, 92, 99)))

    long = session_on(at(bar_0=lambda s: s.buy(1)), quotes).advance(3)
    short = session_on(at(bar_0=lambda s: s.sell(1)), quotes).advance(3)

    assert long.equity["equity"].tolist() == [10_000, 10_000 - 102 + 100, 10_000 - 102 + 95]
    assert short.equity["equity"].tolist() == [10_000, 10_000 + 100 - 102, 10_000 + 100 - 99]


def test_protection_is_judged_by_the_side_that_it_trades_at() -> None:
    quotes = quotes_of(CALM, CALM, ((100, 101, 99, 100), (102, 104, 101, 102)), (CALM[0], CALM[1]))
    bought = at(bar_0=lambda s: s.buy(1, sl=98.5, tp=103.5))  # no bid gets as high as the ask's 104

    assert session_on(bought, quotes).advance(4).fills["price"].tolist() == [102]


def test_a_target_between_bid_and_ask_would_lose_and_is_refused() -> None:
    rows = session_on(at(bar_0=lambda s: s.buy(1, tp=101.5)), quotes_of(CALM, CALM)).advance(2)

    assert [event[2:4] for event in events_of(rows.orders)][1] == ("REJECTED", "PROTECTION_ON_WRONG_SIDE")
    assert not len(rows.fills)


def test_lines_are_the_middle_of_both_sides() -> None:
    seen: list[Any] = []
    script = at(bar_0=lambda s: seen.append([s.open[-1], s.high[-1], s.low[-1], s.close[-1], s.volume[-1]]))

    session_on(script, quotes_of(((100, 104, 98, 100), (101, 106, 99, 103)), ticks=7)).advance(1)

    assert seen == [[100.5, 105, 98.5, 101.5, 7]]


class QuoteStream(Stream):
    """Random quote bars, and what is ordered at each: the same for engine and re-statement."""

    def __init__(self, seed: int, intrabar: str) -> None:
        super().__init__(seed, intrabar)
        self.spreads = [[int(each) for each in self.random.integers(0, 6, 4)] for _ in range(BARS)]

    def sides(self) -> tuple[list[Candle], list[Candle]]:
        """The stream's own candles are the middle; the spread is even, and another one at each of the four prices."""
        bids, asks = [], []
        for middle, spread in zip(self.candles, self.spreads, strict=True):
            prices = np.array([middle.open, middle.high, middle.low, middle.close])
            bid, ask = (prices + direction * np.array(spread) for direction in (-1, 1))
            for side, (opened, high, low, close) in ((bids, bid.tolist()), (asks, ask.tolist())):
                top, bottom = max(opened, high, low, close), min(opened, high, low, close)
                side.append(Candle(middle.time, opened, top, bottom, close, middle.volume))
        return bids, asks

    def session(self) -> Session:
        quotes = np.zeros(BARS, QUOTE_BAR)
        for i, (bid, ask) in enumerate(zip(*self.sides(), strict=True)):
            prices = [price / 100 for side in (bid, ask) for price in (side.open, side.high, side.low, side.close)]
            quotes[i] = (bid.time, *prices, int(bid.volume))
        actions = self.actions

        def on_bar(strategy: Strategy) -> None:
            if strategy.index == 0:
                strategy.given = []
            for verb, value in actions[strategy.index]:
                order(strategy, verb, value)

        return session_on(on_bar, quotes, cash=100_000.0, costs=Costs(slippage_ticks=self.slippage), rules=self.rules)

    def reference(self) -> Reference:
        rules = self.rules
        bids, asks = self.sides()
        book = Reference(
            bids,
            asks,
            intrabar=rules.intrabar,
            exit_in_entry_bar=rules.exit_in_entry_bar,
            market_at_close=rules.market_at_close,
            volume_share=rules.volume_share,
            latency=rules.latency_bars,
            slippage_ticks=self.slippage,
        )
        given: list[Any] = []
        middle = [candle.close for candle in self.candles]
        book.run(lambda book, bar: [tickets(book, given, *action, middle[bar]) for action in self.actions[bar]])
        return book


@pytest.mark.parametrize("rule", ["pessimistic", "optimistic"])
def test_the_kernel_does_what_the_plain_rules_say_of_quote_bars(rule: str) -> None:
    for seed in range(300):
        stream = QuoteStream(seed, rule)
        session = stream.session()

        rows, reference = session.advance(BARS), stream.reference()

        found = [tuple(row) for row in rows.fills[["bar", "order", "side", "quantity", "price", "position"]].tolist()]
        expected = [(*fill[:4], fill[4] / 100, fill[5]) for fill in reference.fills]
        assert events_of(rows.orders) == reference.events, seed
        assert found == [pytest.approx(fill, rel=1e-12) for fill in expected], seed
        assert session.metrics()["ambiguous_bars"] == reference.ambiguous, seed


@pytest.mark.parametrize("rule", ["ohlc", "colour", "nearest"])
def test_on_a_path_no_fill_is_outside_of_the_bar_of_its_side(rule: str) -> None:
    for seed in range(100):
        stream = QuoteStream(seed, rule)
        stream.slippage = 0
        stream.rules = FillRules(intrabar=rule)
        bids, asks = stream.sides()

        fills = stream.session().advance(BARS).fills

        for fill in fills:
            side = (asks if fill["side"] > 0 else bids)[fill["bar"]]
            assert side.low <= round(fill["price"] * 100, 6) <= side.high, seed


@given(
    seed=st.integers(0, 10_000),
    rule=st.sampled_from(["pessimistic", "optimistic", "ohlc", "nearest"]),
    sizes=st.lists(st.integers(1, 20), max_size=9),
    cut=st.integers(1, BARS),
)
@settings(deadline=None, max_examples=60)
def test_pieces_and_resumptions_leave_no_trace(seed: int, rule: str, sizes: list[int], cut: int) -> None:
    stream = QuoteStream(seed, rule)
    whole, pieces, first, resumed = (stream.session() for _ in range(4))
    at_once = bits([whole.advance(BARS)])

    in_parts = bits(in_pieces(pieces, sizes))
    before = first.advance(cut)
    resumed.restore(first.snapshot())

    assert in_parts == bits([before, resumed.advance(BARS)]) == at_once
    assert whole.snapshot() == pieces.snapshot() == resumed.snapshot()


def test_an_instrument_without_a_bar_is_not_matched_and_keeps_its_last_value() -> None:
    mine = quotes_of(*[CALM] * 4)
    other = quotes_of(((50, 50, 50, 50), (51, 51, 51, 51)), ((40, 40, 40, 40), (41, 41, 41, 41)))
    other["time"][1] += 2 * HOUR  # its second bar is the others' fourth
    listings = [Listing(PENNIES, mine), Listing(Instrument("OTHER", price_increment=0.01), other)]
    script = at(bar_0=lambda s: s.market("OTHER").sell(1))
    rows = Session(type("S", (Strategy,), {"on_bar": script}), {}, listings, cash=1000.0).advance(4)

    assert rows.fills[["bar", "price"]].tolist() == [(3, 40)]
    assert rows.equity["equity"].tolist() == [1000, 1000, 1000, 999]


@pytest.mark.parametrize(
    ("row", "changes", "problem"),
    [
        (1, {"bid_high": np.nan}, "not a finite number"),
        (0, {"ask_low": np.inf}, "not a finite number"),
        (1, {"bid_low": 0.0}, "not above 0"),
        (1, {"ask_high": 100.5, "bid_high": 100.2}, "the high is below the low"),
        (0, {"ask_open": 99.0}, "the ask is below the bid"),
        (1, {"ask_close": 99.5}, "the ask is below the bid"),
        (1, {"ask_low": 98.0}, "the ask is below the bid"),
        (1, {"ticks": -1}, "negative"),
        (1, {"time": MONDAY}, "the time of the quote bar before"),
        (1, {"time": MONDAY - 1}, "earlier than the quote bar before"),
    ],
)
def test_quote_bars_that_cannot_be_traded_on_are_refused(row: int, changes: dict[str, float], problem: str) -> None:
    quotes = quotes_of(CALM, CALM)
    for field, value in changes.items():
        quotes[field][row] = value

    with pytest.raises(BadBars, match=problem) as refusal:
        Listing(PENNIES, quotes)

    assert refusal.value.row == row
