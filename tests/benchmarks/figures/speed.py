"""How fast our engine is beside the plain loop and beside its peers: the goals of every work."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.benchmarks.contestants import ours
from tests.benchmarks.figures.rounds import OF_THE_HOUSE, Contestant, Speed, race
from tests.benchmarks.figures.rows import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = {
    "loop": "the plain loop",
    "backtesting": "backtesting.py",
    "backtrader": "backtrader",
    "bt": "bt",
    "freqtrade": "freqtrade",
    "hftbacktest": "hftbacktest",
    "jesse": "Jesse",
    "nautilus": "NautilusTrader",
    "vectorbt": "vectorbt",
    "zipline": "zipline",
}
LOOP = Contestant("loop", "w1")


@dataclass(frozen=True)
class Comparison:
    """goal: how many times as fast as the peer ours has to be, or how many times as slow it may be (is_limit).

    by_clock: how fast by the clock: threads do not save CPU seconds.
    """

    name: str
    ours: Contestant
    peer: Contestant
    goal: float | None = None
    is_limit: bool = False
    by_clock: bool = False

    def row(self, speeds: dict[Contestant, Speed]) -> Row:
        mine, peer = speeds[self.ours], speeds[self.peer]
        if self.by_clock:
            ratio = mine.clock_rate / peer.clock_rate
            told = [f"{each.clock_rate / 1e6:.3g} M/s" for each in (mine, peer)]
            return Row(f"{self.name}, against one by the clock", ratio, "x", self.goal, *told)
        ratio = peer.rate / mine.rate if self.is_limit else mine.rate / peer.rate
        part = "" if peer.count == mine.count else f" of {peer.count:,}"
        return Row(
            f"{self.name}, against {NAMES[self.peer.file]}{_way(self.peer)}", ratio, "x", self.goal,
            ours=str(mine), peer=f"{peer}{part}", is_limit=self.is_limit, is_gate=self.peer.file == "loop",
        )  # fmt: skip


def bars_by_class() -> Iterator[Comparison]:
    """A class that is called on every bar, with its orders, fills, trades, equity rows and figures."""
    yield Comparison("w1 class", Contestant("ours", "w1"), LOOP, 35, is_limit=True)
    yield Comparison("w1 class in chunks", Contestant("ours", "w1_chunks"), LOOP, 35, is_limit=True)
    goals = {"backtesting": 8, "jesse": 30, "jesse fast": None, "nautilus": 40, "freqtrade": 80, "backtrader": 100}
    goals |= dict.fromkeys(["zipline", "bt", "vectorbt", "vectorbt rust"])
    yield from against("w1 class", "w1", goals)


def bars_by_arrays() -> Iterator[Comparison]:
    """w1 by arrays of signals, and by a compiled strategy."""
    for name, function in (("w1 signals", "w1_signals"), ("w1 compiled", "w1_compiled")):
        yield from against(name, function, {"vectorbt": 10, "vectorbt rust": 2})


def brackets() -> Iterator[Comparison]:
    yield from against("w2 class", "w2", {"jesse fast": 35, "jesse": 45, "backtesting": None})


def sweep() -> Iterator[Comparison]:
    """All pairs of averages in one process: by one thread, and by two where there are cores for them."""
    yield from against("w3 signals", "w3", {"vectorbt": 40, "vectorbt rust": 10})
    if (os.cpu_count() or 1) > 1:
        threads, thread = Contestant("ours", "w3_threads"), Contestant("ours", "w3")
        yield Comparison("w3 signals by two threads", threads, thread, 1.7, by_clock=True)


def ticks() -> Iterator[Comparison]:
    """A class that is called on every tick, and one that is woken by prices."""
    yield from against("w4 class", "w4", {"nautilus": 20, "hftbacktest": 1.2})
    yield from against("w4 alerts", "w4_alerts", {"hftbacktest": 50})


def instruments() -> Iterator[Comparison]:
    """A class that is called for every instrument and bar."""
    goals = {"nautilus": 40, "jesse fast": 20, "freqtrade": 50, "backtrader": 60, "bt": 3, "vectorbt rust": None}
    yield from against("w5 class", "w5", goals)


COMPARISONS = (bars_by_class, bars_by_arrays, brackets, sweep, ticks, instruments)


def rows(rounds: int, *, alone: bool, whole: bool) -> list[Row]:
    """One row for each comparison whose two sides could be measured. alone: without the peers.

    What `contestants/ours.py` has no function for is left out: to write the function is to take part.
    """
    comparisons = [
        each
        for group in COMPARISONS
        for each in group()
        if hasattr(ours, each.ours.function) and (each.peer.file in OF_THE_HOUSE or not alone)
    ]
    speeds = race([side for each in comparisons for side in (each.ours, each.peer)], rounds, whole=whole)
    return [each.row(speeds) for each in comparisons if each.peer in speeds]


def against(name: str, function: str, goals: dict[str, float | None]) -> Iterator[Comparison]:
    """One function of ours beside the peers that do the same work: goals by the peer's file and, after a space, way."""
    mine = Contestant("ours", function)
    for peer, goal in goals.items():
        file, _, way = peer.partition(" ")
        yield Comparison(name, mine, Contestant(file, f"{mine.work}_{way}" if way else mine.work), goal)


def _way(peer: Contestant) -> str:
    """How the peer did it, where it has several ways."""
    way = peer.function.partition("_")[2]
    return f" ({way})" if way else ""
