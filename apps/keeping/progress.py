"""How far a long command has come: a line that moves on a terminal, a line now and then in a log."""

import time
from collections.abc import Callable
from typing import Any

LOG_SECONDS = 10.0
DRAW_SECONDS = 0.1


class Progress:
    """Says how much of a total is done. out: a command's output."""

    def __init__(self, out: Any, title: str) -> None:
        self.title = title
        self._out = out
        self._is_drawing = bool(out.isatty())
        self._total, self._done, self._shown_at = 1, 0, 0.0

    def start(self, total: int) -> Callable[[int], None]:
        """Begin to count; the answer is called with what was done since the last call."""
        self._total, self._done, self._shown_at = max(total, 1), 0, time.monotonic()
        return self._add

    def finish(self) -> None:
        if self._is_drawing:
            self._out.write("\r\x1b[K", ending="")

    def _add(self, count: int) -> None:
        self._done += count
        now = time.monotonic()
        if now - self._shown_at < (DRAW_SECONDS if self._is_drawing else LOG_SECONDS):
            return
        self._shown_at = now
        text = f"{self.title}: {min(self._done / self._total, 1.0):.0%}"
        self._out.write(f"\r\x1b[K{text}" if self._is_drawing else text, ending="" if self._is_drawing else "\n")
        self._out.flush()
