"""Thin curves of an equity curve: of each bucket of points the lowest and the highest one, in their order.

A chart of a million points is drawn from a few thousand of them. Only whole blocks are thinned: every bucket lies
within one block, and what comes after the last whole block is read as it is.
"""

from collections.abc import Iterator

import numpy as np
from django.db.models import F

from apps.equity.blocks import numbered, pack_thinned, unpack_thinned
from apps.equity.models import BLOCK_POINTS, EquityLevel
from apps.journal.inserting import insert

# points a bucket; each level is made of the one before, and the last one's buckets are whole blocks. Buckets of 16
# would cost a third of the blocks' own size and spare a chart of 30,000 points the reading of eight blocks.
LEVELS = (64, 256, 1024, BLOCK_POINTS)
ROW_BUCKETS = 1024
COLUMNS = ("execution_id", "bucket_points", "sequence", "last_sequence", "points")


def thinned(points: np.ndarray, size: int) -> np.ndarray:
    """The lowest and the highest of each `size` points, the first of several, in their order: two of each.

    points: (n,) with a field `balance`; n can be divided by size.
    """
    balances = np.ascontiguousarray(points["balance"]).reshape(-1, size)
    pairs = np.stack((balances.argmin(axis=1), balances.argmax(axis=1)), axis=1)
    pairs.sort(axis=1)
    return points[(pairs + size * np.arange(len(pairs))[:, np.newaxis]).ravel()]


def curves(points: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Each level and what it has of whole blocks of points (n,) NUMBERED: the same whether it is kept or made anew."""
    curve, size = points, LEVELS[0]
    for level, next_level in zip(LEVELS, (*LEVELS[1:], 0), strict=True):
        curve = thinned(curve, size)
        yield level, curve
        size = 2 * next_level // level  # two points of each bucket of this level


def level_for(bucket_points: float) -> int | None:
    """The coarsest level that still shows the extremes of buckets of so many points; None: the points themselves."""
    return max((level for level in LEVELS if level <= bucket_points), default=None)


def read(execution_id: int, level: int, first: int, last: int) -> Iterator[tuple[int, int, np.ndarray]]:
    """What there is of a level between the whole blocks' points first … last: (its first, its last, NUMBERED)."""
    rows = EquityLevel.objects.filter(
        execution_id=execution_id, bucket_points=level, sequence__lte=last, last_sequence__gte=first
    )
    for sequence, end, packed in rows.order_by("sequence").values_list("sequence", "last_sequence", "points"):
        points = unpack_thinned(packed, sequence)
        inside = (points["sequence"] >= first) & (points["sequence"] <= last)
        yield max(sequence, first), min(end, last), points[inside]


def is_built(execution_id: int, last: int) -> bool:
    """Whether all levels reach to the point `last`, the last one of a whole block."""
    return EquityLevel.objects.filter(execution_id=execution_id, last_sequence=last).count() == len(LEVELS)


def clear(execution_id: int) -> None:
    EquityLevel.objects.filter(execution_id=execution_id).delete()


def append(execution_id: int, first: int, points: np.ndarray) -> None:
    """Add whole blocks of points (n,) POINT with the numbers `first`, first + 1 … to all levels, which end before."""
    rows = EquityLevel.objects.filter(execution_id=execution_id, last_sequence=first - 1)
    unfilled = rows.filter(last_sequence__lt=F("sequence") + F("bucket_points") * ROW_BUCKETS - 1)
    open_rows = {row.bucket_points: row for row in unfilled} if first > 1 else {}
    if open_rows:
        unfilled.delete()
    written: list[tuple[int, int, int, int, bytes]] = []
    for level, curve in curves(numbered(points, first)):
        row = open_rows.get(level)
        begin = first if row is None else row.sequence
        joined = curve if row is None else np.concatenate((unpack_thinned(row.points, begin), curve))
        for offset in range(0, len(joined), 2 * ROW_BUCKETS):
            part, sequence = joined[offset : offset + 2 * ROW_BUCKETS], begin + offset // 2 * level
            end = sequence + len(part) // 2 * level - 1
            written.append((execution_id, level, sequence, end, pack_thinned(part, sequence)))
    insert(EquityLevel, COLUMNS, written)
