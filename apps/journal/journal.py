"""What a journal is: append-only rows of one kind of one execution, numbered 1, 2, 3 … without gaps."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.db import connection, models

from apps.executions.models import Execution
from apps.journal import archive
from apps.journal.inserting import COPY_BEGINS, COPY_ENDS, copied, insert, into
from apps.journal.places import Places

READ_ROWS = 2000


class Journal(Protocol):
    """A reader asks every journal alike, whatever its rows are kept as."""

    @property
    def name(self) -> str:
        """events, trades or equity: the member of an answer that holds the rows."""

    def head(self, execution: Execution) -> int:
        """The last sequence number; 0 before the first row."""

    def since(self, execution_id: int, after: int, limit: int) -> list[str]:
        """Up to `limit` rows with sequences above `after`, ascending, each as the JSON that the API serves."""

    def hashed(self, execution_id: int, last: int) -> Iterator[bytes]:
        """The bytes that the tape hash is of, read back from the rows 1 … last, in order and piece by piece."""


@dataclass(frozen=True)
class NewRows:
    """Rows that have no numbers yet.

    columns: the values of each filter column, (n,) each. contents: (n,) the members of each row's JSON besides
    `sequence` and `created_at`, with commas between them. created_at: when they were written, for all of them.
    """

    columns: tuple[Sequence[str], ...]
    contents: Sequence[str]
    created_at: str

    def __len__(self) -> int:
        return len(self.contents)

    def hashed(self) -> bytes:
        """What the tape hash is of: `content` of each row."""
        return "\n".join([*self.contents, ""]).encode()


def content(body: str) -> bytes:
    """What the tape hash is of in a stored row: its members besides `sequence` and `created_at`, as one line.

    Neither says what was traded: the number is the row's place, and a row is written at another moment in each run.
    """
    return f"{body[body.index(',') + 1 : body.rindex(',')]}\n".encode()


@dataclass(frozen=True)
class RowJournal:
    """A journal with one table row a row: columns to filter by, and a body encoded once by the writer."""

    name: str
    model: type[models.Model]
    head_field: str
    columns: tuple[str, ...]
    """Those to filter by; the body comes before them."""
    results: models.Q = field(default_factory=models.Q)
    """Which rows are results of the strategy: those that the tape hash is of."""
    places: Places | None = None
    """Where the rows with a value of a column are, when no index says it."""

    def head(self, execution: Execution) -> int:
        return int(getattr(execution, self.head_field))

    def since(self, execution_id: int, after: int, limit: int) -> list[str]:
        if archive.holds(execution_id):
            return list(self.bodies(execution_id, after)[:limit])
        rows = _bodies(self.model, execution_id, after, after + limit)
        if not rows:
            archive.refuse_lost(execution_id)
        return rows

    def bodies(self, execution_id: int, after: int, **filters: str) -> Any:
        """The bodies above `after`: a queryset, or what answers like one; a slice of it costs one range scan."""
        rows = archive.rows_of(self.model, execution_id)
        if self.places is not None and filters:
            if isinstance(rows, models.QuerySet):
                return self.places.selection(rows, execution_id, after, **filters)
            rows, filters = rows.filter(self.places.wanted(filters[self.places.column]).rows), {}
        return rows.filter(sequence__gt=after, **filters).order_by("sequence").values_list("body", flat=True)

    def hashed(self, execution_id: int, last: int) -> Iterator[bytes]:
        results = self.bodies(execution_id, 0).filter(self.results, sequence__lte=last)
        return (content(body) for body in results.iterator(READ_ROWS))

    def write(self, execution_id: int, first: int, pieces: Iterable[NewRows]) -> None:
        """Put rows under the numbers `first`, first + 1 …; PostgreSQL takes a piece in while the next one is made.

        The caller holds the execution's row lock and moves the head in the same transaction.
        """
        names = ("execution_id", "sequence", "body", *self.columns)
        start, columns = first, []
        if connection.vendor == "postgresql":
            target = into(self.model, names)
            with connection.cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN (FORMAT BINARY)") as copy:
                copy.write(COPY_BEGINS)
                for rows in pieces:
                    copy.write(copied(execution_id, first, _bodies_of(first, rows), rows.columns))
                    columns.append(rows.columns)
                    first += len(rows)
                copy.write(COPY_ENDS)
        else:
            for rows in pieces:
                insert(self.model, names, _tuples(execution_id, first, rows))
                columns.append(rows.columns)
                first += len(rows)
        if self.places is not None:
            column = self.columns.index(self.places.column)
            self.places.note(execution_id, start, [value for piece in columns for value in piece[column]])

    def append(self, execution_id: int, rows: NewRows) -> None:
        """Number, write and move the head, within the caller's transaction."""
        head = models.F(self.head_field) + len(rows)
        Execution.objects.filter(pk=execution_id).update(**{self.head_field: head})
        last = Execution.objects.values_list(self.head_field, flat=True).get(pk=execution_id)
        self.write(execution_id, last - len(rows) + 1, [rows])


def _bodies(model: type[models.Model], execution_id: int, after: int, last: int) -> list[str]:
    """Of the rows after + 1 … last, by the driver itself: a queryset takes half a millisecond a thousand more."""
    table = connection.ops.quote_name(model._meta.db_table)
    which = "execution_id = %s AND sequence > %s AND sequence <= %s"
    question = f"SELECT body FROM {table} WHERE {which} ORDER BY sequence"  # noqa: S608 - a name of our model
    with connection.cursor() as cursor:
        cursor.execute(question, (execution_id, after, last))
        return [body for (body,) in cursor.fetchall()]


def _tuples(execution_id: int, first: int, rows: NewRows) -> Iterator[tuple[Any, ...]]:
    end = f',"created_at":"{rows.created_at}"}}'
    numbered = enumerate(zip(rows.contents, *rows.columns, strict=True), start=first)
    return ((execution_id, number, f'{{"sequence":{number},{row[0]}{end}', *row[1:]) for number, row in numbered)


def _bodies_of(first: int, rows: NewRows) -> list[bytes]:
    end = f',"created_at":"{rows.created_at}"}}'
    return [f'{{"sequence":{number},{content}{end}'.encode() for number, content in enumerate(rows.contents, first)]
