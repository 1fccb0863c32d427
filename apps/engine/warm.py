"""Compile every kernel, or load it from the cache, so that no user's run has to wait for the compiler.

Run once where the server is installed (it fills the cache) and in every worker before it forks.
"""

from __future__ import annotations

import gc
import os
import sys
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from subprocess import Popen
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]


def warm() -> None:
    """Import all kernels, whose signatures are explicit, and drive one short run through them.

    Where nothing is compiled yet, another process compiles those of columns while this one compiles the venue's.
    """
    with _without_collector():
        helper = _helper()
        import_module("apps.engine.venue.driving")
        if helper is not None:
            helper.wait()  # should it have failed, what it has not compiled is compiled here
        import_kernels()
        _play()


def import_kernels() -> None:
    from apps.engine import kernels

    for module in iter_modules(kernels.__path__, f"{kernels.__name__}."):
        import_module(module.name)


@contextmanager
def _without_collector() -> Iterator[None]:
    """The compiler makes millions of objects and drops few: looking through them takes an eighth of its time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _helper() -> Popen[bytes] | None:
    """A process that imports the kernels of columns; None where that would not help."""
    from numba import config

    cache = config.CACHE_DIR  # type: ignore[attr-defined]  # set from the environment
    if not cache or next(Path(cache).rglob("*.nbi"), None) or (os.cpu_count() or 1) < 2:
        return None
    code = "import gc; gc.disable(); from apps.engine.warm import import_kernels; import_kernels()"
    return Popen([sys.executable, "-c", code], cwd=ROOT)  # noqa: S603 - our own code


def _play() -> None:
    from apps.engine import strategies
    from apps.engine.listing import Listing
    from apps.engine.session import Session
    from apps.engine.types import BAR, Instrument

    bars = np.ones(200, BAR)
    bars["time"] = np.arange(200) * 60_000_000
    bars["close"] += np.sin(np.arange(200) / 5) / 10
    for strategy in strategies.BUILT_IN:
        listings = [Listing(Instrument(f"WARM{number}"), bars) for number in range(strategy.least_instruments)]
        session = Session(strategy, {}, listings, cash=1000.0)
        session.advance(len(bars))
        session.metrics()
        session.snapshot()


if __name__ == "__main__":
    warm()
