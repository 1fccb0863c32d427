"""Which tables hold the journals, and reading and deleting their rows a little at a time."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Model, QuerySet, Sum
from django.db.models.functions import Length

from apps.equity.models import EquityBlock, EquityLevel
from apps.events.models import Event, EventStretch
from apps.executions.models import Execution
from apps.journal.rowfile import fields_of
from apps.trades.models import Trade

READ_ROWS = 500  # at most ten megabytes, when they are blocks of equity points
DELETE_ROWS = 2000  # some ten milliseconds, in which SQLite lets nobody else write


@dataclass(frozen=True)
class Table:
    """One table of a journal."""

    model: type[Model]
    head_field: str
    last_column: str
    """Of the sequence that a row reaches to."""
    weighty: str
    """The column that nearly all of its room is for."""
    is_derived: bool = False
    """Whether its rows follow from the others', and so are not worth keeping in an archive."""

    @property
    def name(self) -> str:
        return str(self.model._meta.verbose_name_plural)

    @cached_property
    def columns(self) -> list[str]:
        return [field.attname for field in fields_of(self.model)]

    def sequence_of(self, row: Sequence[Any]) -> int:
        return int(row[self.columns.index("sequence")])

    def last_of(self, row: Sequence[Any]) -> int:
        return int(row[self.columns.index(self.last_column)])

    def of(self, execution_id: int) -> QuerySet[Any]:
        return self.model._default_manager.filter(execution_id=execution_id)

    def rows(self, execution_id: int) -> Iterator[list[Any]]:
        """Values of the model's fields, ascending; each page is a short query of its own."""
        last = 0
        while page := list(self._above(execution_id, last).values_list(*self.columns)[:READ_ROWS]):
            yield from map(list, page)
            last = self.sequence_of(page[-1])

    def head(self, execution: Execution) -> int:
        return int(getattr(execution, self.head_field))

    def bytes_of(self, execution_id: int) -> int:
        """How long the rows' contents are, without what the database adds."""
        return int(self.of(execution_id).aggregate(total=Sum(Length(self.weighty)))["total"] or 0)

    def delete(self, execution_id: int) -> int:
        """Delete all rows in short transactions, with as much rest between them as they took; returns how many."""
        last, count = 0, 0
        while True:
            started = time.monotonic()
            rest = self._above(execution_id, last)
            sequences = list(rest.values_list("sequence", flat=True)[:DELETE_ROWS])
            if not sequences:
                return count
            last = sequences[-1]
            # not from the first one on: the index of PostgreSQL still holds what was deleted, to be passed over again
            count += rest.order_by().filter(sequence__lte=last).delete()[0]
            time.sleep(time.monotonic() - started)

    def _above(self, execution_id: int, sequence: int) -> QuerySet[Any]:
        return self.of(execution_id).filter(sequence__gt=sequence).order_by("sequence")


TABLES = (
    Table(Event, "events_head", "sequence", "body"),
    Table(Trade, "trades_head", "sequence", "body"),
    Table(EquityBlock, "equity_head", "last_sequence", "points"),
    Table(EquityLevel, "equity_head", "last_sequence", "points", is_derived=True),
    Table(EventStretch, "events_head", "last_sequence", "codes", is_derived=True),
)
ARCHIVED = tuple(table for table in TABLES if not table.is_derived)
