"""Ending what a process left behind, and nobody else: process numbers come round within minutes here."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def kill_group(group: int, mark: str) -> bool:
    """Kill the process group if one of its processes has the mark in its environment; whether it had.

    mark: NAME=value, as the processes of one stack alone have it.
    """
    if not any(mark.encode() in _environment(pid).split(b"\0") for pid in _members(group)):
        return False
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    return True


def _members(group: int) -> Iterator[int]:
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError):
            if int((folder / "stat").read_text().rpartition(")")[2].split()[2]) == group:
                yield int(folder.name)


def _environment(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/environ").read_bytes()
    return b""
