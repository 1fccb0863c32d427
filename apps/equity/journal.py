"""The equity journal: points with sequences, kept as blocks."""

from collections.abc import Iterator

import numpy as np
import orjson
from django.db.models import QuerySet

from apps.equity import pyramid
from apps.equity.blocks import NUMBERED, extremes, hashed, numbered, pack, unpack
from apps.equity.models import BLOCK_POINTS, EquityBlock
from apps.executions.models import Execution
from apps.journal import archive
from apps.journal.inserting import insert
from apps.journal.text import iso_times

COLUMNS = ("execution_id", "sequence", "last_sequence", "starts_at", "ends_at", "points")
CATCH_UP_POINTS = 256 * BLOCK_POINTS  # 17 MB of them
FEW_POINTS = 16 * BLOCK_POINTS  # up to here a cursor of the server's would only cost two more questions


class EquityJournal:
    """Points 1 … head of an execution; a reader never learns how they are kept."""

    name = "equity"

    def head(self, execution: Execution) -> int:
        return execution.equity_head

    def since(self, execution_id: int, after: int, limit: int) -> list[str]:
        points = self.points(execution_id, after + 1, after + limit)
        if not len(points):
            archive.refuse_lost(execution_id)
        return encode(points)

    def points(self, execution_id: int, first: int, last: int) -> np.ndarray:
        """(n,) NUMBERED: the points with sequences first … last, as far as there are any."""
        blocks = _blocks_of(execution_id).filter(
            sequence__gt=first - BLOCK_POINTS, sequence__lte=last, last_sequence__gte=first
        )
        return _within(blocks, first, last)

    def span(self, execution_id: int, start: int | None, end: int | None, after: int = 0) -> tuple[int, int]:
        """First and last sequence of the points above `after` whose times (µs UTC) lie in start … end, both inclusive.

        The last is before the first when there is none.
        """
        blocks = _blocks_of(execution_id).filter(last_sequence__gt=after)
        first, last = after + 1, blocks.values_list("last_sequence", flat=True).last() or 0
        values = ("sequence", "points")
        if start is not None:
            block = blocks.filter(ends_at__gte=start).values_list(*values).first()
            if block is None:
                return last + 1, last
            first = max(first, block[0] + int(np.searchsorted(unpack(block[1])["time"], start, side="left")))
        if end is not None:
            block = blocks.filter(starts_at__lte=end).values_list(*values).last()
            if block is None:
                return first, first - 1
            last = block[0] + int(np.searchsorted(unpack(block[1])["time"], end, side="right")) - 1
        return first, last

    def between(self, execution_id: int, start: int | None, end: int | None, after: int = 0) -> np.ndarray:
        """(n,) NUMBERED: the points of `span`."""
        return self.points(execution_id, *self.span(execution_id, start, end, after))

    def sample(
        self, execution_id: int, max_points: int, start: int | None = None, end: int | None = None, after: int = 0
    ) -> np.ndarray:
        """At most max_points of `between`, keeping the first, the last and every extreme."""
        return self.thinned(execution_id, *self.span(execution_id, start, end, after), max_points)

    def thinned(self, execution_id: int, first: int, last: int, max_points: int) -> np.ndarray:
        """At most max_points (≥ 2) of the points first … last, NUMBERED: both ends and every extreme."""
        level = pyramid.level_for((last - first + 1) / max((max_points - 2) // 2, 1))
        points = self._drawn(execution_id, first, last, level) if level else self.points(execution_id, first, last)
        return points[extremes(points["balance"], max_points, points["sequence"])]

    def write(self, execution_id: int, first: int, points: np.ndarray) -> None:
        """Put points (n,) POINT under the numbers `first`, first + 1 …; fills up the last block, then opens new ones.

        The caller holds the execution's row lock and moves the head in the same transaction.
        """
        if not len(points):
            return
        tail = _blocks_of(execution_id).filter(last_sequence=first - 1).last() if first > 1 else None
        if tail is not None and tail.last_sequence - tail.sequence + 1 < BLOCK_POINTS:
            EquityBlock.objects.filter(execution_id=execution_id, sequence=tail.sequence).delete()
            points, first = np.concatenate((unpack(tail.points), points)), tail.sequence
        insert(EquityBlock, COLUMNS, _blocks(execution_id, first, points))
        if whole := len(points) // BLOCK_POINTS * BLOCK_POINTS:
            self._raise_levels(execution_id, first, points[:whole])

    def hashed(self, execution_id: int, last: int) -> Iterator[bytes]:
        blocks = _blocks_of(execution_id).filter(sequence__lte=last).values_list("sequence", "points")
        return (hashed(unpack(packed)[: last + 1 - sequence]) for sequence, packed in blocks.iterator())

    def _drawn(self, execution_id: int, first: int, last: int, level: int) -> np.ndarray:
        """NUMBERED: the points of the first and of the last block, and in between as few as the level has."""
        begin, end = _block_start(first) + BLOCK_POINTS, _block_start(last) - 1
        if end < begin:
            return self.points(execution_id, first, last)
        parts: list[np.ndarray] = []
        reached = begin - 1
        for start, stop, curve in pyramid.read(execution_id, level, begin, end):
            if start > reached + 1:
                parts += self._thinned_anew(execution_id, reached + 1, start - 1, level)
            parts.append(curve)
            reached = stop
        if reached < end:
            parts += self._thinned_anew(execution_id, reached + 1, end, level)
        ends = _within(_blocks_of(execution_id).filter(sequence__in=(_block_start(first), end + 1)), first, last)
        head = int(np.searchsorted(ends["sequence"], begin))
        drawn = np.concatenate((ends[:head], *parts, ends[head:]))
        return drawn[np.diff(drawn["sequence"], prepend=0) > 0]  # a bucket of equal balances has one point twice

    def _thinned_anew(self, execution_id: int, first: int, last: int, level: int) -> Iterator[np.ndarray]:
        """NUMBERED, piece by piece: what the level would have of whole blocks, of which it is not kept."""
        for start in range(first, last + 1, CATCH_UP_POINTS):
            points = self.points(execution_id, start, min(start + CATCH_UP_POINTS - 1, last))
            yield next(curve for each, curve in pyramid.curves(points) if each == level)

    def _raise_levels(self, execution_id: int, first: int, points: np.ndarray) -> None:
        """Thin new whole blocks; where the levels do not reach them, everything before is thinned first."""
        if first == 1 or not pyramid.is_built(execution_id, first - 1):
            pyramid.clear(execution_id)
            for start in range(1, first, CATCH_UP_POINTS):
                pyramid.append(
                    execution_id, start, self.points(execution_id, start, min(start + CATCH_UP_POINTS, first) - 1)
                )
        pyramid.append(execution_id, first, points)


def encode(points: np.ndarray) -> list[str]:
    """Points (n,) NUMBERED as the JSON objects of the API."""
    times = iso_times(points["time"])
    rows = zip(points["sequence"].tolist(), times, points["balance"].tolist(), strict=True)
    return [
        f'{{"sequence":{sequence},"timestamp":"{time}","balance":{orjson.dumps(balance).decode()}}}'
        for sequence, time, balance in rows
    ]


def _blocks_of(execution_id: int) -> QuerySet[EquityBlock]:
    """In the table, or in the execution's archive."""
    blocks: QuerySet[EquityBlock] = archive.rows_of(EquityBlock, execution_id).order_by("sequence")
    return blocks


def _block_start(sequence: int) -> int:
    """The number of the first point of the block that holds this one."""
    return (sequence - 1) // BLOCK_POINTS * BLOCK_POINTS + 1


def _blocks(execution_id: int, first: int, points: np.ndarray) -> Iterator[tuple[int, int, int, int, int, bytes]]:
    for offset in range(0, len(points), BLOCK_POINTS):
        block = points[offset : offset + BLOCK_POINTS]
        sequence = first + offset
        starts_at, ends_at = int(block["time"][0]), int(block["time"][-1])
        yield execution_id, sequence, sequence + len(block) - 1, starts_at, ends_at, pack(block)


def _within(blocks: QuerySet[EquityBlock], first: int, last: int) -> np.ndarray:
    """(n,) NUMBERED: the points first … last of these blocks, in their order."""
    found = blocks.values_list("sequence", "points")
    rows = found.iterator() if last - first >= FEW_POINTS else iter(found)
    parts = [
        numbered(unpack(packed)[max(first - start, 0) : max(last + 1 - start, 0)], max(start, first))
        for start, packed in rows
    ]
    return np.concatenate(parts) if parts else np.empty(0, NUMBERED)


equity = EquityJournal()
