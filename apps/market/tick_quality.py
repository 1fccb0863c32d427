"""Whether ticks can be traded on, and what is remarkable about them; piece by piece, for there may be very many."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from apps.engine.types import Array
from apps.market.importers.raw import BadFile, Piece
from apps.market.quality import FIRST, LAST, REFUSE, crossed_at, late_at, price_problem

HOUR = 3_600_000_000


class TickCheck:
    """What is true of a file's ticks, whatever the pieces they come in.

    crossed: one of `quality.CROSSED`. report: of the ticks so far: rows, of which locked ones have the ask at the bid,
    same_time ones share their time with the one before, and repeated ones are equal to it in all they say, which keeps
    their place: a venue sends a quote again when only its size has changed. crossed_dropped were left out.
    """

    def __init__(self, crossed: str = REFUSE) -> None:
        self._crossed = crossed
        self._latest: int | None = None  # the time of the last tick, also of one that was left out
        self._last: Array | None = None  # (1,) the last tick that was kept
        self.report: dict[str, Any] = {
            "rows": 0, "locked": 0, "same_time": 0, "repeated": 0, "crossed_dropped": 0, "gaps_over_an_hour": 0,
            "longest_gap_seconds": 0.0, "widest_spread": 0.0,
        }  # fmt: skip

    def take(self, piece: Piece) -> Array:
        """The ticks of the next piece that are kept, (n,) TICK. Raises BadFile for the first one that is not sound."""
        ticks = piece.rows
        _refuse_impossible(piece)
        self._refuse_disorder(piece)
        is_crossed = ticks["ask"] < ticks["bid"]
        if is_crossed.any():
            if self._crossed == REFUSE:
                index = int(np.argmax(is_crossed))
                raise crossed_at(piece.place(index), f"ask {ticks['ask'][index]} is below bid {ticks['bid'][index]}")
            self.report["crossed_dropped"] += int(np.sum(is_crossed))
            ticks = ticks[~is_crossed]
        self._describe(ticks)
        return ticks

    def refuse_empty(self) -> None:
        """To be called after the last piece. Raises BadFile when no tick was kept."""
        if self.report["crossed_dropped"] and not self.report["rows"]:
            raise BadFile("Of every tick in the file the ask is below the bid.")
        if not self.report["rows"]:
            raise BadFile("There is not a single tick in the file.")

    def _describe(self, ticks: Array) -> None:
        if not len(ticks):
            return
        report, seen = self.report, ticks if self._last is None else np.concatenate((self._last, ticks))
        steps = np.diff(seen["time"])
        report["rows"] += len(ticks)
        report["locked"] += int(np.sum(ticks["ask"] == ticks["bid"]))
        report["same_time"] += int(np.sum(steps == 0))
        report["repeated"] += int(np.sum(seen[1:] == seen[:-1]))
        report["gaps_over_an_hour"] += int(np.sum(steps > HOUR))
        longest = int(steps.max(initial=0)) / 1_000_000
        report["longest_gap_seconds"] = max(report["longest_gap_seconds"], longest)
        widest = round(float(np.max(ticks["ask"] - ticks["bid"])), 10)  # 0.07, and not 0.07000000000000028
        report["widest_spread"] = max(report["widest_spread"], widest)
        self._last = ticks[-1:].copy()

    def _refuse_disorder(self, piece: Piece) -> None:
        times = piece.rows["time"]
        if not len(times):
            return
        before = np.concatenate(([times[0] if self._latest is None else self._latest], times[:-1]))
        if (backward := times < before).any():
            index = int(np.argmax(backward))
            raise late_at(piece.place(index), int(times[index]), int(before[index]), "Sort the file")
        self._latest = int(times[-1])


def _refuse_impossible(piece: Piece) -> None:
    ticks = piece.rows
    with np.errstate(invalid="ignore"):
        sound = (ticks["time"] >= FIRST) & (ticks["time"] < LAST)
        for name in ("bid", "ask"):
            sound &= (ticks[name] > 0) & np.isfinite(ticks[name])
    if not sound.all():
        index = int(np.argmin(sound))
        raise BadFile(f"{piece.place(index)}: {next(_problems(ticks[index]))}.")


def _problems(tick: np.void) -> Iterator[str]:
    if not FIRST <= tick["time"] < LAST:
        yield "its time is not between the years 1800 and 2200"
    yield from filter(None, (price_problem(name, tick[name]) for name in ("bid", "ask")))
