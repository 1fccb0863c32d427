"""Parquet, by the optional package pyarrow: columns by name, times as timestamps, dates, texts or Unix times."""

from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from apps.engine.types import Array
from apps.errors import Unsupported
from apps.market.importers.raw import (
    BadFile,
    RawBars,
    chunk,
    columns_of,
    from_unix,
    joined,
    microseconds,
    refuse_too_many,
)

if TYPE_CHECKING:
    import pyarrow

CHUNK_ROWS = 100_000


def read(file: BinaryIO) -> RawBars:
    """The bars of a file. Raises BadFile, and Unsupported without pyarrow."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise Unsupported("This server reads no Parquet yet: run `python3 manage.py extra parquet`.") from None
    try:
        return _read(pyarrow.parquet.ParquetFile(file))
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError) as error:
        raise BadFile(f"The Parquet file cannot be read: {str(error).splitlines()[0][:200]}") from None


def _read(file: "pyarrow.parquet.ParquetFile") -> RawBars:
    refuse_too_many(file.metadata.num_rows)
    names = file.schema_arrow.names
    columns = columns_of(names)
    wanted = [names[at] for at in columns.values()]
    chunks = [_bars(batch, columns, names) for batch in file.iter_batches(batch_size=CHUNK_ROWS, columns=wanted)]
    bars = joined(chunks)
    return RawBars(bars, np.arange(1, len(bars) + 1), place_name="Row", has_volume="volume" in columns)


def _bars(batch: "pyarrow.RecordBatch", columns: dict[str, int], names: list[str]) -> Array:
    import pyarrow

    values = {meaning: batch.column(names[at]) for meaning, at in columns.items()}
    times = _microseconds(values.pop("time"))
    numbers = {name: column.cast(pyarrow.float64()).to_numpy(zero_copy_only=False) for name, column in values.items()}
    return chunk(times, numbers)


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
        moments: list[int] = (
            column.cast(pyarrow.timestamp("us", tz=getattr(kind, "tz", None))).cast("int64").to_pylist()
        )
        return moments
    raise BadFile(f"The column of times holds {kind}, which is no time.")
