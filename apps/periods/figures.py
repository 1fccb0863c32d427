"""An execution's figures by calendar periods, UTC: of each day, week, month or year that has points.

They are folded from the last point backwards, so that a few recent periods of a long run cost little.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import orjson

from apps.equity.journal import equity
from apps.errors import Invalid
from apps.executions.models import Execution
from apps.trades.journal import trades

UNITS: Final = {"day": "D", "week": "D", "month": "M", "year": "Y"}
"""What times are cut to; weeks are made of days, and begin on Monday."""
POINTS, ROWS = 65_536, 5_000  # read at once
MOST_TRADES = 500_000  # about a second to read


@dataclass
class Period:
    """One calendar period. Money unrounded; low and high of the balances at its points."""

    start: np.datetime64
    first: int
    """The sequence of its first point."""
    points: int
    end_balance: float
    low: float
    high: float
    drawdown: float
    """Largest fall within it from a running peak, as a fraction of that."""
    start_balance: float = 0.0
    """At the last point before it, or the initial balance."""
    won: int = 0
    trades: int = 0
    realized: float = 0.0

    def precede(self, earlier: "Period") -> None:
        """Take in the part of the same period that comes just before."""
        across = (earlier.high - self.low) / earlier.high if earlier.high > 0 else 0.0
        self.drawdown = max(self.drawdown, earlier.drawdown, across)
        self.low, self.high = min(self.low, earlier.low), max(self.high, earlier.high)
        self.first, self.points = earlier.first, self.points + earlier.points


@dataclass(frozen=True)
class Span:
    """Which periods are asked for: the last `most` of those with points from start to end, microseconds UTC."""

    granularity: str
    most: int
    start: int | None = None
    end: int | None = None


def periods_of(execution: Execution, span: Span) -> list[Period]:
    """The periods, ascending. Raises Invalid where they hold more trades than may be read at once."""
    first, last = equity.span(execution.pk, span.start, span.end)
    found: list[Period] = []
    for part in _parts(execution.pk, span.granularity, first, min(last, execution.equity_head)):
        if found and found[-1].start == part.start:
            found[-1].precede(part)
        elif len(found) == span.most:
            break
        else:
            found.append(part)
    found.reverse()
    if found:
        _set_starts(execution, found)
        _count_trades(execution, found, span)
    return found


def starts_of(times: np.ndarray, granularity: str) -> np.ndarray:
    """(n,) datetime64: the beginning of the period that each time is in; times: (n,) int64 microseconds UTC."""
    cut = np.asarray(times).astype("datetime64[us]").astype(f"datetime64[{UNITS[granularity]}]")
    if granularity == "week":
        cut = cut - ((cut.astype(np.int64) + 3) % 7).astype("timedelta64[D]")  # the first day of 1970 was a Thursday
    return cut


def _parts(execution_id: int, granularity: str, first: int, last: int) -> Iterator[Period]:
    """Pieces of periods from the last one backwards; a period may come in several."""
    while last >= first:
        begin = max(first, last - POINTS + 1)
        points = equity.points(execution_id, begin, last)
        starts = starts_of(points["time"], granularity)
        edges = [0, *(np.flatnonzero(starts[1:] != starts[:-1]) + 1).tolist(), len(points)]
        for low, high in reversed(list(pairwise(edges))):
            yield _piece(starts[low], points["sequence"][low], points["balance"][low:high])
        last = begin - 1


def _piece(start: np.datetime64, first: int, balances: np.ndarray) -> Period:
    peaks = np.maximum.accumulate(balances)
    falls = np.divide(peaks - balances, peaks, out=np.zeros(len(balances)), where=peaks > 0)
    return Period(
        start=start,
        first=int(first),
        points=len(balances),
        end_balance=float(balances[-1]),
        low=float(balances.min()),
        high=float(balances.max()),
        drawdown=float(falls.max()),
    )


def _set_starts(execution: Execution, found: list[Period]) -> None:
    balance = float(execution.manifest["account"]["initial_balance"])
    if (last := found[0].first - 1) > 0:
        balance = float(equity.points(execution.pk, last, last)["balance"][0])
    for period in found:
        period.start_balance = balance
        if balance > 0:
            period.drawdown = max(period.drawdown, (balance - period.low) / balance)
        balance = period.end_balance


def _count_trades(execution: Execution, found: list[Period], span: Span) -> None:
    """Trades by their exit. They are numbered in the order of their exits, so the first one is searched by halves."""
    head, granularity = execution.trades_head, span.granularity
    begin, beyond = 1, head + 1
    earliest = max(_microseconds(found[0].start), span.start or _microseconds(found[0].start))
    while begin < beyond:
        middle = (begin + beyond) // 2
        if int(_exits([_trade(text) for text in trades.since(execution.pk, middle - 1, 1)])[0]) < earliest:
            begin = middle + 1
        else:
            beyond = middle
    by_start = {period.start: period for period in found}
    for after in range(begin - 1, head, ROWS):
        if after - begin + 1 >= MOST_TRADES:
            problem = f"They hold more than {MOST_TRADES:,} trades; ask for fewer, by last_n or start_time."
            raise Invalid(f"These periods are too long: {problem}", fields={"last_n": [problem]})
        rows = [_trade(text) for text in trades.since(execution.pk, after, min(ROWS, head - after))]
        exits = _exits(rows)
        for row, time, start in zip(rows, exits.tolist(), starts_of(exits, granularity), strict=True):
            if (period := by_start.get(start)) is None or (span.end is not None and time > span.end):
                continue
            result = float(row["pnl"])
            period.trades += 1
            period.won += result > 0
            period.realized += result


def _trade(text: str) -> dict[str, Any]:
    trade: dict[str, Any] = orjson.loads(text)["trade"]
    return trade


def _exits(rows: list[dict[str, Any]]) -> np.ndarray:
    """(n,) int64 microseconds UTC."""
    return np.array([row["exit_time"].removesuffix("Z") for row in rows], "datetime64[us]").astype(np.int64)


def _microseconds(start: np.datetime64) -> int:
    return int(start.astype("datetime64[us]").astype(np.int64))
