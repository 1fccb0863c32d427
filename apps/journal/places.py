"""Where in a journal the rows with a value are: noted by stretches, because an index would double what a row costs.

A stretch of rows is noted by the writer of its last one; those after the last whole stretch are looked at themselves.
Notes only save work: where one is missing, readers look at the rows, and the next writer who ends a stretch makes it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol, Self

import numpy as np
import orjson
import zstandard
from django.db.models import Model, Q, QuerySet

from apps.journal.inserting import insert

STRETCH_ROWS = 4096
LAST = 2**62
DENSE = 4  # rows of a range for each one that is wanted, up to which the range is read through
READ_ROWS = 2000
COLUMNS = ("execution_id", "sequence", "last_sequence", "counts", "codes")
_CODE = np.dtype("<u2")  # a stretch has fewer different values than that


class Wanted(Protocol):
    """Which values of the column are meant."""

    def __contains__(self, stored: str) -> bool: ...

    @property
    def rows(self) -> Q: ...


@dataclass(frozen=True)
class Places:
    """notes: the model of the notes; rows: that of the journal; column: whose values are noted.

    wanted: what values a reader means by a name.
    """

    notes: type[Model]
    rows: type[Model]
    column: str
    wanted: Callable[[str], Wanted]

    def note(self, execution_id: int, first: int, values: Sequence[str]) -> None:
        """Note the stretches that end within the rows first, first + 1 …, which are written and have these values."""
        last = first + len(values) - 1
        if (first - 1) // STRETCH_ROWS == last // STRETCH_ROWS:
            return
        notes = self.notes._default_manager.filter(execution_id=execution_id).order_by("-sequence")
        reached = notes.values_list("last_sequence", flat=True).first() or 0
        made = []
        for begin in range(reached + 1, last - STRETCH_ROWS + 2, STRETCH_ROWS):
            end = begin + STRETCH_ROWS - 1
            earlier = self._values(execution_id, begin, min(end, first - 1)) if begin < first else []
            stretch = [*earlier, *values[max(begin - first, 0) : max(end - first + 1, 0)]]
            made.append((execution_id, begin, end, *_spelt(stretch)))
        insert(self.notes, COLUMNS, made)

    def selection(self, rows: "QuerySet[Any]", execution_id: int, after: int, **value: str) -> "Selection":
        """rows: all rows of the execution; value: what is asked for, by the column's name."""
        wanted = self.wanted(value[self.column])
        return Selection(self, rows.filter(wanted.rows), execution_id, wanted, after)

    def _values(self, execution_id: int, first: int, last: int) -> list[str]:
        rows = self.rows._default_manager.filter(execution_id=execution_id, sequence__gte=first, sequence__lte=last)
        return list(rows.order_by("sequence").values_list(self.column, flat=True))


@dataclass(frozen=True)
class Part:
    """Rows that are wanted out of a stretch, or out of what is not noted. places: (count,) when they are known."""

    begin: int
    count: int
    places: np.ndarray | None = None


@dataclass(frozen=True)
class Selection:
    """What readers of a journal ask of a queryset of bodies, for the rows that are meant above `after`; ascending."""

    places: Places
    rows: "QuerySet[Any]"
    """Those that are meant."""
    execution_id: int
    wanted: Wanted
    after: int
    last: int = LAST

    def filter(self, *, sequence__lte: int) -> Self:
        return replace(self, last=min(self.last, sequence__lte))

    def count(self) -> int:
        return sum(part.count for part in self._parts)

    def __iter__(self) -> Iterator[str]:
        for start in range(0, self.count(), READ_ROWS):
            yield from self[start : start + READ_ROWS]

    def iterator(self, chunk_size: int | None = None) -> Iterator[str]:
        return iter(self)

    def __getitem__(self, part: slice) -> list[str]:
        found = self._sequences(part.start or 0, LAST if part.stop is None else part.stop)
        if not len(found):
            return []
        first, last = int(found[0]), int(found[-1])
        if last - first < DENSE * len(found):
            rows = self.rows.filter(sequence__gte=first, sequence__lte=last)
        else:
            rows = self.rows.filter(sequence__in=found.tolist())
        return list(rows.order_by("sequence").values_list("body", flat=True))

    def _sequences(self, start: int, stop: int) -> np.ndarray:
        """Ascending: those of the rows start, start + 1 … stop - 1 of the selection, as far as there are any."""
        wanted, passed = [], 0
        for part in self._parts:
            if passed < stop and passed + part.count > start:
                wanted.append((part, slice(max(start - passed, 0), stop - passed)))
            passed += part.count
        noted = self._noted([part.begin for part, _ in wanted if part.places is None])
        found = [(noted[part.begin] if part.places is None else part.places)[piece] for part, piece in wanted]
        return np.concatenate(found) if found else np.zeros(0, np.int64)

    @cached_property
    def _parts(self) -> list[Part]:
        parts, reached = [], self.after
        for begin, end, spelt in self._notes.values_list("sequence", "last_sequence", "counts"):
            if begin > reached + 1:
                parts.append(self._looked_up(reached + 1, begin - 1))
            if count := sum(count for value, count in orjson.loads(spelt).items() if value in self.wanted):
                parts.append(Part(begin, count) if begin > self.after and end <= self.last else self._cut(begin))
            reached = end
        if reached < self.last:
            parts.append(self._looked_up(reached + 1, self.last))
        return parts

    @property
    def _notes(self) -> "QuerySet[Any]":
        """Of the stretches with any row after … last."""
        notes = self.places.notes._default_manager.filter(execution_id=self.execution_id)
        within = notes.filter(
            sequence__gt=self.after - STRETCH_ROWS, sequence__lte=self.last, last_sequence__gt=self.after
        )
        return within.order_by("sequence")

    def _cut(self, begin: int) -> Part:
        """The stretch's part that is wanted."""
        places = self._noted([begin])[begin]
        inside = places[(places > self.after) & (places <= self.last)]
        return Part(begin, len(inside), inside)

    def _looked_up(self, first: int, last: int) -> Part:
        rows = self.rows.filter(sequence__gte=first, sequence__lte=last).order_by("sequence")
        places = np.array(rows.values_list("sequence", flat=True), np.int64)
        return Part(first, len(places), places)

    def _noted(self, begins: list[int]) -> dict[int, np.ndarray]:
        """The places of what is meant in noted stretches, by their first rows."""
        if not begins:
            return {}
        found = self._notes.filter(sequence__in=begins).values_list("sequence", "counts", "codes")
        return {begin: begin + _places(self.wanted, counts, codes) for begin, counts, codes in found}


def _spelt(values: Sequence[str]) -> tuple[str, bytes]:
    """How often each value occurs, as a JSON object, and the place in that object of the value of each row."""
    numbers = {value: number for number, value in enumerate(dict.fromkeys(values))}
    codes = np.fromiter(map(numbers.__getitem__, values), _CODE, len(values))
    counts = dict(zip(numbers, np.bincount(codes).tolist(), strict=True))
    return orjson.dumps(counts).decode(), zstandard.compress(codes.tobytes(), level=1)


def _places(wanted: Wanted, counts: str, codes: bytes | memoryview) -> np.ndarray:
    """(n,) int64: which rows of a stretch are meant, from 0 on."""
    numbers = [number for number, value in enumerate(orjson.loads(counts)) if value in wanted]
    return np.flatnonzero(np.isin(np.frombuffer(zstandard.decompress(codes), _CODE), numbers))
