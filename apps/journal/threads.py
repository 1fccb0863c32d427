"""The few threads in which following reads the database: asking it for the past must not hold up the present."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from channels.db import database_sync_to_async
from django.db import InterfaceError, OperationalError, connections

P = ParamSpec("P")
T = TypeVar("T")
PRESENT, PAST = 2, 2  # each has a connection of its own; a storm of clients that come back waits in a queue


class Threads:
    """present, past: run a function of the database in a thread of that kind."""

    def __init__(self) -> None:
        self._present = ThreadPoolExecutor(PRESENT, thread_name_prefix="follow-present")
        self._past = ThreadPoolExecutor(PAST, thread_name_prefix="follow-past")

    def present(self, read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        """read: may be called twice."""
        return asyncio.get_running_loop().run_in_executor(self._present, partial(_at_once, read, *args, **kwargs))

    def past(self, read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        return database_sync_to_async(read, thread_sensitive=False, executor=self._past)(*args, **kwargs)


def _at_once(read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Read without first asking the connection whether it lives: where it does not, read on a new one."""
    try:
        return read(*args, **kwargs)
    except (InterfaceError, OperationalError):
        if not _lets_go():
            raise
        return read(*args, **kwargs)
    finally:
        _lets_go()


def _lets_go() -> bool:
    """Close this thread's connections that are broken or old; whether one was broken."""
    held = [connection for connection in connections.all(initialized_only=True) if connection.connection is not None]
    failed = [connection for connection in held if connection.errors_occurred]
    for connection in held:
        connection.close_if_unusable_or_obsolete()
        connection.health_check_done = True  # type: ignore[attr-defined]  # Django has it, its types do not
    return any(connection.connection is None for connection in failed)
