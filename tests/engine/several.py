"""Several instruments and timeframes in one run: data with holes, and a strategy that looks and trades everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st

from apps.engine.indicators import highest, sma
from apps.engine.listing import Listing
from apps.engine.series.timeframes import Timeframe
from apps.engine.session import Session
from apps.engine.strategy import Fill, Strategy
from apps.engine.types import Costs, Instrument
from tests.engine.runs import MONDAY, bars_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.engine.types import Array

MINUTE = 60_000_000
ONE_MINUTE, FIVE_MINUTES = Timeframe.parse("1m"), Timeframe.parse("5m")
FEES = Costs(commission_rate=0.0005, commission_fixed=0.5)


def minutes(count: int, *, seed: int = 0, missing: float = 0.0, start: int = MONDAY) -> Array:
    """Minute bars of a random walk, of which this share is not there; the first and the last one are."""
    random = np.random.default_rng(seed)
    bars = bars_at(100 * np.exp(np.cumsum(random.normal(0, 0.01, count))), step=MINUTE)
    bars["time"] += start - MONDAY
    bars["high"] *= 1.002
    bars["low"] *= 0.998
    bars["volume"] = random.integers(1, 1000, count)
    there = random.random(count) >= missing
    there[[0, -1]] = True
    return bars[there]


@st.composite
def crowds(draw: st.DrawFn, *, most: int = 3, longest: int = 150) -> list[Array]:
    """Minute bars of one to `most` instruments, which begin, pause and end at times of their own."""
    made = []
    for _ in range(draw(st.integers(1, most))):
        begins = MONDAY + draw(st.integers(0, 20)) * MINUTE
        missing, seed = draw(st.sampled_from([0.0, 0.1, 0.6, 0.95])), draw(st.integers(0, 2**32 - 1))
        made.append(minutes(draw(st.integers(30, longest)), seed=seed, missing=missing, start=begins))
    return made


class Wanderer(Strategy):
    """Looks at every market, a coarser and a finer timeframe; trades at random; keeps all that it has seen."""

    look_back = 6

    def init(self) -> None:
        self.mean = self.indicator(sma, 3)
        self.trend = self.timeframe("15m")
        self.trend_mean = self.trend.indicator(sma, 2)
        self.last = self.markets[-1]
        self.coarse = self.last.timeframe("20m")
        self.fine = self.timeframe("1m")
        for market in self.markets:
            market.top = market.indicator(highest, 3, of="high")
            market.fills = 0
        self.seen: list[Any] = []

    def look(self, why: int) -> None:
        prices = [
            (market.symbol, market.close[-1], market.close[-2], market.top[-1], market.position, market.average_price)
            for market in self.markets
        ]
        trend = (self.trend.close[-1], self.trend.low[-2], self.trend_mean[-1])
        further = (self.coarse.open[-1], self.coarse.volume[-1], self.fine.close[-1], self.fine.high[-3])
        own = (self.mean[-1], self.position, self.cash, self.equity, self.index, self.time)
        lengths = (len(self.close), len(self.trend.close), len(self.coarse.open), len(self.fine.close))
        self.seen.append((why, prices, trend, further, own, lengths, [market.fills for market in self.markets]))

    def on_fill(self, fill: Fill) -> None:
        market = self.markets[fill.instrument]
        market.fills += 1
        self.look(fill.bar)
        if self.random.random() < 0.3:
            market.close_position()

    def on_bar(self) -> None:
        self.look(-1)
        market = self.markets[self.random.integers(len(self.markets))]
        lot, price = self.random.random(), market.close[-1]
        if lot < 0.15:
            market.buy(1 + market.fills % 3, sl=0.99 * price, tp=1.01 * price)
        elif lot < 0.3:
            market.sell(2)
        elif lot < 0.4:
            market.buy(1, limit=0.995 * price, tif="DAY")
        elif lot < 0.5:
            market.close_position()
        elif lot < 0.55:
            market.cancel_all()
        elif lot < 0.6:
            self.sell(1, trail_fraction=0.01)


def listed(series: Sequence[Array], **terms: Any) -> list[Listing]:
    """A listing of minute bars for each of these, called A, B, C …"""
    return [
        Listing(Instrument(chr(ord("A") + place)), rows, timeframe=ONE_MINUTE, **terms)
        for place, rows in enumerate(series)
    ]


def wandering(
    series: Sequence[Array], *, timeframe: Timeframe | None = None, warm_up: int = 0, seed: int = 0
) -> Session:
    terms: dict[str, Any] = {"timeframe": timeframe, "warm_up": warm_up, "seed": seed}
    return Session(Wanderer, {}, listed(series), cash=10_000.0, costs=FEES, **terms)


def seen(session: Session) -> str:
    """Everything that the strategy has looked at, as a text: nan is nan there."""
    return repr(session._strategy.seen)
