"""What a journal is: append-only rows of one kind of one execution, numbered 1, 2, 3 … without gaps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.db import connection, models

from apps.executions.models import Execution


class Journal(Protocol):
    """A reader asks every journal alike, whatever its rows are kept as."""

    @property
    def name(self) -> str:
        """events, trades or equity: the member of an answer that holds the rows."""

    def head(self, execution: Execution) -> int:
        """The last sequence number; 0 before the first row."""

    def since(self, execution_id: int, after: int, limit: int) -> list[str]:
        """Up to `limit` rows with sequences above `after`, ascending, each as the JSON that the API serves."""


@dataclass(frozen=True)
class RowJournal:
    """A journal with one table row a row: columns to filter by, and a body encoded once by the writer."""

    name: str
    model: type[models.Model]
    head_field: str
    columns: tuple[str, ...]
    """The filter columns between `sequence` and `body`."""

    def head(self, execution: Execution) -> int:
        return int(getattr(execution, self.head_field))

    def since(self, execution_id: int, after: int, limit: int) -> list[str]:
        return self.bodies(execution_id, after)[:limit]

    def bodies(self, execution_id: int, after: int, **filters: str) -> Any:
        """The queryset of bodies above `after`; a slice of it costs one range scan."""
        rows = self.model._default_manager.filter(execution_id=execution_id, sequence__gt=after, **filters)
        return rows.order_by("sequence").values_list("body", flat=True)

    def write(self, execution_id: int, first: int, rows: Sequence[tuple[str, ...]]) -> None:
        """Put rows (*filter columns, tail) under the numbers `first`, first + 1 …

        tail: the row's JSON object after its `"sequence":N`, so that a row can be encoded before its number is known.
        The caller holds the execution's row lock and moves the head in the same transaction.
        """
        numbered = (
            (execution_id, sequence, *row[:-1], f'{{"sequence":{sequence}{row[-1]}')
            for sequence, row in enumerate(rows, start=first)
        )
        insert(self.model, ("execution_id", "sequence", *self.columns, "body"), numbered)

    def append(self, execution_id: int, rows: Sequence[tuple[str, ...]]) -> None:
        """Number, write and move the head, within the caller's transaction."""
        head = models.F(self.head_field) + len(rows)
        Execution.objects.filter(pk=execution_id).update(**{self.head_field: head})
        last = Execution.objects.values_list(self.head_field, flat=True).get(pk=execution_id)
        self.write(execution_id, last - len(rows) + 1, rows)


def insert(model: type[models.Model], columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert rows of database columns by the fastest way there is: COPY on PostgreSQL, executemany on SQLite."""
    table = connection.ops.quote_name(model._meta.db_table)
    names = ", ".join(map(connection.ops.quote_name, columns))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)  # type: ignore[arg-type]  # noqa: S608 - names of our models
