"""How a task is ended: an event loop holds its tasks weakly, and one that is collected half-way cannot clear up."""

import asyncio
from typing import Any

_ending: set[asyncio.Task[Any]] = set()


def end(task: asyncio.Task[Any]) -> None:
    """Cancel the task, and hold it until it has come to its end."""
    if not task.done():
        _ending.add(task)
        task.add_done_callback(_ending.discard)
        task.cancel()
