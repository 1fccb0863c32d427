"""Bars, strategies and sessions that the engine's tests share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st

from apps.engine.indicators import highest, sma
from apps.engine.listing import Listing
from apps.engine.session import Session
from apps.engine.strategy import Fill, Int, Line, Order, Strategy
from apps.engine.types import BAR, Costs, FillRules, Instrument, Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from apps.engine.types import Array
    from apps.engine.venue.fees import FeeFunction

HOUR = 3_600_000_000
MONDAY = 1_704_067_200_000_000  # 2024-01-01T00:00:00Z
FLAT = (100, 100, 100, 100)


def bars_at(closes: Iterable[float], *, step: int = HOUR) -> Array:
    """Hourly bars of these closes; each opens at the close before, and its high and low are those two prices."""
    close = np.array(list(closes), dtype=np.float64)
    bars = np.zeros(len(close), BAR)
    bars["time"] = MONDAY + step * np.arange(len(close))
    bars["close"] = close
    bars["open"] = np.concatenate((close[:1], close[:-1]))
    bars["high"] = np.maximum(bars["open"], close)
    bars["low"] = np.minimum(bars["open"], close)
    return bars


def bars_of(*prices: tuple[float, float, float, float], volume: float = 1000) -> Array:
    """Hourly bars of these (open, high, low, close)."""
    bars = np.zeros(len(prices), BAR)
    for i, row in enumerate(prices):
        bars[i] = (MONDAY + i * HOUR, *row, volume)
    return bars


@st.composite
def walks(draw: st.DrawFn, *, shortest: int = 2, longest: int = 200) -> Array:
    """Random bars with gaps between close and open, some of them long over a weekend."""
    count = draw(st.integers(shortest, longest))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    bars = bars_at(100 * np.exp(np.cumsum(random.normal(0, 0.02, count))))
    bars["open"] *= np.exp(random.normal(0, 0.005, count))
    bars["high"] = np.maximum(bars["high"], bars["open"]) * 1.001
    bars["low"] = np.minimum(bars["low"], bars["open"]) * 0.999
    bars["time"] += np.cumsum(random.choice([0, HOUR, 60 * HOUR], count, p=[0.8, 0.15, 0.05]))
    return bars


class Erratic(Strategy):
    """Does everything a strategy can do: pyramids, reverses, sizes by equity, takes back, keeps state, draws lots."""

    look_back = 8

    period = Int(3, min=1)

    def init(self) -> None:
        self.mean: Line = self.indicator(sma, self.period)
        self.slower: Line = self.indicator(sma, 2 * self.period, of=self.mean)
        self.top: Line = self.indicator(highest, self.period, of="high")
        self.heard = 0.0
        self.memory: list[Any] = []
        self.last: Order | None = None

    def on_fill(self, fill: Fill) -> None:
        self.heard += fill.quantity * fill.price
        self.memory.append((fill.bar, self.position))
        if len(self.memory) % 5 == 0:
            self.last = self.close_position()

    def on_bar(self) -> None:
        lot = self.random.random()
        if lot < 0.1:
            self.last = self.buy(self.size(0.3))
        elif lot < 0.2:
            self.last = self.sell(1 + len(self.memory) % 3)
        elif lot < 0.25:
            self.target(-2 if self.position > 0 else 2)
        elif lot < 0.3:
            self.close_position()
            self.close_position()
        elif lot < 0.35 and self.last:
            self.cancel(self.last)
        elif lot < 0.4 and self.high[-1] > self.mean[-2]:
            self.last = self.buy(float("nan"))
        elif lot < 0.45 and self.mean[-1] > self.slower[-1] and self.index > 20:
            self.sell(abs(self.low[-5] - self.heard) % 4)


FEES = Costs(commission_rate=0.0005, commission_fixed=0.5, commission_per_unit=0.01, commission_minimum=0.02)


def session_of(
    strategy: type[Strategy] | Callable[[Strategy], None],
    bars: Array,
    *,
    parameters: dict[str, Any] | None = None,
    instrument: Instrument | None = None,
    cash: float = 10_000.0,
    costs: Costs | None = None,
    seed: int = 0,
    rules: FillRules | None = None,
    fee: FeeFunction | None = None,
) -> Session:
    """A session of a strategy, or of a function that is called as `on_bar` with the strategy."""
    if not isinstance(strategy, type):
        strategy = type("Scripted", (Strategy,), {"on_bar": strategy})
    return Session(
        strategy,
        parameters or {},
        Listing(instrument or Instrument("TEST"), bars),
        cash=cash,
        costs=costs or Costs(),
        seed=seed,
        rules=rules,
        fee=fee,
    )


def played(script: Any, bars: Array, **terms: Any) -> Rows:
    """All rows of a session of these."""
    session = session_of(script, bars, **terms)
    return session.advance(session.total)


def at(**orders: Callable[[Strategy], object]) -> Callable[[Strategy], None]:
    """An `on_bar` that does something at a bar by its number: at(bar_2=lambda s: s.buy(1))."""

    def on_bar(strategy: Strategy) -> None:
        orders.get(f"bar_{strategy.index}", lambda _: None)(strategy)

    return on_bar


def in_pieces(session: Session, sizes: Iterable[int]) -> list[Rows]:
    """Advance by these sizes, and then by one more to the end."""
    pieces = [session.advance(size) for size in sizes if not session.finished]
    if not session.finished:
        pieces.append(session.advance(session.total))
    return pieces


def bits(pieces: Iterable[Rows]) -> dict[str, bytes]:
    """All rows of a kind as bytes: equal only when every bit is."""
    kept = list(pieces)
    return {
        name: b"".join(getattr(rows, name).tobytes() for rows in kept)
        for name in ("orders", "fills", "trades", "equity")
    }
