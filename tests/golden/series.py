"""Rows of the engine's layouts out of the uniform files of real market data."""

from __future__ import annotations

import csv
import gzip
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from pathlib import Path

    from apps.engine.types import Array


def read_series(path: Path, layout: np.dtype[Any]) -> Array:
    """The columns of a gzip CSV or a Parquet file that the layout names; a column that it lacks is 0."""
    columns = _parquet(path) if path.suffix == ".parquet" else _csv(path)
    rows = np.zeros(len(columns["timestamp"]), layout)
    rows["time"] = columns["timestamp"].astype("M8[us]").astype(np.int64)
    for name in set(rows.dtype.names or ()) & set(columns):
        rows[name] = columns[name].astype(np.float64)
    return rows


def _csv(path: Path) -> dict[str, Array]:
    with gzip.open(path, "rt", newline="") as file:
        names, *lines = csv.reader(file)
    columns = dict(zip(names, map(np.array, zip(*lines, strict=True)), strict=True))
    return {**columns, "timestamp": np.char.rstrip(columns["timestamp"], "Z")}


def _parquet(path: Path) -> dict[str, Array]:
    table = pq.read_table(path)
    return {name: table[name].to_numpy() for name in table.column_names}
