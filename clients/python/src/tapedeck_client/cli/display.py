"""A progress bar and tables, on terminals and into files."""

import os
import sys
import time
from collections.abc import Sequence
from typing import Self, TextIO

WIDTH = 30


class ProgressBar:
    """One line that is written over on a terminal; elsewhere a line for every change of the status."""

    def __init__(self, title: str, file: TextIO | None = None) -> None:
        self.title = title
        self.file = file or sys.stderr
        self.is_terminal = self.file.isatty() and os.environ.get("TERM") != "dumb"
        self.began = time.monotonic()
        self._written = 0
        self._status = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.is_terminal and self._written:
            print(file=self.file)

    def show(self, percent: float, status: str, more: str = "") -> None:
        """percent: 0 to 100."""
        if self.is_terminal:
            done = round(WIDTH * min(max(percent, 0.0), 100.0) / 100)
            elapsed = f"{time.monotonic() - self.began:.0f} s"
            line = f"{self.title} [{'█' * done}{'·' * (WIDTH - done)}] {percent:5.1f} %  {status}  {more}  {elapsed}"
            print(f"\r{line:<{self._written}}", end="", file=self.file, flush=True)
            self._written = len(line)
        elif status != self._status:
            print(f"{self.title}: {status}, {percent:.1f} %", file=self.file, flush=True)
        self._status = status


def table(rows: Sequence[Sequence[str]], *, has_heading: bool = False) -> str:
    """Columns as wide as they have to be: the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            f"{text:<{width}}" if not place else f"{text:>{width}}"
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    if has_heading:
        lines.insert(1, "  ".join("─" * width for width in widths))
    return "\n".join(line.rstrip() for line in lines)
