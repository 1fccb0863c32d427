"""A journal as one file: rows in, pieces of the file out, none of which is kept.

Rows are the JSON objects that the API serves; a table's columns are members of theirs.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import orjson

from apps.errors import Unsupported

GROUP_ROWS = 50_000  # of a Parquet file's row groups and an Arrow stream's batches: some ten megabytes


class Kind(Enum):
    """What the cells of a column are in a file that knows types."""

    WHOLE = "int64"
    NUMBER = "float64"
    TEXT = "string"
    TIME = "timestamp"
    JSON = "json"
    """An object whose members differ from row to row: its text."""


@dataclass(frozen=True)
class Column:
    name: str
    kind: Kind
    within: str = ""
    """The member of the row that it is a member of; empty: of the row itself."""

    def of(self, row: dict[str, Any]) -> Any:
        """The cell: None where the row lacks it, text where it is JSON."""
        value = (row.get(self.within) or {} if self.within else row).get(self.name)
        return orjson.dumps(value).decode() if self.kind is Kind.JSON and value is not None else value


Rows = Iterable[Sequence[str]]
Encode = Callable[[Sequence[Column], Rows], Iterator[bytes]]


@dataclass(frozen=True)
class Format:
    """encode: pieces of the file, of rows that come in pieces."""

    name: str
    media_type: str
    encode: Encode
    is_binary: bool = False

    def check(self) -> None:
        """Raise Unsupported where this server lacks what it takes."""
        if self.is_binary:
            _arrow()

    @property
    def content_type(self) -> str:
        return self.media_type if self.is_binary else f"{self.media_type}; charset=utf-8"


def as_lines(columns: Sequence[Column], rows: Rows) -> Iterator[bytes]:
    """Each row as the API serves it, and a line feed."""
    for piece in rows:
        yield "\n".join([*piece, ""]).encode()


def as_csv(columns: Sequence[Column], rows: Rows) -> Iterator[bytes]:
    """A heading, then a line a row; a cell that the row lacks is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column.name for column in columns])
    for piece in rows:
        writer.writerows([column.of(row) for column in columns] for row in _parsed(piece))
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()
    if text.tell():
        yield text.getvalue().encode()


def as_parquet(columns: Sequence[Column], rows: Rows) -> Iterator[bytes]:
    """A file of row groups, compressed by Zstandard."""
    import pyarrow.parquet

    return _written(lambda sink, schema: pyarrow.parquet.ParquetWriter(sink, schema, compression="zstd"), columns, rows)


def as_arrow(columns: Sequence[Column], rows: Rows) -> Iterator[bytes]:
    """Arrow's stream of record batches."""
    import pyarrow

    return _written(pyarrow.ipc.new_stream, columns, rows)


def _written(opened: Callable[[Any, Any], Any], columns: Sequence[Column], rows: Rows) -> Iterator[bytes]:
    """What a writer of pyarrow brings, as it brings it."""
    arrow = _arrow()
    sink = Sink()
    types = {Kind.TIME: arrow.timestamp("us", tz="UTC"), Kind.JSON: arrow.string()}
    schema = arrow.schema(
        [(column.name, types.get(column.kind) or getattr(arrow, column.kind.value)()) for column in columns]
    )
    with opened(sink, schema) as writer:
        for group in _groups(rows):
            cells = _parsed(group)
            arrays = [
                _array([column.of(row) for row in cells], column.kind, field.type)
                for column, field in zip(columns, schema, strict=True)
            ]
            writer.write_table(arrow.Table.from_arrays(arrays, schema=schema))
            yield sink.taken()
    yield sink.taken()


def _array(values: list[Any], kind: Kind, arrow_type: Any) -> Any:
    arrow = _arrow()
    if kind is Kind.NUMBER:
        values = [None if value is None else float(value) for value in values]  # prices are decimal fractions, as text
    if kind is Kind.TIME:
        return arrow.array(values, arrow.string()).cast(arrow_type)
    return arrow.array(values, arrow_type)


def _groups(rows: Rows) -> Iterator[list[str]]:
    """The same rows in pieces of about GROUP_ROWS."""
    group: list[str] = []
    for piece in rows:
        group += piece
        if len(group) >= GROUP_ROWS:
            yield group
            group = []
    if group:
        yield group


def _parsed(rows: Sequence[str]) -> list[dict[str, Any]]:
    parsed: list[dict[str, Any]] = orjson.loads(f"[{','.join(rows)}]")
    return parsed


class Sink(io.RawIOBase):
    """A file that only grows, and forgets what was taken out of it."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(self._parts[-1])

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def _arrow() -> Any:
    try:
        import pyarrow
    except ImportError:
        raise Unsupported("This server writes no Parquet yet: run `python3 manage.py extra parquet`.") from None
    return pyarrow


FORMATS = {
    each.name: each
    for each in (
        Format("ndjson", "application/x-ndjson", as_lines),
        Format("csv", "text/csv", as_csv),
        Format("parquet", "application/vnd.apache.parquet", as_parquet, is_binary=True),
        Format("arrow", "application/vnd.apache.arrow.stream", as_arrow, is_binary=True),
    )
}
