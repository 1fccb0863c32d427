"""Rows into a table by the fastest way each database has: binary COPY on PostgreSQL, executemany on SQLite."""

from collections.abc import Iterable, Sequence
from itertools import chain
from struct import pack
from typing import Any

import numpy as np
from django.db import connection, models

COPY_BEGINS, COPY_ENDS = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_START = np.dtype(
    [("fields", ">i2"), ("id_size", ">i4"), ("id", ">i8"), ("number_size", ">i4"), ("number", ">i8"), ("size", ">i4")]
)
"""What a row of COPY's binary format begins with, up to the length of its third value."""


def insert(model: type[models.Model], columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert rows of database columns."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            types = {field.column: str(field.db_type(connection)) for field in model._meta.concrete_fields}
            with cursor.copy(f"COPY {into(model, columns)} FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types([types[column] for column in columns])
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {into(model, columns)} VALUES ({marks})", rows)  # type: ignore[arg-type]  # noqa: S608 - names of our models


def into(model: type[models.Model], columns: Sequence[str]) -> str:
    """The table and its columns as a statement names them."""
    quoted = connection.ops.quote_name
    return f"{quoted(model._meta.db_table)} ({', '.join(map(quoted, columns))})"


def copied(execution_id: int, first: int, bodies: Sequence[bytes], columns: tuple[Sequence[str], ...]) -> bytes:
    """Rows in COPY's binary format: execution, number (first, first + 1 …), body, then the columns' values.

    bodies, each of columns: (n,). The server takes them in for a quarter less than lines of text, of which it has to
    look at every character.
    """
    starts = np.empty(len(bodies), _START)
    starts["fields"], starts["id_size"], starts["number_size"] = 3 + len(columns), 8, 8
    starts["id"], starts["number"] = execution_id, np.arange(first, first + len(bodies))
    starts["size"] = np.fromiter(map(len, bodies), np.int64, len(bodies))
    opaque = starts.view(f"V{_START.itemsize}").tolist()  # one bytes each
    return b"".join(chain.from_iterable(zip(opaque, bodies, *map(_values, columns), strict=True)))


def _values(column: Sequence[str]) -> Sequence[bytes]:
    """(n,) values with their lengths before them; few different ones fill a column."""
    spelt = {value: pack("!i", len(text := value.encode())) + text for value in set(column)}
    return list(map(spelt.__getitem__, column))
