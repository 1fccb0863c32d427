"""A worker that is told to stop hands its executions over, instead of carrying each of them to its end."""

import ctypes
from multiprocessing import RawValue
from typing import Any

# Shared with the children that the worker forks. It has no lock: a child that is killed while it looks must not be
# able to keep one.
_requested = RawValue(ctypes.c_bool, False)


def request(**more: Any) -> None:
    """Let every run of this worker end with its present chunk; the answer to Celery's `worker_shutting_down`."""
    _requested.value = True


def is_requested() -> bool:
    return bool(_requested.value)
