"""Our engine: the works by a strategy class that is called on every bar, with rows and figures; and by arrays."""

from collections.abc import Callable

from apps.engine.indicators import sma
from apps.engine.listing import Listing
from apps.engine.session import Session
from apps.engine.strategy import Strategy
from apps.engine.types import Array, Costs, Instrument
from tests.benchmarks.contestants.our_arrays import w1_compiled, w1_signals, w3, w3_threads
from tests.benchmarks.contestants.our_frames import w2, w5
from tests.benchmarks.contestants.our_ticks import w4, w4_alerts

__all__ = [
    "w1",
    "w1_chunks",
    "w1_compiled",
    "w1_signals",
    "w2",
    "w3",
    "w3_threads",
    "w4",
    "w4_alerts",
    "w5",
]

WARM_UP = 2_000
REPEATS = 5
CHUNK = 10_000


class HoldWhileAbove(Strategy):
    """Long one unit while the fast average is above the slow one."""

    def init(self) -> None:
        self.fast = self.indicator(sma, 20)
        self.slow = self.indicator(sma, 100)

    def on_bar(self) -> None:
        if self.fast[-1] > self.slow[-1]:
            if not self.position:
                self.buy(1.0)
        elif self.position:
            self.close_position()


def session(bars: Array) -> Session:
    costs = Costs(commission_rate=0.001)
    return Session(HoldWhileAbove, {}, Listing(Instrument("WALK"), bars), cash=10_000.0, costs=costs)


def w1(bars: Array) -> Callable[[], tuple[int, float]]:
    return lambda: played(bars, len(bars))


def w1_chunks(bars: Array) -> Callable[[], tuple[int, float]]:
    """As a worker runs it: rows and figures every ten thousand bars."""
    return lambda: played(bars, CHUNK)


def played(bars: Array, chunk: int) -> tuple[int, float]:
    run = session(bars)
    fills = 0
    while not run.finished:
        fills += len(run.advance(chunk).fills)
        figures = run.metrics()
    return fills, figures["final_equity"]
