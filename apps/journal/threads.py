"""The few threads in which following reads the database: asking it for the past must not hold up the present."""

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from channels.db import database_sync_to_async

P = ParamSpec("P")
T = TypeVar("T")
PRESENT, PAST = 2, 2  # each has a connection of its own; a storm of clients that come back waits in a queue


class Threads:
    """present, past: run a function of the database in a thread of that kind."""

    def __init__(self) -> None:
        self._present = ThreadPoolExecutor(PRESENT, thread_name_prefix="follow-present")
        self._past = ThreadPoolExecutor(PAST, thread_name_prefix="follow-past")

    def present(self, read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        return database_sync_to_async(read, thread_sensitive=False, executor=self._present)(*args, **kwargs)

    def past(self, read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        return database_sync_to_async(read, thread_sensitive=False, executor=self._past)(*args, **kwargs)
