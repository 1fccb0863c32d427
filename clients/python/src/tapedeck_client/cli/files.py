"""`tapedeck backtest export` and `bundle`."""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from tapedeck_client.cli import credentials

HEADINGS = {"csv": 1, "ndjson": 0}
"""Of the formats that have a line a row: the lines before the first."""


def export(options: argparse.Namespace) -> bool:
    """Piece by piece, so that memory does not grow with the run; a file appears when it is complete."""
    with credentials.connect(options.url) as client:
        pieces = client.execution(options.execution).export(options.journal, options.format)
        size, lines = _written(pieces, options.output)
    if options.format in HEADINGS:
        print(f"{lines - HEADINGS[options.format]:,} rows of {options.journal}", file=sys.stderr)
    else:
        print(f"{size:,} bytes of {options.journal}", file=sys.stderr)
    return True


def bundle(options: argparse.Namespace) -> bool:
    with credentials.connect(options.url) as client:
        size, _ = _written(client.execution(options.execution).bundle(), options.output)
    print(f"{size:,} bytes", file=sys.stderr)
    return True


def _written(pieces: Iterable[bytes], path: Path | None) -> tuple[int, int]:
    """How many bytes there were, and how many lines."""
    size = lines = 0

    def write(file: BinaryIO) -> None:
        nonlocal size, lines
        for piece in pieces:
            file.write(piece)
            size += len(piece)
            lines += piece.count(b"\n")

    if path is None:
        write(sys.stdout.buffer)
        sys.stdout.buffer.flush()
    else:
        _into(path, write)
    return size, lines


def _into(path: Path, write: Callable[[BinaryIO], None]) -> None:
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            write(file)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(draft, 0o666 & ~umask)  # as any other file of this user
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise
