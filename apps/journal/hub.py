"""Who follows what in this process: one reader an execution, and a look now and then at those who may not any more."""

import asyncio
import time
from collections.abc import Iterable

import structlog
from django.db import Error

from apps.accounts.models import User
from apps.journal.doorbell import Listener
from apps.journal.endings import end
from apps.journal.follower import NOT_YOURS, TOO_SLOW, Follower
from apps.journal.journal import Journal
from apps.journal.reader import Reader
from apps.journal.threads import Threads

log = structlog.get_logger("journal")
ROUND_SECONDS = 1.0  # between two looks for lines that are stuck
STUCK_SECONDS = 10.0  # a client that takes nothing for so long is closed: it may come back with its sequences
ACCESS_SECONDS = 5.0  # between two looks for accounts that were closed


class Hub:
    """All followers of this process, whatever door they came through."""

    def __init__(self, journals: Iterable[Journal]) -> None:
        self.journals = {journal.name: journal for journal in journals}
        self.readers: dict[int, Reader] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._threads = Threads()
        self._listener = Listener()
        self._rounds: asyncio.Task[None] | None = None

    @property
    def followers(self) -> list[Follower]:
        return [follower for reader in self.readers.values() for follower in reader.followers]

    def follow(self, follower: Follower) -> None:
        """Tell the follower's client all from its cursors on, until it leaves, or is told that and why it ends."""
        reader = self.readers.get(follower.execution_id)
        if reader is None:
            reader = self.readers[follower.execution_id] = Reader(follower.execution_id, self.journals, self._threads)
            self._tasks[follower.execution_id] = asyncio.create_task(self._keep(reader))
        if self._rounds is None:
            self._rounds = asyncio.create_task(self._go_round())
        follower.reader = reader
        reader.add(follower)

    def leave(self, follower: Follower) -> None:
        """Write nothing more for the follower; the last one of an execution takes its reader along."""
        follower.leave()
        reader, follower.reader = follower.reader, None
        if reader is None:
            return
        reader.remove(follower)
        if not reader.followers and self.readers.get(reader.execution_id) is reader:
            del self.readers[reader.execution_id]
            end(self._tasks.pop(reader.execution_id))
        if not self.readers and self._rounds is not None:
            end(self._rounds)
            self._rounds = None

    async def _keep(self, reader: Reader) -> None:
        heard = reader.rung.set
        self._listener.join(reader.execution_id, heard)
        try:
            await reader.run()
        finally:
            self._listener.leave(reader.execution_id, heard)

    async def _go_round(self) -> None:
        checked_at = time.monotonic()
        while True:
            await asyncio.sleep(ROUND_SECONDS)
            self._close_stuck()
            if time.monotonic() - checked_at >= ACCESS_SECONDS:
                checked_at = time.monotonic()
                await self._close_shut_out()

    def _close_stuck(self) -> None:
        latest = time.monotonic() - STUCK_SECONDS
        for follower in self.followers:
            if not follower.line.is_clear and follower.line.full_since < latest:
                follower.cut_off(TOO_SLOW, "Too slow: come back with the last sequences")

    async def _close_shut_out(self) -> None:
        """Close what people follow whose account was deactivated or deleted."""
        users = {follower.user_id for follower in self.followers}
        try:
            active = await self._threads.present(_active, users)
        except Error as error:
            log.warning("accounts not looked at", error=str(error))
            return
        for follower in self.followers:
            if follower.user_id in users - active:
                follower.cut_off(NOT_YOURS, "The account is closed")


def _active(users: set[int]) -> set[int]:
    return set(User.objects.filter(pk__in=users, is_active=True).values_list("pk", flat=True))
