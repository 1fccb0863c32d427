"""The one reader that an execution has in this process, however many clients follow it.

Clear the bell, read all rows since the position, tell the followers, wait. A ring between clearing and waiting is never
lost, and a bell that cannot ring (no Redis) only means waiting for the idle time-out.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
import structlog
from django.conf import settings
from django.db import Error
from django.db.models import OuterRef, Subquery

from apps.executions import lifecycle, presentation, queue
from apps.executions.models import Checkpoint, Execution
from apps.journal.follower import FAILED, UNKNOWN, Follower
from apps.journal.frames import Page, Spelling, fitting
from apps.journal.journal import Journal
from apps.journal.lines import Message
from apps.journal.threads import Threads

log = structlog.get_logger("journal")
PAGE_ROWS = 1000
KEPT_BYTES = 256 * 1024  # of each journal: what a client that lost its line for a moment need not ask the database for
STATUS_SECONDS = 0.1  # progress is told ten times a second at most; a change of the status at once
PATIENCE = 3  # looks that fail in a row, before the followers are told
AT_ONCE = 200  # followers that are told between two turns of the event loop: about two milliseconds

NEWEST = Subquery(Checkpoint.objects.filter(execution=OuterRef("pk")).order_by("-id").values("pk")[:1])
"""The id of the execution's newest checkpoint: one is never changed, and read once."""


class Tail:
    """The newest rows of a journal: those with sequences first … last."""

    def __init__(self, last: int) -> None:
        self.rows: list[str] = []
        self.first = last + 1
        self._size = 0

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    def add(self, rows: Sequence[str]) -> None:
        """Take the rows that follow, and forget the oldest where there are too many."""
        self.rows += rows
        self._size += sum(map(len, rows))
        surplus = 0
        while self._size > KEPT_BYTES and surplus < len(self.rows) - len(rows):
            self._size -= len(self.rows[surplus])
            surplus += 1
        del self.rows[:surplus]
        self.first += surplus

    def after(self, cursor: int) -> Sequence[str]:
        """Up to PAGE_ROWS rows above the cursor, which is first - 1 at least."""
        start = cursor + 1 - self.first
        return self.rows[start : start + PAGE_ROWS]


@dataclass(frozen=True)
class Look:
    """What stood in the database at one moment."""

    status: str
    answer: str
    """The JSON object of the API's status."""
    heads: Mapping[str, int]
    rows: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Step:
    """What is next for one who stands somewhere: what it is told, and where it stands then.

    is_past: it lacks rows that are not in the tail any more. is_last: there is nothing more to tell it for now.
    """

    told: tuple[Message, ...]
    cursors: tuple[int, ...]
    shown: str = ""
    is_past: bool = False
    is_last: bool = False


