"""Our engine: the works of several timeframes and several instruments, by a class that is called on every bar."""

from collections.abc import Callable

import numpy as np

from apps.engine.indicators import sma
from apps.engine.indicators.columns import column
from apps.engine.kernels import indicators as kernels
from apps.engine.listing import Listing
from apps.engine.series.timeframes import Timeframe
from apps.engine.session import Session
from apps.engine.strategy import Strategy
from apps.engine.types import Array, Costs, FillRules, Instrument

FINE = 1e-12  # the work's levels are on no grid


def mean_from_first(values: Array, period: int) -> Array:
    """An exponential average that the very first value seeds, as the work asks; the catalogue's begins with a mean."""
    return column(kernels.ema_of_first, values, periods=[period, period])


class EnterOnCross(Strategy):
    """One unit where two exponential averages cross, either way, with a stop and a target from that close."""

    def init(self) -> None:
        self.fast = self.indicator(mean_from_first, 8)
        self.slow = self.indicator(mean_from_first, 21)

    def on_bar(self) -> None:
        if self.position:
            return
        fast, slow = self.fast, self.slow
        if fast[-1] > slow[-1]:
            if fast[-2] <= slow[-2]:
                price = self.close[-1]
                self.buy(1.0, sl=price * 0.995, tp=price * 1.01)
        elif fast[-1] < slow[-1] and fast[-2] >= slow[-2]:
            price = self.close[-1]
            self.sell(1.0, sl=price * 1.005, tp=price * 0.99)


class HoldEachWhileAbove(Strategy):
    """Of every instrument one unit while its fast average is above the slow one."""

    def init(self) -> None:
        self.all = [(market, market.indicator(sma, 20), market.indicator(sma, 100)) for market in self.markets]

    def on_bar(self) -> None:
        for market, fast, slow in self.all:
            if fast[-1] > slow[-1]:
                if not market.position:
                    market.buy(1.0)
            elif market.position:
                market.close_position()


def w2(bars: Array) -> Callable[[], tuple[int, float]]:
    """On five-minute bars made of the minutes; filled at the close that decides, as the work says."""

    def run() -> tuple[int, float]:
        session = Session(
            EnterOnCross,
            {},
            Listing(Instrument("WALK", price_increment=FINE), bars),
            cash=10_000.0,
            costs=Costs(commission_rate=0.0004),
            timeframe=Timeframe.parse("5m"),
            rules=FillRules(market_at_close=True),
        )
        rows = session.advance(len(bars))
        return len(rows.trades), session.metrics()["final_equity"]

    return run


def w5(bars: Array) -> Callable[[], tuple[int, float]]:
    """All instruments in one account, whose strategy looks at each of them at every bar."""
    series = [np.ascontiguousarray(bars[:, place]) for place in range(bars.shape[1])]

    def run() -> tuple[int, float]:
        listings = [Listing(Instrument(f"WALK{place}"), rows) for place, rows in enumerate(series)]
        session = Session(HoldEachWhileAbove, {}, listings, cash=1_000_000.0, costs=Costs(commission_rate=0.001))
        rows = session.advance(len(bars))
        return len(rows.fills), session.metrics()["final_equity"]

    return run
