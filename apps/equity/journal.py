"""The equity journal: points with sequences, kept as blocks."""

from collections.abc import Iterator

import numpy as np
import orjson

from apps.equity.blocks import POINT, extremes, pack, unpack
from apps.equity.models import BLOCK_POINTS, EquityBlock
from apps.executions.models import Execution
from apps.journal.journal import insert
from apps.journal.text import iso_times

NUMBERED = np.dtype([("sequence", "i8"), *POINT.descr])


class EquityJournal:
    """Points 1 … head of an execution; a reader never learns how they are kept."""

    name = "equity"

    def head(self, execution: Execution) -> int:
        return execution.equity_head

    def since(self, execution_id: int, after: int, limit: int) -> list[str]:
        return encode(self.points(execution_id, after + 1, after + limit))

    def points(self, execution_id: int, first: int, last: int) -> np.ndarray:
        """(n,) NUMBERED: the points with sequences first … last, as far as there are any."""
        blocks = EquityBlock.objects.filter(execution_id=execution_id, last_sequence__gte=first, sequence__lte=last)
        numbered = _joined(blocks.order_by("sequence").values_list("sequence", "points").iterator())
        return numbered[(numbered["sequence"] >= first) & (numbered["sequence"] <= last)]

    def between(self, execution_id: int, start: int | None, end: int | None, after: int = 0) -> np.ndarray:
        """(n,) NUMBERED: the points above `after` whose times (µs UTC) lie in start … end, both inclusive."""
        blocks = EquityBlock.objects.filter(execution_id=execution_id, last_sequence__gt=after)
        if start is not None:
            blocks = blocks.filter(ends_at__gte=start)
        if end is not None:
            blocks = blocks.filter(starts_at__lte=end)
        numbered = _joined(blocks.order_by("sequence").values_list("sequence", "points").iterator())
        wanted = numbered["sequence"] > after
        if start is not None:
            wanted &= numbered["time"] >= start
        if end is not None:
            wanted &= numbered["time"] <= end
        return numbered[wanted]

    def sample(
        self, execution_id: int, max_points: int, start: int | None = None, end: int | None = None, after: int = 0
    ) -> np.ndarray:
        """At most max_points of `between`, keeping the first, the last and every extreme."""
        points = self.between(execution_id, start, end, after)
        return points[extremes(points["balance"], max_points)]

    def write(self, execution_id: int, first: int, points: np.ndarray) -> None:
        """Put points (n,) POINT under the numbers `first`, first + 1 …; fills up the last block, then opens new ones.

        The caller holds the execution's row lock and moves the head in the same transaction.
        """
        if not len(points):
            return
        tail = (
            EquityBlock.objects.filter(execution_id=execution_id, last_sequence=first - 1).first()
            if first > 1
            else None
        )
        if tail is not None and tail.last_sequence - tail.sequence + 1 < BLOCK_POINTS:
            EquityBlock.objects.filter(execution_id=execution_id, sequence=tail.sequence).delete()
            points, first = np.concatenate((unpack(tail.points), points)), tail.sequence
        insert(
            EquityBlock,
            ("execution_id", "sequence", "last_sequence", "starts_at", "ends_at", "points"),
            _blocks(execution_id, first, points),
        )


def encode(points: np.ndarray) -> list[str]:
    """Points (n,) NUMBERED as the JSON objects of the API."""
    times = iso_times(points["time"])
    rows = zip(points["sequence"].tolist(), times, points["balance"].tolist(), strict=True)
    return [
        f'{{"sequence":{sequence},"timestamp":"{time}","balance":{orjson.dumps(balance).decode()}}}'
        for sequence, time, balance in rows
    ]


def _blocks(execution_id: int, first: int, points: np.ndarray) -> Iterator[tuple[int, int, int, int, int, bytes]]:
    for offset in range(0, len(points), BLOCK_POINTS):
        block = points[offset : offset + BLOCK_POINTS]
        sequence = first + offset
        starts_at, ends_at = int(block["time"][0]), int(block["time"][-1])
        yield execution_id, sequence, sequence + len(block) - 1, starts_at, ends_at, pack(block)


def _joined(blocks: Iterator[tuple[int, bytes | memoryview]]) -> np.ndarray:
    parts = [_numbered(sequence, unpack(packed)) for sequence, packed in blocks]
    return np.concatenate(parts) if parts else np.empty(0, NUMBERED)


def _numbered(first: int, points: np.ndarray) -> np.ndarray:
    numbered = np.empty(len(points), NUMBERED)
    numbered["sequence"] = np.arange(first, first + len(points))
    numbered["time"], numbered["balance"] = points["time"], points["balance"]
    return numbered


equity = EquityJournal()
