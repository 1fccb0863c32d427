"""One client's place in one execution.

A follower keeps no rows: only its cursors. What it has not been sent is in the reader's tail, or else in the database,
so one that is slow costs what its line holds, and gets in one larger message what has come together in the meantime.
"""

import asyncio
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

import structlog
from django.core.exceptions import ObjectDoesNotExist

from apps.journal.endings import end
from apps.journal.frames import Spelling
from apps.journal.lines import Line, Message

if TYPE_CHECKING:
    from apps.journal.reader import Reader

log = structlog.get_logger("journal")
BAD_QUERY, NOT_AUTHENTICATED, NOT_YOURS, UNKNOWN, TOO_SLOW, TOO_MANY = 4400, 4401, 4403, 4404, 4408, 4429
FAILED = 1011


class Client(Protocol):
    """Who is told how following ends."""

    def ended(self, follower: "Follower") -> None:
        """All rows of a finished execution are sent."""

    def cut_off(self, follower: "Follower", code: int, reason: str) -> None:
        """It cannot go on."""


class Follower:
    """cursors: the last sequence that the client has of each journal that it follows."""

    __slots__ = (
        "client", "cursors", "execution_id", "is_done", "line", "past", "reader", "shown", "spelling", "user_id",
    )  # fmt: skip

    def __init__(
        self,
        client: Client,
        line: Line,
        spelling: Spelling,
        user_id: int,
        execution_id: int,
        cursors: Mapping[str, int],
    ) -> None:
        self.client, self.line, self.spelling = client, line, spelling
        self.user_id, self.execution_id = user_id, execution_id
        self.cursors = tuple(cursors[name] for name in spelling.journals)
        self.shown = ""
        self.reader: Reader | None = None
        self.past: asyncio.Task[None] | None = None
        self.is_done = False

    @property
    def place(self) -> dict[str, int]:
        """The cursors by name."""
        return dict(zip(self.spelling.journals, self.cursors, strict=True))

    def push(self) -> None:
        """Write what is new, as far as the line takes it. Nothing waits here: rows are never sent twice or left out."""
        reader, line = self.reader, self.line
        if reader is None or not reader.is_open or self.past is not None:
            return
        has_all = False
        while line.is_clear and not (has_all or self.is_done):
            step = reader.step(self.spelling, self.cursors, self.shown)
            if step.is_past:
                self.past = asyncio.create_task(self._read_past(reader))
                return
            if step.told:
                self.cursors, self.shown = step.cursors, step.shown
                line.write(*step.told)
            has_all = step.is_last
        if has_all and reader.is_over and line.is_clear and not self.is_done:
            self.leave()
            self.client.ended(self)

    def leave(self) -> None:
        """Take no further part; a follower that is done stays done."""
        self.is_done = True
        if self.past is not None:
            end(self.past)
            self.past = None

    def cut_off(self, code: int, reason: str = "") -> None:
        if not self.is_done:
            self.leave()
            self.client.cut_off(self, code, reason)

    def _status(self, reader: "Reader") -> Iterator[Message]:
        if reader.status is not self.shown and self.spelling.has_status:
            self.shown = reader.status
            yield reader.status_for(self.spelling)

    async def _read_past(self, reader: "Reader") -> None:
        """Send pages out of the database until the reader's tail goes on from there, or the line is full."""
        try:
            async with self.line.turn:
                while self.line.is_clear and reader.step(self.spelling, self.cursors, self.shown).is_past:
                    step = await reader.past(self.spelling, self.cursors)
                    self.cursors = step.cursors
                    self.line.write(*step.told, *self._status(reader))
        except ObjectDoesNotExist:
            self.past = None
            self.cut_off(UNKNOWN, "Execution deleted")
        except Exception:
            log.exception("reading the past failed", execution_id=self.execution_id)
            self.past = None
            self.cut_off(FAILED)
        else:
            self.past = None
            self.push()
