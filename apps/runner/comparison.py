"""A repeated tape beside the one that stands in the database: row by row, page by page, to the first difference."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np
import orjson
import zstandard

from apps.engine.types import Rows
from apps.equity.blocks import NUMBERED
from apps.equity.journal import encode, equity
from apps.events.journal import events, is_history
from apps.executions.models import Execution
from apps.journal.journal import RowJournal, content
from apps.runner import rows as encoded
from apps.trades.journal import trades

PAGE_ROWS = 2000
LONGEST_TEXT = 2000  # of a row that is no JSON any more


class Comparison(Protocol):
    """One journal of an execution, beside the rows that a repetition brings."""

    name: str
    compared: int
    """How many rows were equal."""
    difference: dict[str, Any] | None
    """The first row that differs: journal, sequence, expected, found, differs.

    expected: None when there should be none; found: None when it is missing. differs: what `first_member` says, None
    where one of them is no row.
    """

    def take(self, rows: Rows) -> None:
        """Compare what the repetition brought next; nothing more once a row has differed."""

    def is_exhausted(self) -> bool:
        """Whether no row is left in the database, or one has differed."""

    def close(self) -> None:
        """The repetition is over: what is left in the database should not be there."""


def comparisons_of(execution: Execution) -> list[Comparison]:
    """One for each journal, up to the execution's heads."""
    return [
        RowComparison(execution, events, encoded.event_rows),
        RowComparison(execution, trades, encoded.trade_rows),
        EquityComparison(execution),
    ]


class RowComparison:
    """A journal whose rows are texts."""

    def __init__(self, execution: Execution, journal: RowJournal, encode_rows: Any) -> None:
        self.name = journal.name
        self.compared = 0
        self.difference: dict[str, Any] | None = None
        self._execution = execution
        self._journal = journal
        self._encode = encode_rows
        self._sequence = 0
        self._stored = self._read()
        self._next = next(self._stored, None)

    def take(self, rows: Rows) -> None:
        if self.difference:
            return
        for expected in self._encode(self._execution, rows).contents:
            if self._next is None or f"{expected}\n".encode() != content_of(self._sequence, self._next):
                self._differ(expected)
                return
            self.compared += 1
            self._next = next(self._stored, None)

    def is_exhausted(self) -> bool:
        return self._next is None or self.difference is not None

    def close(self) -> None:
        if not self.is_exhausted():
            self._differ(None)

    def _differ(self, expected: str | None) -> None:
        sequence = self._sequence if self._next is not None else self._sequence + 1
        row = None if expected is None else f'{{"sequence":{sequence},{expected}}}'
        self.difference = _difference(self.name, sequence, row, self._next)

    def _read(self) -> Iterator[str]:
        """The rows that the strategy brought, while `_sequence` counts all of them."""
        head = self._journal.head(self._execution)
        while self._sequence < head:
            limit = min(PAGE_ROWS, head - self._sequence)
            page = self._journal.since(self._execution.pk, self._sequence, limit)
            if not page:
                return
            for body in page:
                self._sequence += 1
                if not is_history(content_of(self._sequence, body)):
                    yield body


class EquityComparison:
    """The journal of points, which are compared bit by bit."""

    name = "equity"

    def __init__(self, execution: Execution) -> None:
        self.compared = 0
        self.difference: dict[str, Any] | None = None
        self._execution = execution

    def take(self, rows: Rows) -> None:
        if self.difference or not len(rows.equity):
            return
        first, count = self.compared + 1, len(rows.equity)
        last = min(self.compared + count, self._execution.equity_head)
        found = self._found(first, last)
        expected = np.empty(count, NUMBERED)
        expected["sequence"] = np.arange(first, first + count)
        expected["time"], expected["balance"] = rows.equity["time"], rows.equity["equity"]
        common = min(len(found), count)
        differing = np.flatnonzero(_bits(found[:common]) != _bits(expected[:common]))
        equal = int(differing[0]) if len(differing) else common
        self.compared += equal
        if equal < count:
            self._differ(expected[equal : equal + 1], found[equal : equal + 1])

    def is_exhausted(self) -> bool:
        return self.difference is not None or self.compared >= self._execution.equity_head

    def close(self) -> None:
        if not self.is_exhausted():
            sequence = self.compared + 1
            found = self._found(sequence, sequence)
            self._differ(found[:0], found)

    def _found(self, first: int, last: int) -> np.ndarray:
        """The points first … last, as far as they can be read one after the other."""
        try:
            return equity.points(self._execution.pk, first, last)
        except (zstandard.ZstdError, ValueError):  # a damaged block; find the last point before it
            if first == last:
                return np.empty(0, NUMBERED)
            middle = (first + last) // 2
            found = self._found(first, middle)
            return np.concatenate((found, self._found(middle + 1, last))) if len(found) > middle - first else found

    def _differ(self, expected: np.ndarray, found: np.ndarray) -> None:
        rows = (encode(points)[0] if len(points) else None for points in (expected, found))
        self.difference = _difference(self.name, self.compared + 1, *rows)


def content_of(sequence: int, body: str) -> bytes:
    """What of a stored row is compared; all of it where its number is not that of its place, or it is no row."""
    if body.startswith(f'{{"sequence":{sequence},') and body.endswith("}"):
        return content(body)
    return body.encode()


def first_member(expected: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any] | None:
    """The first member in which two rows differ, by its dotted path, with both values."""
    for name in (*expected, *(name for name in found if name not in expected)):
        ours, theirs = expected.get(name), found.get(name)
        if isinstance(ours, dict) and isinstance(theirs, dict):
            if inner := first_member(ours, theirs):
                return {**inner, "member": f"{name}.{inner['member']}"}
        elif (name in expected) != (name in found) or ours != theirs:
            return {"member": str(name), "expected": ours, "found": theirs}
    return None


def _difference(journal: str, sequence: int, expected: str | None, found: str | None) -> dict[str, Any]:
    ours, theirs = (None if body is None else _told(body) for body in (expected, found))
    differs = first_member(ours, theirs) if isinstance(ours, dict) and isinstance(theirs, dict) else None
    return {"journal": journal, "sequence": sequence, "expected": ours, "found": theirs, "differs": differs}


def _bits(points: np.ndarray) -> np.ndarray:
    """(n,) each point as its bytes: a nan is equal to itself, and 0.0 is not -0.0."""
    return np.ascontiguousarray(points).view(f"V{points.dtype.itemsize}")


def _told(body: str) -> Any:
    """A row for people, without the moment it was written; as it stands where it is no JSON."""
    try:
        row = orjson.loads(body)
    except orjson.JSONDecodeError:
        row = None
    if not isinstance(row, dict):
        return body[:LONGEST_TEXT]
    return {name: value for name, value in row.items() if name != "created_at"}
