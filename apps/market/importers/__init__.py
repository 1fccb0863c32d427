"""Files of bars as rows: one module a format, found by the ending of the file's name.

A new format is one module with a `read(file) -> RawBars` and one line in IMPORTERS.
"""

from collections.abc import Callable
from typing import BinaryIO

from apps.errors import Unsupported
from apps.market.importers import csv, parquet
from apps.market.importers.raw import RawBars

IMPORTERS: dict[str, Callable[[BinaryIO], RawBars]] = {
    ".csv": csv.read,
    ".csv.gz": csv.read,
    ".parquet": parquet.read,
}


class UnknownFormat(Unsupported):
    code = "unknown_format"


def read(file: BinaryIO, filename: str) -> RawBars:
    """The rows of a file in its own order, not yet checked. Raises Invalid, or Unsupported for want of a package."""
    for ending, importer in IMPORTERS.items():
        if filename.lower().endswith(ending):
            return importer(file)
    message = f"{filename[-60:]!r} is no file of bars that is known by its ending; there are {', '.join(IMPORTERS)}."
    raise UnknownFormat(message, fields={"file": [message]})
