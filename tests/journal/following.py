"""Clients that write down what they are sent, and readers of tapes that are only in memory."""

import asyncio
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson
from channels.db import database_sync_to_async
from django.db.backends.utils import CursorWrapper

from apps.journal import cursors, frames
from apps.journal.follower import Follower
from apps.journal.lines import Message
from apps.journal.reader import Look, Reader


class Notebook:
    """A client and its line at once; `stop_reading` makes the line full after what is written next."""

    def __init__(self) -> None:
        self.is_clear, self.is_gone, self.full_since, self.turn = True, False, 0.0, asyncio.Lock()
        self.when_clear: Callable[[], None] = lambda: None
        self.frames: list[dict[str, Any]] = []
        self.takes: int | None = None
        self.has_ended, self.code = False, 0

    def open(self, when_clear: Callable[[], None]) -> None:
        self.when_clear = when_clear

    def write(self, *messages: Message) -> None:
        assert self.is_clear, "written to a line that is full"
        self.frames += [orjson.loads(message["text"]) for message in messages]
        if self.takes is not None:
            self.takes -= 1
            self.is_clear = self.takes > 0

    def close(self) -> None:
        self.is_clear = False

    def drop(self) -> None:
        self.is_clear = False

    def ended(self, follower: Follower) -> None:
        self.has_ended = True

    def cut_off(self, follower: Follower, code: int, reason: str) -> None:
        self.code = code

    def read_on(self) -> None:
        self.takes, self.is_clear = None, True
        self.when_clear()

    @property
    def statuses(self) -> list[dict[str, Any]]:
        return [frame for frame in self.frames if frame["type"] == "status"]

    def sequences(self, journal: str) -> list[int]:
        rows = (frame[journal] for frame in self.frames if frame["type"] == "rows")
        return [row["sequence"] for part in rows for row in part]

    async def until(self, is_so: Callable[[], bool], seconds: float = 20.0) -> None:
        async with asyncio.timeout(seconds):
            while not is_so():
                await asyncio.sleep(0.005)

    async def until_has(self, journal: str, last: int) -> None:
        await self.until(lambda: (self.sequences(journal) or [0])[-1] >= last)


def a_follower(client: Notebook, execution: Any, **since: int) -> Follower:
    place = {name: since.get(name, 0) for name in cursors.JOURNALS}
    user, pk = (execution.owner_id, execution.pk) if hasattr(execution, "pk") else (0, execution)
    follower = Follower(client, client, frames.Socket(), user, pk, place)
    client.open(follower.push)
    return follower


in_thread = database_sync_to_async


class Statements:
    """How often the database was asked."""

    def __init__(self) -> None:
        self.count = 0


@contextmanager
def counted_statements(monkeypatch: Any) -> Iterator[Statements]:
    """Counts the statements of all threads."""
    statements, execute = Statements(), CursorWrapper.execute

    def counting(self: Any, *arguments: Any) -> Any:
        statements.count += 1
        return execute(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(CursorWrapper, "execute", counting)
        yield statements


# In memory -----------------------------------------------------------------------------------------------------------


class Tape:
    """Three journals whose rows are numbers, and a status."""

    def __init__(self) -> None:
        self.heads, self.status = dict.fromkeys(cursors.JOURNALS, 0), "running"

    def journals(self) -> dict[str, Any]:
        return {name: _Pages(self, name) for name in cursors.JOURNALS}


class _Pages:
    def __init__(self, tape: Tape, name: str) -> None:
        self.tape, self.name = tape, name

    def since(self, execution_id: int, after: int, limit: int) -> list[str]:
        last = min(after + limit, self.tape.heads[self.name])
        return [f'{{"sequence":{sequence}}}' for sequence in range(after + 1, last + 1)]


class SlowThreads:
    """Answers after a random number of turns of the loop, with what stood there at some moment in between."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    async def present(self, read: Callable[..., Any], *arguments: Any) -> Any:
        await self.pause()
        answer = read(*arguments)
        await self.pause()
        return answer

    past = present

    async def pause(self) -> None:
        for _ in range(self.random.randrange(6)):
            await asyncio.sleep(0)


class MemoryReader(Reader):
    """The reader of a Tape."""

    def __init__(self, tape: Tape, seed: int) -> None:
        super().__init__(1, tape.journals(), SlowThreads(seed))  # type: ignore[arg-type]
        self.tape = tape

    def read_up_to(self, journal: str) -> int:
        return self._tails[journal].last

    def _look(self, positions: Mapping[str, int]) -> Look:
        heads = dict(self.tape.heads)
        rows = {
            name: self.journals[name].since(1, position, min(5, heads[name] - position))
            for name, position in positions.items()
            if position < heads[name]
        }
        return Look(self.tape.status, orjson.dumps({"status": self.tape.status, **heads}).decode(), heads, rows)
