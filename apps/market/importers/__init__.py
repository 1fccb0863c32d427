"""Files of bars, quote bars and ticks as rows: one module a format, found by the ending of the file's name.

A new format is one module with a `read(file, layout) -> RawRows` and one line in IMPORTERS.
"""

from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

from apps.engine.types import BAR
from apps.errors import Unsupported
from apps.market.importers import csv, parquet
from apps.market.importers.raw import RawRows

IMPORTERS: dict[str, Callable[[BinaryIO, np.dtype[Any]], RawRows]] = {
    ".csv": csv.read,
    ".csv.gz": csv.read,
    ".parquet": parquet.read,
}


class UnknownFormat(Unsupported):
    code = "unknown_format"


def read(file: BinaryIO, filename: str, layout: np.dtype[Any] = BAR) -> RawRows:
    """The rows of a file in its own order, not yet checked. Raises Invalid, or Unsupported for want of a package."""
    for ending, importer in IMPORTERS.items():
        if filename.lower().endswith(ending):
            return importer(file, layout)
    message = f"{filename[-60:]!r} is no file of bars that is known by its ending; there are {', '.join(IMPORTERS)}."
    raise UnknownFormat(message, fields={"file": [message]})
