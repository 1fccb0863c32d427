"""The journals of a finished execution in one compressed file, read as the tables that they were in.

Rows are in the tables while `archived_at` is empty, and in the file from then on: `rows_of` knows where.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Self

from django.conf import settings
from django.db.models import Model, Q

from apps.executions.models import Execution
from apps.journal.rowfile import FileDamaged, RowFile, fields_of

LAST = 2**63
REACHES = ("sequence", "last_sequence")


def folder() -> Path:
    where: Path = settings.DATA_DIR / "archive"
    return where


def path_of(execution_id: int) -> Path:
    return folder() / f"{execution_id}.zip"


def rows_of(model: type[Model], execution_id: int) -> Any:
    """The execution's rows of a journal's table: a queryset, or what answers like one out of its archive.

    An execution without a file costs no question to the database. The rows of one that is archived just now stay in the
    tables for longer than any query may take, so it does not matter which of both a reader still finds.
    """
    if holds(execution_id):
        return ArchivedRows(path_of(execution_id), model)
    return model._default_manager.filter(execution_id=execution_id)


def holds(execution_id: int) -> bool:
    """Whether the execution's rows are to be read from its file."""
    return path_of(execution_id).exists() and _is_archived(execution_id)


def refuse_lost(execution_id: int) -> None:
    """Raise FileDamaged when the tables hold no row because the rows were in a file that is not there any more."""
    if _is_archived(execution_id) and not path_of(execution_id).exists():
        raise FileDamaged(f"The archive of execution {execution_id} is missing: restore {path_of(execution_id).name}.")


def _is_archived(execution_id: int) -> bool:
    return Execution.objects.filter(pk=execution_id, archived_at__isnull=False).exists()


@dataclass(frozen=True)
class ArchivedRows:
    """What readers of journals ask of a queryset, for rows in a file; ascending, and read only as far as is asked."""

    path: Path
    model: type[Model]
    conditions: tuple[Q, ...] = ()
    lookups: tuple[tuple[str, Any], ...] = ()
    columns: tuple[str, ...] = ()
    flat: bool = False

    def filter(self, *conditions: Q, **lookups: Any) -> Self:
        return replace(self, conditions=(*self.conditions, *conditions), lookups=(*self.lookups, *lookups.items()))

    def order_by(self, column: str) -> Self:
        if column != "sequence":
            raise ValueError(f"An archive is in the order of sequences, not of {column}.")
        return self

    def values_list(self, *columns: str, flat: bool = False) -> Self:
        return replace(self, columns=columns, flat=flat)

    def __iter__(self) -> Iterator[Any]:
        names = [field.attname for field in fields_of(self.model)]
        with RowFile(self.path) as file:
            for values in file.rows(self.model, self._first()):
                row = dict(zip(names, values, strict=True))
                if row["sequence"] > self._last():
                    return
                if all(_is(row, *lookup) for lookup in self.lookups) and all(
                    _holds(each, row) for each in self.conditions
                ):
                    yield row[self.columns[0]] if self.flat else tuple(row[column] for column in self.columns)

    def iterator(self, chunk_size: int | None = None) -> Iterator[Any]:
        return iter(self)

    def __getitem__(self, part: slice) -> list[Any]:
        return list(islice(self, part.start or 0, part.stop))

    def first(self) -> Any:
        return next(iter(self), None)

    def last(self) -> Any:
        newest = deque(self, maxlen=1)
        return newest[0] if newest else None

    def count(self) -> int:
        return sum(1 for _ in replace(self, columns=("sequence",)))

    def _first(self) -> int:
        """A sequence that the first wanted row reaches to."""
        bounds = {"gt": 1, "gte": 0}
        wanted = [(lookup.partition("__"), value) for lookup, value in self.lookups]
        reached = [value + bounds[how] for (column, _, how), value in wanted if column in REACHES and how in bounds]
        return max(reached, default=1)

    def _last(self) -> int:
        return min((value for lookup, value in self.lookups if lookup == "sequence__lte"), default=LAST)


def _holds(condition: Q, row: dict[str, Any]) -> bool:
    """Whether a row fulfils a condition on its columns."""
    parts: Any = condition.children
    held = (_holds(part, row) if isinstance(part, Q) else _is(row, *part) for part in parts)
    result = any(held) if condition.connector == Q.OR and parts else all(held)
    return result is not condition.negated


def _is(row: dict[str, Any], lookup: str, value: Any) -> bool:
    column, _, operator = lookup.partition("__")
    return OPERATORS[operator or "exact"](row[column], value)


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "exact": lambda held, value: held == value,
    "in": lambda held, value: held in value,
    "gt": lambda held, value: held > value,
    "gte": lambda held, value: held >= value,
    "lt": lambda held, value: held < value,
    "lte": lambda held, value: held <= value,
}
