"""What a journal is: append-only rows of one kind of one execution, numbered 1, 2, 3 … without gaps."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.db import connection, models

from apps.executions.models import Execution
from apps.journal import archive

READ_ROWS = 2000
_CONTROLS = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


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
    """The filter columns between `sequence` and `body`."""
    results: models.Q = field(default_factory=models.Q)
    """Which rows are results of the strategy: those that the tape hash is of."""

    def head(self, execution: Execution) -> int:
        return int(getattr(execution, self.head_field))

    def since(self, execution_id: int, after: int, limit: int) -> list[str]:
        rows = list(self.bodies(execution_id, after)[:limit])
        if not rows:
            archive.refuse_lost(execution_id)
        return rows

    def bodies(self, execution_id: int, after: int, **filters: str) -> Any:
        """The queryset of bodies above `after`; a slice of it costs one range scan."""
        rows = archive.rows_of(self.model, execution_id).filter(sequence__gt=after, **filters)
        return rows.order_by("sequence").values_list("body", flat=True)

    def hashed(self, execution_id: int, last: int) -> Iterator[bytes]:
        results = self.bodies(execution_id, 0).filter(self.results, sequence__lte=last)
        return (content(body) for body in results.iterator(READ_ROWS))

    def write(self, execution_id: int, first: int, pieces: Iterable[NewRows]) -> None:
        """Put rows under the numbers `first`, first + 1 …; PostgreSQL takes a piece in while the next one is made.

        The caller holds the execution's row lock and moves the head in the same transaction.
        """
        names = ("execution_id", "sequence", *self.columns, "body")
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor, cursor.copy(f"COPY {_into(self.model, names)} FROM STDIN") as copy:
                for rows in pieces:
                    copy.write(_copy_lines(execution_id, first, rows))
                    first += len(rows)
        else:
            for rows in pieces:
                insert(self.model, names, _tuples(execution_id, first, rows))
                first += len(rows)

    def append(self, execution_id: int, rows: NewRows) -> None:
        """Number, write and move the head, within the caller's transaction."""
        head = models.F(self.head_field) + len(rows)
        Execution.objects.filter(pk=execution_id).update(**{self.head_field: head})
        last = Execution.objects.values_list(self.head_field, flat=True).get(pk=execution_id)
        self.write(execution_id, last - len(rows) + 1, [rows])


def insert(model: type[models.Model], columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert rows of database columns by the fastest way there is: binary COPY on PostgreSQL, executemany on SQLite."""
    into = _into(model, columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            types = {field.column: str(field.db_type(connection)) for field in model._meta.concrete_fields}
            with cursor.copy(f"COPY {into} FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types([types[column] for column in columns])
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {into} VALUES ({marks})", rows)  # type: ignore[arg-type]  # noqa: S608 - names of our models


def _into(model: type[models.Model], columns: Sequence[str]) -> str:
    """The table and its columns as a statement names them."""
    quoted = connection.ops.quote_name
    return f"{quoted(model._meta.db_table)} ({', '.join(map(quoted, columns))})"


def _tuples(execution_id: int, first: int, rows: NewRows) -> Iterator[tuple[Any, ...]]:
    end = f',"created_at":"{rows.created_at}"}}'
    numbered = enumerate(zip(*rows.columns, rows.contents, strict=True), start=first)
    return ((execution_id, number, *row[:-1], f'{{"sequence":{number},{row[-1]}{end}') for number, row in numbered)


def _copy_lines(execution_id: int, first: int, rows: NewRows) -> bytes:
    """The rows as lines of COPY's text format."""
    end = f',"created_at":"{rows.created_at}"}}\n'
    numbered = enumerate(zip(_copy_keys(rows.columns), _escaped(rows.contents), strict=True), start=first)
    lines = [
        f'{execution_id}\t{number}\t{key}\t{{"sequence":{number},{content}{end}' for number, (key, content) in numbered
    ]
    return "".join(lines).encode()


def _copy_keys(columns: tuple[Sequence[str], ...]) -> Sequence[str]:
    """(n,) the filter columns of each row as COPY wants them; few different values fill them."""
    spelt = [list(map(_words(column).__getitem__, column)) for column in columns]
    return ["\t".join(values) for values in zip(*spelt, strict=True)] if len(spelt) > 1 else spelt[0]


def _words(column: Sequence[str]) -> dict[str, str]:
    return {value: value.translate(_CONTROLS) for value in set(column)}


def _escaped(contents: Sequence[str]) -> Sequence[str]:
    """Text values as COPY wants them; most need no change, and one look at all of them together finds that out."""
    together = "\n".join(contents)
    is_plain = together.count("\n") == len(contents) - 1
    if is_plain and not any(control in together for control in "\\\t\r"):
        return contents
    return [content.translate(_CONTROLS) for content in contents]
