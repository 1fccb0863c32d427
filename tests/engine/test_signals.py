"""Arrays of targets and of signals: they trade as a class that decides alike, to the bit, and tell what is wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.engine.errors import SnapshotMismatch
from apps.engine.listing import Listing
from apps.engine.series.timeframes import Timeframe
from apps.engine.session import Session
from apps.engine.signals import Signals, Targets
from apps.engine.strategy import Order, Strategy
from apps.engine.types import Account, FillRules, Instrument, OrderEventKind
from tests.engine.runs import FEES, bars_at, bars_of, bits, in_pieces, walks

if TYPE_CHECKING:
    from apps.engine.types import Array, Rows

SMALL_STEPS = Instrument("TEST", quantity_step=0.1, periods_per_year=365)
RULES = [
    FillRules(intrabar=rule, exit_in_entry_bar=exits, volume_share=share, latency_bars=latency, compare_opposite=False)
    for rule in ("pessimistic", "optimistic", "ohlc", "colour", "nearest")
    for exits, share, latency in ((True, 0.0, 0), (False, 0.0, 0), (True, 0.002, 0), (True, 0.0, 2))
]
rules = st.sampled_from(RULES)
seeds = st.integers(0, 2**32 - 1)


def follower(targets: Array) -> type[Strategy]:
    """A class that holds these targets, as `Targets` says it does."""

    class Follower(Strategy):
        def init(self) -> None:
            self.orders: list[Order | None] = [None] * targets.shape[1]

        def on_bar(self) -> None:
            row = self._desk.now()
            for place, market in enumerate(self.markets):
                order = self.orders[place]
                is_free = order is None or not self.is_working(order)
                if is_free and not math.isnan(market.close[-1]):
                    self.orders[place] = market.target(float(targets[row, place]))

    return Follower


@dataclass
class Chosen:
    """Random signals, with what protects the entries. flags: entries, exits, short entries, short exits."""

    flags: list[Array]
    size: Array
    stop_loss: Array | None
    take_profit: Array | None

    @property
    def plan(self) -> Signals:
        entries, exits, short_entries, short_exits = self.flags
        return Signals(
            entries, exits, short_entries=short_entries, short_exits=short_exits, size=self.size,
            stop_loss=self.stop_loss, take_profit=self.take_profit, levels="share",
        )  # fmt: skip

    @property
    def strategy(self) -> type[Strategy]:
        chosen = self

        class Signalled(Strategy):
            def init(self) -> None:
                self.entry: Order | None = None
                self.end: Order | None = None

            def leave(self) -> None:
                if self.end is None or not self.is_working(self.end):
                    self.end = self.close_position()

            def on_bar(self) -> None:
                i, close = self.index, self.close[-1]
                entries, exits, short_entries, short_exits = (bool(each[i]) for each in chosen.flags)
                is_entering = self.entry is not None and self.is_working(self.entry)
                if exits:
                    if self.position > 0:
                        self.leave()
                elif entries and self.position <= 0 and not is_entering:
                    self.enter(1, i, close)
                    is_entering = True
                if short_exits:
                    if self.position < 0:
                        self.leave()
                elif short_entries and self.position >= 0 and not is_entering:
                    self.enter(-1, i, close)

            def enter(self, side: int, i: int, close: float) -> None:
                if self.position:
                    self.leave()
                terms: dict[str, float] = {}
                if chosen.stop_loss is not None:
                    terms["sl"] = close * (1.0 - side * float(chosen.stop_loss[i]))
                if chosen.take_profit is not None:
                    terms["tp"] = close * (1.0 + side * float(chosen.take_profit[i]))
                order = self.buy if side > 0 else self.sell
                self.entry = order(float(chosen.size[i]), **terms)  # type: ignore[arg-type]

        return Signalled


@st.composite
def choices(draw: st.DrawFn, count: int) -> Chosen:
    random = np.random.default_rng(draw(seeds))
    share = draw(st.sampled_from([0.05, 0.3]))
    flags = [random.random(count) < share for _ in range(4)]
    flags[2] &= ~flags[0]
    levels = [random.uniform(0.002, 0.05, count) if draw(st.booleans()) else None for _ in range(2)]
    return Chosen(flags, random.uniform(0.05, 3.0, count), *levels)


def session(strategy: Any, bars: Array | list[Array], **terms: Any) -> Session:
    each = bars if isinstance(bars, list) else [bars]
    listings = [
        Listing(Instrument(f"TEST{i}", quantity_step=0.1, periods_per_year=365), rows) for i, rows in enumerate(each)
    ]
    return Session(strategy, {}, listings, **{"cash": 10_000.0, "costs": FEES, **terms})


def run(strategy: Any, bars: Array | list[Array], **terms: Any) -> tuple[dict[str, bytes], dict[str, Any], Rows]:
    made = session(strategy, bars, **terms)
    rows = made.advance(made.total)
    return bits([rows]), made.metrics(), rows


@given(bars=walks(), seed=seeds, rule=rules)
@settings(deadline=None)
def test_targets_trade_as_a_class_that_holds_them(bars: Array, seed: int, rule: FillRules) -> None:
    random = np.random.default_rng(seed)
    targets = np.repeat(random.integers(-30, 31, len(bars)) / 10, random.integers(1, 6, len(bars)))[: len(bars)]

    arrays, figures, _ = run(Targets(targets), bars, rules=rule)

    assert (arrays, figures) == run(follower(targets[:, None]), bars, rules=rule)[:2]


@given(bars=walks(shortest=20), others=walks(shortest=20), seed=seeds)
@settings(deadline=None)
def test_targets_of_several_listings_trade_as_a_class_that_holds_them(bars: Array, others: Array, seed: int) -> None:
    both, random = [bars, others[3:]], np.random.default_rng(seed)
    steps = session(Strategy, both).total
    targets = np.repeat(random.integers(-3, 4, (steps, 2)), 3, axis=0)[:steps].astype(np.float64)

    arrays, figures, _ = run(Targets(targets), both)

    assert (arrays, figures) == run(follower(targets), both)[:2]


@given(bars=walks(shortest=10), rule=rules, data=st.data())
@settings(deadline=None)
def test_signals_trade_as_a_class_that_follows_them(bars: Array, rule: FillRules, data: st.DataObject) -> None:
    chosen = data.draw(choices(len(bars)))

    arrays, figures, _ = run(chosen.plan, bars, rules=rule)

    assert (arrays, figures) == run(chosen.strategy, bars, rules=rule)[:2]


@given(bars=walks(shortest=10), sizes=st.lists(st.integers(1, 40), max_size=20), data=st.data())
@settings(deadline=None)
def test_pieces_and_resumptions_cannot_be_seen_in_the_result(
    bars: Array, sizes: list[int], data: st.DataObject
) -> None:
    plan = data.draw(choices(len(bars))).plan
    whole, parts, resumed = (session(plan, bars) for _ in range(3))
    at_once = bits([whole.advance(len(bars))])

    assert bits(in_pieces(parts, sizes)) == at_once
    assert parts.metrics() == whole.metrics()
    assert parts.snapshot() == whole.snapshot()

    first, cut = session(plan, bars), data.draw(st.integers(1, len(bars)), "cut")
    before = first.advance(cut)
    resumed.restore(first.snapshot())
    assert bits([before, resumed.advance(len(bars))]) == at_once
    assert resumed.metrics() == whole.metrics()


@pytest.mark.parametrize("kind", ["unchecked", "cash", "cross", "isolated"])
def test_the_account_carries_what_arrays_ask_for_as_it_carries_a_class(kind: str) -> None:
    bars = bars_at(100 * np.exp(np.cumsum(np.random.default_rng(5).normal(0, 0.03, 300))))
    targets = np.repeat(np.random.default_rng(6).integers(-20, 21, 60) * 10.0, 5)
    account = Account(kind=kind, leverage=0 if kind in ("cash", "unchecked") else 3)

    arrays = run(Targets(targets), bars, account=account)

    assert arrays[:2] == run(follower(targets[:, None]), bars, account=account)[:2]
    assert len(arrays[2].fills) > 5


def test_signals_hold_both_sides_where_the_account_does() -> None:
    bars = bars_at([100, 101, 102, 103, 104, 105])
    long = np.array([True, False, False, False, False, False])
    short = np.array([False, True, False, False, False, False])
    ends = np.array([False, False, False, True, False, False])

    rows = run(Signals(long, ends, short_entries=short, short_exits=ends), bars, account=Account(hedging=True))[2]

    assert [(fill["bar"], fill["side"], fill["position"]) for fill in rows.fills] == [
        (1, 1, 1.0), (2, -1, -1.0), (4, -1, 0.0), (4, 1, 0.0),
    ]  # fmt: skip


def test_an_entry_against_a_position_closes_it_before() -> None:
    bars = bars_at([100, 101, 102, 103])
    first, second = np.array([True, False, False, False]), np.array([False, True, False, False])

    rows = run(Signals(first, short_entries=second, size=2.0), bars)[2]

    assert rows.fills["position"].tolist() == [2.0, 0.0, -2.0]


def test_levels_are_prices_or_distances_or_shares_of_the_close() -> None:
    bars = bars_of((100, 101, 99, 100), (100, 101, 99, 100), (100, 112, 99, 100))
    entries = np.array([True, False, False])
    at_prices = Signals(entries, stop_loss=90.0, take_profit=110.0)
    by_distance = Signals(entries, stop_loss=10.0, take_profit=10.0, levels="distance")
    by_share = Signals(entries, stop_loss=0.1, take_profit=np.full(3, 0.1), levels="share")

    results = [run(plan, bars)[2] for plan in (at_prices, by_distance, by_share)]

    assert [rows.trades["exit_price"].tolist() for rows in results] == [[110.0]] * 3
    assert [rows.orders["stop"].max() for rows in results] == [90.0] * 3


def test_signals_of_a_timeframe_have_a_row_for_each_of_its_bars() -> None:
    bars = bars_at(np.arange(100.0, 112.0))

    made = session(Targets(np.array([0.0, 1.0, 0.0])), bars, timeframe=Timeframe.parse("4h"))

    assert made.advance(made.total).fills["bar"].tolist() == [8]


def test_the_warm_up_trades_nothing() -> None:
    bars = bars_at([100, 101, 102, 103, 104])

    made = session(Targets(np.ones(5)), bars, warm_up=2)

    assert made.advance(made.total).fills["bar"].tolist() == [3]


def test_a_target_is_rounded_towards_nothing() -> None:
    rows = run(Targets(np.array([1.29, 1.29, -0.78, -0.78])), bars_at([100, 100, 100, 100]))[2]

    assert rows.fills["position"].tolist() == [1.2, 0.0, -0.7]
    assert not (rows.orders["kind"] == OrderEventKind.REJECTED).any()


def test_a_snapshot_belongs_to_its_arrays() -> None:
    bars = bars_at([100, 101, 102])
    taken = session(Targets(np.ones(3)), bars).snapshot()

    with pytest.raises(SnapshotMismatch, match="plan"):
        session(Targets(np.array([1.0, 1.0, 2.0])), bars).restore(taken)


@pytest.mark.parametrize(
    ("make", "error", "told"),
    [
        (lambda: Targets(np.array([1.0, np.nan])), ValueError, "Row 1 of targets is nan"),
        (lambda: Targets(np.array([np.inf, 1.0])), ValueError, "Row 0 of targets is inf"),
        (lambda: Targets([1.0, 2.0]), TypeError, "targets is a list"),
        (lambda: Targets(np.array([1.0, None])), TypeError, "targets is an array of object"),
        (lambda: Targets(np.array(["1"])), TypeError, "targets is an array of <U1"),
        (lambda: Targets(np.arange(6.0)[::2]), ValueError, "targets is not contiguous"),
        (lambda: Targets(np.zeros((2, 2, 2))), ValueError, r"targets has the shape \(2, 2, 2\)"),
        (Signals, ValueError, "never trade"),
        (lambda: Signals(np.array([1.0])), TypeError, "entries is an array of float64"),
        (lambda: Signals([True]), TypeError, "entries is a list"),
        (lambda: Signals(np.ones(6, bool)[::2]), ValueError, "entries is not contiguous"),
        (lambda: Signals(np.ones(2, bool), np.ones(3, bool)), ValueError, r"exits has the shape \(3,\)"),
        (
            lambda: Signals(np.array([False, True]), short_entries=np.ones(2, bool)),
            ValueError,
            "Row 1 of entries and short_entries",
        ),
        (lambda: Signals(np.ones(2, bool), size=np.array([1.0, np.nan])), ValueError, "Row 1 of size is nan"),
        (lambda: Signals(np.ones(2, bool), size=-1.0), ValueError, "Row 0 of size is -1.0"),
        (lambda: Signals(np.ones(2, bool), stop_loss=np.ones(3)), ValueError, "stop_loss has the shape"),
        (lambda: Signals(np.ones(2, bool), take_profit=math.inf), ValueError, "Row 0 of take_profit is inf"),
        (lambda: Signals(np.ones(2, bool), levels="percent"), ValueError, "levels is 'percent'"),
    ],
)
def test_what_is_no_array_of_signals_is_refused_by_name(make: Any, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        make()


def test_only_steps_with_entries_need_a_size_and_levels() -> None:
    entries = np.array([False, True, False])

    Signals(entries, size=np.array([np.nan, 1.0, np.nan]), stop_loss=np.array([np.nan, 99.0, 0.0]))


@pytest.mark.parametrize("count", [1, 4])
def test_arrays_of_another_length_than_the_run_are_refused(count: int) -> None:
    bars = bars_at([100, 101, 102])

    with pytest.raises(ValueError, match="3 steps and 1 listings"):
        session(Targets(np.ones(count)), bars)
    with pytest.raises(ValueError, match="3 steps and 1 listings"):
        session(Signals(np.ones(count, bool)), bars)


def test_targets_are_refused_where_both_sides_are_held() -> None:
    with pytest.raises(ValueError, match="side by side"):
        session(Targets(np.ones(3)), bars_at([100, 101, 102]), account=Account(hedging=True))


def test_targets_of_a_listing_that_is_data_only_are_refused() -> None:
    bars = bars_at([100, 101, 102])
    listings = [Listing(Instrument("A"), bars), Listing(Instrument("B"), bars, is_traded=False)]

    with pytest.raises(ValueError, match="B, which is data only"):
        Session(Targets(np.ones((3, 2))), {}, listings, cash=1000.0)
