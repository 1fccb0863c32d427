"""Compile every kernel, or load it from the cache, so that no user's run has to wait for the compiler.

Run once where the server is installed (it fills the cache) and in every worker before it forks.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator


def warm() -> None:
    """Import all kernels, whose signatures are explicit, and drive one short run through them."""
    with _without_collector():
        _compile()


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


def _compile() -> None:
    from apps.engine import kernels, strategies
    from apps.engine.listing import Listing
    from apps.engine.session import Session
    from apps.engine.types import BAR, Instrument

    for module in iter_modules(kernels.__path__, f"{kernels.__name__}."):
        import_module(module.name)
    bars = np.ones(200, BAR)
    bars["time"] = np.arange(200) * 60_000_000
    bars["close"] += np.sin(np.arange(200) / 5) / 10
    for strategy in strategies.BUILT_IN:
        session = Session(strategy, {}, Listing(Instrument("WARM"), bars), cash=1000.0)
        session.advance(len(bars))
        session.metrics()
        session.snapshot()


if __name__ == "__main__":
    warm()
