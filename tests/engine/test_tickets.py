"""Tickets: positions of their own beside all others of an instrument; and what a strategy notes, tells and sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.engine.errors import StrategyError
from apps.engine.listing import Listing
from apps.engine.series.quotes import TICK
from apps.engine.session import Session
from apps.engine.strategy import Fill, Strategy
from apps.engine.types import Account, Costs, FillRules, Instrument, OrderEventKind, Rows
from tests.engine.accounts import account_of, whole
from tests.engine.runs import FLAT, at, bars_at, bars_of

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN = Instrument("TEST")
UP, DOWN = (110, 110, 110, 110), (90, 90, 90, 90)


def run(script: Any, *prices: tuple[float, float, float, float], **terms: Any) -> Rows:
    account = Account(hedging=terms.pop("hedging", False))
    return whole(account_of(script, Listing(PLAIN, bars_of(*prices)), account=account, **terms))


@pytest.mark.parametrize("hedging", [False, True])
def test_each_ticket_is_a_position_with_a_trade_of_its_own(hedging: bool) -> None:
    script = at(
        bar_0=lambda s: s.buy(10, ticket=True),
        bar_1=lambda s: s.buy(4, ticket=True),
        bar_2=lambda s: s.sell(10, ticket=1),
        bar_3=lambda s: s.sell(4, ticket=2),
    )

    rows = run(script, FLAT, FLAT, UP, UP, DOWN, hedging=hedging)

    assert rows.trades[["ticket", "quantity", "entry_price", "exit_price", "gross_pnl"]].tolist() == [
        (1, 10.0, 100.0, 110.0, 100.0),
        (2, 4.0, 110.0, 90.0, -80.0),
    ]
    assert rows.fills["ticket"].tolist() == [1, 2, 1, 2]
    assert rows.equity["equity"][-1] == 10_020.0


def test_long_and_short_tickets_stand_side_by_side_in_any_account() -> None:
    seen: list[Any] = []
    script = at(
        bar_0=lambda s: (s.buy(10, ticket=True), s.sell(4, ticket=True), s.buy(1)),
        bar_1=lambda s: seen.append((s.tickets, s.position)),
    )

    run(script, FLAT, FLAT)

    assert seen == [({1: 10.0, 2: -4.0}, 7.0)]


def test_a_part_that_is_closed_is_a_trade_and_shares_what_the_ticket_cost() -> None:
    script = at(
        bar_0=lambda s: s.buy(10, ticket=True),
        bar_1=lambda s: s.sell(4, ticket=1),
        bar_2=lambda s: s.sell(6, ticket=1),
    )

    rows = run(script, FLAT, FLAT, UP, UP, costs=Costs(commission_per_unit=0.5))

    assert rows.trades["quantity"].tolist() == [4.0, 6.0]
    assert rows.trades["gross_pnl"].tolist() == [40.0, 60.0]
    assert rows.trades["fees"].tolist() == [4.0, 6.0]
    assert rows.trades["pnl"].sum() == rows.equity["equity"][-1] - 10_000.0


def test_a_ticket_is_added_to_at_its_own_average_and_never_turned() -> None:
    script = at(
        bar_0=lambda s: s.buy(10, ticket=True),
        bar_1=lambda s: s.buy(10, ticket=1),
        bar_2=lambda s: s.sell(50, ticket=1),
    )

    rows = run(script, FLAT, FLAT, UP, UP)

    assert rows.trades[["quantity", "entry_price", "exit_price"]].tolist() == [(20.0, 105.0, 110.0)]
    assert rows.fills["position"].tolist() == [10.0, 20.0, 0.0]


def test_stops_and_targets_close_the_ticket_of_their_entry() -> None:
    script = at(bar_0=lambda s: (s.buy(10, ticket=True, tp=105), s.buy(10, ticket=True, sl=95)))

    rows = run(script, FLAT, FLAT, (100, 106, 100, 100), (100, 100, 94, 100))

    assert rows.trades[["ticket", "exit_price"]].tolist() == [(1, 105.0), (3, 95.0)]


def test_closing_everything_closes_tickets_too() -> None:
    script = at(
        bar_0=lambda s: (s.buy(10, ticket=True), s.sell(4, ticket=True), s.buy(1)),
        bar_1=lambda s: s.close_position(),
    )

    rows = run(script, FLAT, FLAT, UP)

    assert len(rows.trades) == 3
    assert rows.equity["equity"][-1] == rows.fills["cash"][-1]


def test_more_tickets_than_there_is_room_for_make_room() -> None:
    script = at(
        bar_0=lambda s: [s.buy(1 + i, ticket=True) for i in range(50)],
        bar_1=lambda s: [s.sell(quantity, ticket=number) for number, quantity in s.tickets.items()],
    )

    rows = run(script, FLAT, FLAT, FLAT)

    assert rows.trades["ticket"].tolist() == list(range(1, 51))
    assert rows.trades["quantity"].tolist() == [1.0 + i for i in range(50)]


@pytest.mark.parametrize(
    ("order", "problem"),
    [
        (lambda s: s.sell(1, ticket=7), "no ticket 7"),
        (lambda s: s.sell(1, ticket=-1), "no ticket -1"),
        (lambda s: s.buy(1, ticket=True, leg="long"), "not for both"),
    ],
)
def test_what_cannot_be_a_ticket_is_refused(order: Callable[[Any], Any], problem: str) -> None:
    with pytest.raises(StrategyError, match=problem):
        run(at(bar_0=order), FLAT, FLAT)


class Juggler(Strategy):
    """Opens, adds to and closes tickets by chance, notes and tells of each."""

    def on_bar(self) -> None:
        draw = self.random.integers(0, 6)
        held = self.tickets
        number = sorted(held)[int(self.random.integers(0, len(held)))] if held else 0
        if draw < 2 or not held:
            self.buy(3, ticket=True) if draw % 2 else self.sell(3, ticket=True)
        elif draw == 2:
            self.buy(1, ticket=number) if held[number] > 0 else self.sell(1, ticket=number)
        else:
            quantity = min(abs(held[number]), float(draw - 1))
            self.sell(quantity, ticket=number) if held[number] > 0 else self.buy(quantity, ticket=number)

    def on_fill(self, fill: Fill) -> None:
        self.note(fill.ticket, position=fill.position)
        self.tell("changed", ticket=fill.ticket, price=str(fill.price))


def juggled(seed: int, cuts: list[int]) -> tuple[Any, ...]:
    """Everything that comes of sixty bars, put down and taken up at these."""
    closes = 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.01, 60)))
    bars = bars_at(np.round(closes, 2))

    def session() -> Session:
        return Session(Juggler, {}, Listing(PLAIN, bars), cash=10_000.0, seed=seed)

    going, parts = session(), []
    for cut in [*cuts, 60]:
        if cut > going.processed:
            parts.append(going.advance(cut - going.processed))
            fresh = session()
            fresh.restore(going.snapshot())
            going = fresh
    tables = [b"".join(getattr(rows, name).tobytes() for rows in parts) for name in ("orders", "fills", "trades")]
    said = [each._replace(after=0) for rows in parts for each in rows.told]
    noted = [text for rows in parts if len(rows.trades) for text in rows.details]
    return tables, said, noted, going.metrics()


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10**6), cuts=st.sets(st.integers(1, 59), max_size=5))
def test_a_resumed_run_has_the_same_tickets_words_and_notes(seed: int, cuts: set[int]) -> None:
    assert juggled(seed, sorted(cuts)) == juggled(seed, [])


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10**6))
def test_trades_of_tickets_add_up_to_the_money_earned(seed: int) -> None:
    closes = 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.01, 60)))
    session = Session(Juggler, {}, Listing(PLAIN, bars_at(np.round(closes, 2))), cash=10_000.0, seed=seed)

    rows = session.advance(60)

    account_, _ = session._ledger.figures()
    assert rows.trades["gross_pnl"].sum() == pytest.approx(account_["realized"], abs=1e-6)
    assert all((trade["quantity"] > 0) for trade in rows.trades)


# What a strategy says


def test_what_is_told_stands_where_it_was_told_in_the_log() -> None:
    script = at(
        bar_0=lambda s: (s.tell("before", price="1.5"), s.buy(1)),
        bar_1=lambda s: s.tell("after", "status_changed", nested={"a": [1, None]}),
    )

    rows = run(script, FLAT, FLAT)

    assert [(each.kind, each.event_type, each.bar, each.after, each.content) for each in rows.told] == [
        ("before", "strategy_signal", 0, 0, '{"price":"1.5"}'),
        ("after", "status_changed", 1, 2, '{"nested":{"a":[1,null]}}'),
    ]
    assert rows.orders["kind"].tolist() == [OrderEventKind.SUBMITTED, OrderEventKind.FILLED]


@pytest.mark.parametrize(
    "telling",
    [
        lambda s: s.tell("Loud"),
        lambda s: s.tell("x" * 33),
        lambda s: s.tell("fine", "tick_received"),
        lambda s: s.tell("fine", value=float("nan")),
        lambda s: s.tell("fine", value=object()),
    ],
)
def test_what_cannot_be_told_is_refused(telling: Callable[[Any], None]) -> None:
    with pytest.raises(StrategyError):
        run(at(bar_0=telling), FLAT)


def test_the_words_before_an_error_are_kept() -> None:
    def fail(strategy: Strategy) -> None:
        strategy.tell("last_words")
        raise ArithmeticError

    with pytest.raises(StrategyError) as failed:
        run(at(bar_0=fail), FLAT, FLAT)

    assert failed.value.rows is not None
    assert [each.kind for each in failed.value.rows.told] == ["last_words"]


# When and at what prices


class Nudged(Strategy):
    """Sleeps after its first row, but for three further ones."""

    def init(self) -> None:
        self.wake_on_alerts()
        self.seen: list[int] = []

    def on_bar(self) -> None:
        self.seen.append(self.index)
        if len(self.seen) < 4:
            self.wake_next()
        self.tell("seen", index=self.index)


@pytest.mark.parametrize("size", [1, 2, 20])
def test_who_sleeps_is_called_at_the_next_row_when_it_asks(size: int) -> None:
    going, told = Session(Nudged, {}, Listing(PLAIN, bars_of(*[FLAT] * 20)), cash=100.0), []
    while not going.finished:
        told += going.advance(size).told
        fresh = Session(Nudged, {}, Listing(PLAIN, bars_of(*[FLAT] * 20)), cash=100.0)
        fresh.restore(going.snapshot())
        going = fresh

    assert [each.bar for each in told] == [0, 1, 2, 3]


def test_bars_have_the_spread_of_the_costs_around_their_close() -> None:
    seen: list[Any] = []

    run(at(bar_0=lambda s: seen.append((s.quote, s.instrument.symbol, s.exchange_rate))), FLAT, costs=Costs(spread=0.5))

    assert seen == [((99.75, 100.25), "TEST", 1.0)]


def ticks_of(*prices: tuple[float, float]) -> Any:
    ticks = np.zeros(len(prices), TICK)
    ticks["time"] = 1_000_000 * np.arange(1, len(prices) + 1)
    ticks["bid"], ticks["ask"] = np.array(prices).T
    return ticks


class AtTheTick(Strategy):
    fill_rules = {"market_at_close": True}

    def on_tick(self, bid: float, ask: float) -> None:
        if ask == 101:
            self.buy(1)


@pytest.mark.parametrize(("rules", "time", "price"), [(None, 2_000_000, 101.0), (FillRules(), 3_000_000, 103.0)])
def test_a_fill_at_the_tick_it_was_ordered_at_has_its_price_and_time(
    rules: FillRules | None, time: int, price: float
) -> None:
    listing = Listing(PLAIN, ticks_of((99, 100), (100, 101), (102, 103), (102, 103)))

    rows = whole(Session(AtTheTick, {}, listing, cash=1000.0, rules=rules))

    assert rows.fills[["time", "price"]].tolist() == [(time, price)]
    assert rows.orders["time"].tolist() == [2_000_000, time]