class Reader:
    """status: the newest that is told, as JSON. is_over: the execution has ended, and the tails hold its last rows."""

    def __init__(self, execution_id: int, journals: Mapping[str, Journal], threads: Threads) -> None:
        self.execution_id, self.journals, self.threads = execution_id, journals, threads
        self.followers: dict[Follower, None] = {}  # in the order in which they came
        self.rung = asyncio.Event()
        self.status, self.is_over = "", False
        self._heads: Mapping[str, int] = {}
        self._tails: dict[str, Tail] = {}
        self._awaited: set[str] = set()
        self._word, self._told_at = "", 0.0
        self._checkpoint: Checkpoint | None = None
        self._steps: dict[tuple[Spelling, tuple[int, ...], bool], Step] = {}
        self._newest: tuple[Any, Any, Any, Step] | None = None
        self._statuses: dict[Spelling, Message] = {}
        self._past: dict[tuple[Spelling, tuple[int, ...]], asyncio.Future[Step]] = {}

    @property
    def is_open(self) -> bool:
        """Whether it has looked at the execution yet."""
        return bool(self._tails)

    def add(self, follower: Follower) -> None:
        """Tell the follower all from its cursors on."""
        self.followers[follower] = None
        if self.is_open:
            before = len(self._awaited)
            self._await_for(follower)
            if len(self._awaited) > before:
                self.rung.set()  # a look that is under way leaves out what nobody waited for until now
            follower.push()

    def remove(self, follower: Follower) -> None:
        self.followers.pop(follower, None)

    async def run(self) -> None:
        """Read and tell until the execution is over or deleted."""
        try:
            await self._run()
        except Execution.DoesNotExist:
            self._cut_off(UNKNOWN, "Execution deleted")
        except Exception:
            log.exception("following failed", execution_id=self.execution_id)
            self._cut_off(FAILED)

    # What followers ask ---------------------------------------------------------------------------------------------

    def step(self, spelling: Spelling, cursors: tuple[int, ...], shown: str) -> Step:
        """What a follower is sent next out of the tails; made once for all that stand at the same place.

        shown: the status that it knows.
        """
        newest = self._newest
        if newest and newest[0] is spelling and newest[1] is cursors and newest[2] is shown:
            return newest[3]  # as for nearly all: those who were told together are given the very same objects
        lacks_status = spelling.has_status and shown is not self.status
        key = (spelling, cursors, lacks_status)
        step = self._steps.get(key)
        if step is None:
            place = dict(zip(spelling.journals, cursors, strict=True))
            step = self._steps[key] = self._step(spelling, place, lacks_status)
        self._newest = (spelling, cursors, shown, step)
        return step

    def status_for(self, spelling: Spelling) -> Message:
        message = self._statuses.get(spelling)
        if message is None:
            message = self._statuses[spelling] = spelling.status(self.status)
        return message

    async def past(self, spelling: Spelling, cursors: tuple[int, ...]) -> Step:
        """The next rows out of the database; those who ask for the same at the same time share one read."""
        key = (spelling, cursors)
        if key not in self._past:
            place = zip(spelling.journals, cursors, strict=True)
            positions = {name: (cursor, self._tails[name].last) for name, cursor in place}
            reading = asyncio.ensure_future(self.threads.past(self._read_past, spelling, positions))
            self._past[key] = reading
            reading.add_done_callback(partial(self._have_read, key))
        return await asyncio.shield(self._past[key])

    # The present ----------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        failures = 0
        while not self.is_over:
            self.rung.clear()
            has_more = False
            try:
                has_more = self._take(await self.threads.present(self._look, self._positions()))
                failures = 0
            except Error as error:
                failures += 1
                log.warning("the database did not answer", execution_id=self.execution_id, error=str(error))
                if failures >= PATIENCE:
                    return self._cut_off(FAILED, "The database does not answer")
            await self._tell()
            if not (has_more or self.is_over):
                await self._wait()
        return None

    def _positions(self) -> dict[str, int]:
        """Where to read on, in each journal whose rows anybody awaits."""
        return {name: tail.last for name, tail in self._tails.items() if name in self._awaited}

    def _look(self, positions: Mapping[str, int]) -> Look:
        """In a thread of the database: the execution, then rows up to the heads that it had."""
        execution = Execution.objects.defer("manifest", "seal").annotate(newest=NEWEST).get(pk=self.execution_id)
        newest = vars(execution)["newest"]
        if newest != (self._checkpoint and self._checkpoint.pk):
            self._checkpoint = Checkpoint.objects.filter(pk=newest).first()
        heads = {name: journal.head(execution) for name, journal in self.journals.items()}
        rows = {
            name: list(self.journals[name].since(self.execution_id, last, min(PAGE_ROWS, heads[name] - last)))
            for name, last in positions.items()
            if last < heads[name]
        }
        answer = presentation.status_answer(execution, self._checkpoint, queue.place_of(execution))
        return Look(execution.status, orjson.dumps(answer, option=orjson.OPT_UTC_Z).decode(), heads, rows)

    def _take(self, look: Look) -> bool:
        """Move the tails on; whether there is more to read at once."""
        is_first = not self.is_open
        self._heads = look.heads
        if is_first:
            self._tails = {name: Tail(head) for name, head in look.heads.items()}
            for follower in self.followers:
                self._await_for(follower)
        for name, tail in self._tails.items():
            if name in look.rows:
                tail.add(look.rows[name])
            elif name not in self._awaited and tail.last < look.heads[name]:
                self._tails[name] = Tail(look.heads[name])  # who comes for these rows asks the database
        is_at_heads = all(tail.last >= look.heads[name] for name, tail in self._tails.items())
        self.is_over = is_at_heads and look.status in lifecycle.TERMINAL
        is_due = self.is_over or look.status != self._word or time.monotonic() - self._told_at >= STATUS_SECONDS
        if look.answer != self.status and is_due:
            self.status, self._word, self._told_at = look.answer, look.status, time.monotonic()
            self._statuses.clear()
        self._steps.clear()
        self._newest = None
        return not is_at_heads and any(look.rows.values())

    def _await_for(self, follower: Follower) -> None:
        """Read the journals whose rows it has not: one that stands far beyond a head wants none of them."""
        cursors = zip(follower.spelling.journals, follower.cursors, strict=True)
        self._awaited.update(name for name, cursor in cursors if cursor <= self._heads[name])

    async def _tell(self) -> None:
        """Let every follower take what it can; the loop's other work has its turn in between."""
        for number, follower in enumerate(list(self.followers), start=1):
            follower.push()
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)

    async def _wait(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(settings.IDLE_SECONDS):
                await self.rung.wait()

    def _step(self, spelling: Spelling, place: Mapping[str, int], lacks_status: bool) -> Step:
        if any(cursor + 1 < self._tails[name].first for name, cursor in place.items()):
            return Step((), tuple(place.values()), is_past=True)
        found = {name: self._tails[name].after(cursor) for name, cursor in place.items()}
        rows = self._spelt(spelling, place, found)
        is_last = all(
            cursor >= self._tails[name].last for name, cursor in zip(spelling.journals, rows.cursors, strict=True)
        )
        told = (*rows.told, self.status_for(spelling)) if lacks_status else rows.told
        return Step(told, rows.cursors, self.status, is_last=is_last)

    def _spelt(self, spelling: Spelling, place: Mapping[str, int], found: Mapping[str, Sequence[str]]) -> Step:
        """The rows, without a status."""
        rows = fitting(found)
        after = {name: cursor + len(rows[name]) for name, cursor in place.items()}
        told = (spelling.rows(Page(rows, self._heads, after)),) if any(rows.values()) else ()
        return Step(told, tuple(after.values()))

    def _cut_off(self, code: int, reason: str = "") -> None:
        for follower in list(self.followers):
            follower.cut_off(code, reason)

    # The past -------------------------------------------------------------------------------------------------------

    def _read_past(self, spelling: Spelling, positions: Mapping[str, tuple[int, int]]) -> Step:
        """In a thread of the database: rows above each cursor, up to the position of the present."""
        found = {
            name: list(self.journals[name].since(self.execution_id, cursor, min(PAGE_ROWS, last - cursor)))
            if cursor < last
            else []
            for name, (cursor, last) in positions.items()
        }
        if not any(found.values()):
            Execution.objects.only("pk").get(pk=self.execution_id)
            raise LookupError(f"Execution {self.execution_id} has no rows where its heads say there are: {positions}")
        return self._spelt(spelling, {name: cursor for name, (cursor, _) in positions.items()}, found)

    def _have_read(self, key: tuple[Spelling, tuple[int, ...]], reading: asyncio.Future[Step]) -> None:
        del self._past[key]
        if not reading.cancelled():
            reading.exception()  # those who wait for it tell; where nobody does any more, nobody need know
