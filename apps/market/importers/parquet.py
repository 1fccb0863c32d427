"""Parquet, by the optional package pyarrow: columns by name, times as timestamps, dates, texts or Unix times."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from apps.engine.types import Array
from apps.errors import Unsupported
from apps.market.importers.raw import (
    BadFile,
    Piece,
    RawRows,
    chunk,
    columns_of,
    from_unix,
    microseconds,
    refuse_too_many,
)

if TYPE_CHECKING:
    import pyarrow

CHUNK_ROWS = 100_000


def read(file: BinaryIO, layout: np.dtype[Any]) -> RawRows:
    """The rows of a file. Raises BadFile, and Unsupported without pyarrow."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise Unsupported("This server reads no Parquet yet: run `python3 manage.py extra parquet`.") from None
    with _in_words():
        opened = pyarrow.parquet.ParquetFile(file)
        refuse_too_many(opened.metadata.num_rows, layout)
        names = opened.schema_arrow.names
        columns = {meaning: names[at] for meaning, at in columns_of(names, layout).items()}
    return RawRows(layout, frozenset(columns), _pieces(opened, columns, layout))


def _pieces(file: "pyarrow.parquet.ParquetFile", columns: dict[str, str], layout: np.dtype[Any]) -> Iterator[Piece]:
    first = 1
    with _in_words():
        for batch in file.iter_batches(batch_size=CHUNK_ROWS, columns=list(columns.values())):
            rows = _rows(batch, columns, layout)
            yield Piece(rows, np.arange(first, first + len(rows)), "Row")
            first += len(rows)


@contextmanager
def _in_words() -> Iterator[None]:
    """What keeps a file from being read, as BadFile."""
    import pyarrow

    try:
        yield
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError) as error:
        raise BadFile(f"The Parquet file cannot be read: {str(error).splitlines()[0][:200]}") from None


def _rows(batch: "pyarrow.RecordBatch", columns: dict[str, str], layout: np.dtype[Any]) -> Array:
    import pyarrow

    values = {meaning: batch.column(name) for meaning, name in columns.items()}
    times = _microseconds(values.pop("time"))
    numbers = {name: column.cast(pyarrow.float64()).to_numpy(zero_copy_only=False) for name, column in values.items()}
    return chunk(layout, times, numbers)


def _microseconds(column: "pyarrow.Array") -> list[int]:
    import pyarrow

    kind = column.type
    if column.null_count:
        raise BadFile("A row has no time.")
    if pyarrow.types.is_integer(kind):
        return [from_unix(number) for number in column.to_pylist()]
    if pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind):
        return microseconds(column.to_pylist())
    if pyarrow.types.is_timestamp(kind) or pyarrow.types.is_date(kind):
        target = pyarrow.timestamp("us", tz=getattr(kind, "tz", None))
        is_finer = getattr(kind, "unit", "") == "ns"  # what is below a microsecond is cut off
        moments: list[int] = column.cast(target, safe=not is_finer).cast("int64").to_pylist()
        return moments
    raise BadFile(f"The column of times holds {kind}, which is no time.")
