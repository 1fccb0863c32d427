"""What tests of whole processes ask: who is whose child, and who is still alive. Linux tells it in /proc."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

only_linux = pytest.mark.skipif(sys.platform != "linux", reason="It reads /proc, which only Linux has.")


def is_alive(pid: int) -> bool:
    """Whether the process runs; a dead one that nobody has asked after yet does not."""
    return _field(pid, "State") not in ("", "Z", "X")


def descendants(pid: int) -> set[int]:
    """The process's children, theirs, and so on."""
    everyone = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    parent_of = {other: _field(other, "PPid") for other in everyone}
    found: set[int] = set()
    while new := {child for child, parent in parent_of.items() if parent in map(str, found | {pid})} - found:
        found |= new
    return found


def wait_until(condition: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not true after {seconds} s"
        time.sleep(0.02)


def _field(pid: int, name: str) -> str:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:  # it is gone
        return ""
    return next((line.split()[1] for line in lines if line.startswith(f"{name}:")), "")
