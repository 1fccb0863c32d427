"""Warming compiles everything that a worker needs, in one process or two."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def warmed(cache: Path) -> dict[Path, int]:
    """The files of the cache after a process has warmed up, and when each was written."""
    answer = subprocess.run(
        [sys.executable, "-m", "apps.engine.warm"],
        cwd=ROOT,
        env={**os.environ, "NUMBA_CACHE_DIR": str(cache)},
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    assert not answer.stderr
    return {path: path.stat().st_mtime_ns for path in cache.rglob("*.nb?")}


@pytest.mark.slow
def test_after_one_process_has_warmed_up_the_next_compiles_nothing(tmp_path: Path) -> None:
    once = warmed(tmp_path)

    again = warmed(tmp_path)

    assert len(once) > 300
    assert again == once
