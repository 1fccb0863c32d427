"""Tells whoever follows an execution that there is something new to read; carries no data.

A ring that is lost delays a reader until its idle time-out and never costs it a row.
"""

import asyncio
import functools
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import redis
import structlog
from django.conf import settings
from django.db import transaction
from redis import asyncio as aioredis
from redis.backoff import NoBackoff
from redis.retry import Retry

from apps.journal.endings import end

log = structlog.get_logger("journal")
PATIENCE_SECONDS = 1.0  # a worker does not wait longer for a Redis that is away, nor try it again sooner
LOST = (redis.RedisError, OSError)
ALIVE = b"tapedeck.alive"  # nobody rings it: a line without any subscription would end

_deaf_until = 0.0


def ring(execution_id: int) -> None:
    """Ring once the present transaction is committed."""
    transaction.on_commit(partial(_ring, execution_id))


def _ring(execution_id: int) -> None:
    global _deaf_until  # noqa: PLW0603 - one bell a process
    if not settings.CHANNEL_REDIS_URL or time.monotonic() < _deaf_until:
        return
    try:
        _ringer(settings.CHANNEL_REDIS_URL).publish(_channel(execution_id), b"")
    except LOST as error:
        _deaf_until = time.monotonic() + PATIENCE_SECONDS
        log.warning("bell not rung", execution_id=execution_id, error=str(error))


@functools.cache
def _ringer(url: str) -> redis.Redis:
    """The process's own connection, kept; one more try finds a Redis that was only restarted."""
    patience = {"socket_timeout": PATIENCE_SECONDS, "socket_connect_timeout": PATIENCE_SECONDS}
    return redis.Redis.from_url(url, retry=Retry(NoBackoff(), 1), **patience)


def _channel(execution_id: int) -> bytes:
    return b"tapedeck.execution.%d" % execution_id


class Listener:
    """Hears the bells of the executions that this process follows, over one connection for all of them.

    Nobody waits for that connection: who joins or leaves only says so, and one task makes it known to Redis. Where
    there is no Redis nothing is heard; when it comes back, every bell rings once.
    """

    def __init__(self) -> None:
        self._heard: dict[bytes, Callable[[], None]] = {}
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def join(self, execution_id: int, heard: Callable[[], None]) -> None:
        """Call `heard` at every ring from now on, and once when the line to the bell is up."""
        self._heard[_channel(execution_id)] = heard
        self._changed.set()
        if self._task is None and settings.CHANNEL_REDIS_URL:
            self._task = asyncio.create_task(self._listen(settings.CHANNEL_REDIS_URL))

    def leave(self, execution_id: int, heard: Callable[[], None]) -> None:
        """Call `heard` no more; another one who has joined in its place stays."""
        channel = _channel(execution_id)
        if self._heard.get(channel) != heard:
            return
        del self._heard[channel]
        self._changed.set()
        if not self._heard and self._task is not None:
            task, self._task = self._task, None
            end(task)

    async def _listen(self, url: str) -> None:
        task = asyncio.current_task()
        while self._task is task:  # a line that breaks while it is closed can swallow the cancellation
            try:
                await self._listen_once(url)
            except* LOST as lost:
                log.warning("bells not heard", error="; ".join(map(str, lost.exceptions)))
            except* Exception:  # nobody waits for this task: it must not end in silence
                log.exception("listening failed")
            await asyncio.sleep(PATIENCE_SECONDS)

    async def _listen_once(self, url: str) -> None:
        client = aioredis.Redis.from_url(url, health_check_interval=10)
        try:
            async with client.pubsub() as line:
                await line.subscribe(ALIVE)
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._subscribe(line))
                    await self._hear(line)
        finally:
            await client.aclose()

    async def _hear(self, line: Any) -> None:
        async for message in line.listen():
            # the confirmation of a subscription rings too: what was written before it may have been missed
            if heard := self._heard.get(message["channel"]):
                heard()

    async def _subscribe(self, line: Any) -> None:
        """Keep Redis told of the bells that are listened for."""
        told: set[bytes] = set()
        while True:
            self._changed.clear()
            wanted = set(self._heard)
            if new := wanted - told:
                await line.subscribe(*new)
            if gone := told - wanted:
                await line.unsubscribe(*gone)
            told = wanted
            await self._changed.wait()
