"""Compiled strategies: they trade as a class that decides alike, to the bit, and their mistakes are told by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from apps.engine.compiled import (
    Compiled,
    buy,
    cancel,
    cancel_all,
    close_position,
    is_working,
    position_of,
    sell,
    target,
)
from apps.engine.errors import StrategyError
from apps.engine.listing import Listing
from apps.engine.session import Session
from apps.engine.strategy import Order, Strategy
from apps.engine.types import Account, FillRules, Instrument, RejectionReason
from tests.engine.runs import FEES, bars_at, bits, in_pieces, walks

if TYPE_CHECKING:
    from apps.engine.types import Array, Rows

RULES = [
    FillRules(intrabar=rule, exit_in_entry_bar=exits, volume_share=share, latency_bars=latency, compare_opposite=False)
    for rule in ("pessimistic", "optimistic", "olhc", "counter_colour", "farthest")
    for exits, share, latency in ((True, 0.0, 0), (False, 0.0, 0), (True, 0.002, 0), (True, 0.0, 2))
]
CLOSES = [100.0, 101.0, 102.0, 103.0, 104.0]


@njit
def erratic(desk, lot, size, distance, close, memory):  # type: ignore[no-untyped-def]
    """Does everything that a compiled strategy can do, by the draw of a lot."""
    draw, quantity, gap, price = lot[-1], size[-1], distance[-1], close[-1]
    memory[0] += draw
    if draw < 0.10:
        memory[1] = buy(desk, quantity, sl=price - gap, tp=price + gap)
    elif draw < 0.15:
        memory[1] = sell(desk, quantity, limit=price + gap / 2, sl=price + 2 * gap)
    elif draw < 0.20:
        memory[1] = buy(desk, quantity, stop=price + gap / 4)
    elif draw < 0.25:
        memory[1] = sell(desk, quantity, trail=gap)
    elif draw < 0.30:
        memory[1] = buy(desk, quantity, stop=price + gap / 4, limit=price + gap / 2, tp=price + 3 * gap)
    elif draw < 0.35:
        target(desk, -2.0 if desk.position > 0.0 else 2.0)
    elif draw < 0.40:
        close_position(desk)
        close_position(desk)
    elif draw < 0.45 and is_working(desk, int(memory[1])):
        cancel(desk, int(memory[1]))
    elif draw < 0.48:
        cancel_all(desk)
        buy(desk, np.nan, tp=price + gap)
    elif draw < 0.52:
        sell(desk, quantity, reduce_only=True)
    elif draw < 0.55 and desk.cash > 9_900.0 and desk.average_price < price:
        memory[1] = buy(desk, memory[0] % 3.0)


def erratic_class(lots: Array, sizes: Array, distances: Array) -> type[Strategy]:
    class Erratic(Strategy):
        def init(self) -> None:
            self.total = 0.0
            self.last: Order | None = None

        def on_bar(self) -> None:
            i, price = self.index, self.close[-1]
            draw, quantity, gap = float(lots[i]), float(sizes[i]), float(distances[i])
            self.total += draw
            if draw < 0.10:
                self.last = self.buy(quantity, sl=price - gap, tp=price + gap)
            elif draw < 0.15:
                self.last = self.sell(quantity, limit=price + gap / 2, sl=price + 2 * gap)
            elif draw < 0.20:
                self.last = self.buy(quantity, stop=price + gap / 4)
            elif draw < 0.25:
                self.last = self.sell(quantity, trail=gap)
            elif draw < 0.30:
                self.last = self.buy(quantity, stop=price + gap / 4, limit=price + gap / 2, tp=price + 3 * gap)
            elif draw < 0.35:
                self.target(-2.0 if self.position > 0 else 2.0)
            elif draw < 0.40:
                self.close_position()
                self.close_position()
            elif draw < 0.45 and self.last is not None and self.is_working(self.last):
                self.cancel(self.last)
            elif draw < 0.48:
                self.cancel_all()
                self.buy(float("nan"), tp=price + gap)
            elif draw < 0.52:
                self.sell(quantity, reduce_only=True)
            elif draw < 0.55 and self.cash > 9_900.0 and self.average_price < price:
                self.last = self.buy(self.total % 3.0)

    return Erratic


def drawn(count: int, seed: int) -> dict[str, Array]:
    random = np.random.default_rng(seed)
    return {
        "lot": random.random(count),
        "size": random.uniform(0.05, 3, count),
        "distance": random.uniform(0.2, 4, count),
    }


def plan_of(bars: Array, seed: int) -> Compiled:
    return Compiled(erratic, close=np.ascontiguousarray(bars["close"]), remembers=2, **drawn(len(bars), seed))


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


@given(bars=walks(), seed=st.integers(0, 2**32 - 1), rule=st.sampled_from(RULES))
@settings(deadline=None, max_examples=200)
def test_it_trades_as_a_class_that_decides_alike(bars: Array, seed: int, rule: FillRules) -> None:
    draws = drawn(len(bars), seed)

    arrays, figures, _ = run(plan_of(bars, seed), bars, rules=rule)

    assert (arrays, figures) == run(erratic_class(*draws.values()), bars, rules=rule)[:2]


@given(bars=walks(), seed=st.integers(0, 1000), sizes=st.lists(st.integers(1, 40), max_size=20), data=st.data())
@settings(deadline=None)
def test_pieces_and_resumptions_cannot_be_seen_in_the_result(
    bars: Array, seed: int, sizes: list[int], data: st.DataObject
) -> None:
    plan = plan_of(bars, seed)
    whole, parts, resumed = (session(plan, bars) for _ in range(3))
    at_once = bits([whole.advance(len(bars))])

    assert bits(in_pieces(parts, sizes)) == at_once
    assert parts.snapshot() == whole.snapshot()

    first, cut = session(plan, bars), data.draw(st.integers(1, len(bars)), "cut")
    before = first.advance(cut)
    resumed.restore(first.snapshot())
    assert bits([before, resumed.advance(len(bars))]) == at_once
    assert resumed.metrics() == whole.metrics()


def test_several_listings_are_told_apart_by_their_place() -> None:
    bars = [bars_at(CLOSES), bars_at([50.0, 51.0, 52.0, 53.0, 54.0])]

    def spread(desk, closes):  # type: ignore[no-untyped-def]
        if desk.bar == 0 and closes[-1, 0] > closes[-1, 1]:
            buy(desk, 1.0, place=0)
            sell(desk, 2.0, place=1)
        elif desk.bar == 2 and position_of(desk, 1) == -2.0:
            close_position(desk, 1)

    closes = np.column_stack([each["close"] for each in bars])
    rows = run(Compiled(spread, closes=closes), bars)[2]

    assert [(fill["instrument"], fill["bar"], fill["position"]) for fill in rows.fills] == [
        (0, 1, 1.0), (1, 1, -2.0), (1, 3, 0.0),
    ]  # fmt: skip


def test_both_sides_are_held_where_the_account_does() -> None:
    def hedge(desk):  # type: ignore[no-untyped-def]
        if desk.bar == 0:
            buy(desk, 2.0)
            sell(desk, 1.0)
        elif desk.bar == 2:
            sell(desk, position_of(desk, leg=1), leg=1)

    rows = run(Compiled(hedge), bars_at(CLOSES), account=Account(hedging=True))[2]

    assert [(fill["bar"], fill["side"], fill["position"]) for fill in rows.fills] == [
        (1, 1, 2.0), (1, -1, -1.0), (3, -1, 0.0),
    ]  # fmt: skip


def test_a_value_of_a_later_bar_is_out_of_reach() -> None:
    def peeking(desk, close):  # type: ignore[no-untyped-def]
        if close[desk.bar + 1] > close[-1]:
            buy(desk, 1.0)

    made = session(Compiled(peeking, close=np.array(CLOSES)), bars_at(CLOSES))

    with pytest.raises(StrategyError, match=r"Peeking failed at bar 0 .*IndexError") as refusal:
        made.advance(5)

    assert refusal.value.bar == 0
    assert refusal.value.file == __file__
    assert refusal.value.rows is not None
    assert not len(refusal.value.rows.orders)
    with pytest.raises(StrategyError):
        made.advance(5)


def test_a_failure_leaves_what_was_booked_before_it() -> None:
    def failing(desk):  # type: ignore[no-untyped-def]
        if desk.bar == 0:
            buy(desk, 1.0)
        if desk.bar == 3:
            raise ValueError("enough")

    made = session(Compiled(failing), bars_at(CLOSES))

    with pytest.raises(StrategyError, match="ValueError: enough") as refusal:
        made.advance(5)

    assert refusal.value.rows is not None
    assert refusal.value.rows.fills["bar"].tolist() == [1]
    assert len(refusal.value.rows.equity) == 3


def test_a_quantity_that_is_no_number_is_rejected_with_its_reason() -> None:
    def wishful(desk):  # type: ignore[no-untyped-def]
        buy(desk, np.nan)
        sell(desk, np.inf)
        sell(desk, -1.0)

    rows = run(Compiled(wishful), bars_at(CLOSES[:1]))[2]

    assert rows.orders["reason"].tolist() == [
        RejectionReason.QUANTITY_NOT_FINITE, RejectionReason.QUANTITY_NOT_FINITE, RejectionReason.QUANTITY_NOT_POSITIVE,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        (lambda desk: buy(desk, 1.0, limit=1.0, trail=1.0), "trails has no limit"),
        (lambda desk: buy(desk, 1.0, sl=1.0, reduce_only=True), "nothing to protect"),
        (lambda desk: buy(desk, 1.0, place=1), "no listing of this place"),
        (lambda desk: position_of(desk, -1), "no listing of this place"),
        (lambda desk: [buy(desk, 1.0) for _ in range(300)], "more than 256 orders"),
    ],
)
def test_a_wish_that_cannot_be_is_an_error_of_the_strategy(wish: Any, told: str) -> None:
    made = session(Compiled(wish), bars_at(CLOSES))

    with pytest.raises(StrategyError, match=told):
        made.advance(5)


def plain(desk, fast, quantity):  # type: ignore[no-untyped-def]
    if fast[-1] > quantity:
        buy(desk, quantity)


def untyped(desk, fast):  # type: ignore[no-untyped-def]
    return fast.to_frame()


@pytest.mark.parametrize(
    ("make", "error", "told"),
    [
        (lambda: Compiled(plain, fast=np.ones(3)), TypeError, r"plain has the parameters \(desk, fast, quantity\)"),
        (lambda: Compiled(plain, fast=np.ones(3), quantity=1.0, slow=np.ones(3)), TypeError, r"\(desk, fast, quantity"),
        (lambda: Compiled(plain, fast=np.ones(3), quantity=1.0, remembers=1), TypeError, "memory"),
        (lambda: Compiled(lambda: None), TypeError, r"has the parameters \(\)"),
        (lambda: Compiled(42), TypeError, "42 is no function"),  # type: ignore[arg-type]
        (lambda: Compiled(plain, fast=np.ones(3), quantity="1"), TypeError, "quantity is a str"),
        (lambda: Compiled(plain, fast=[1.0], quantity=1.0), TypeError, "fast is a list"),
        (lambda: Compiled(plain, fast=np.ones(6)[::2], quantity=1.0), ValueError, "fast is not contiguous"),
        (lambda: Compiled(plain, fast=np.array([None]), quantity=1.0), TypeError, "fast is an array of object"),
        (lambda: Compiled(plain, fast=np.array(1.0), quantity=1.0), ValueError, "fast is an array without a length"),
        (lambda: Compiled(untyped, fast=np.ones(3)), TypeError, "untyped cannot be compiled"),
    ],
)
def test_what_cannot_be_compiled_is_refused_by_name(make: Any, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        make()


def test_a_column_of_another_length_than_the_run_is_refused() -> None:
    with pytest.raises(ValueError, match="fast has 4 values; this run has 5 steps"):
        session(Compiled(plain, fast=np.ones(4), quantity=1.0), bars_at(CLOSES))


def test_a_column_cannot_be_written() -> None:
    def writing(desk, fast):  # type: ignore[no-untyped-def]
        fast[0] = 1.0

    with pytest.raises(TypeError, match="writing cannot be compiled"):
        Compiled(writing, fast=np.ones(3))
