"""What `alone` runs in processes of their own: each probe prints one figure."""

from __future__ import annotations

import json
import os
import random
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.benchmarks.contestants import ours
from tests.benchmarks.figures.works import CACHE

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.engine.session import Session
    from apps.engine.types import Array

SHORT = 1_000  # bars
ORDINARY = 200_000
CHUNK = 10_000
CUTS = 20


def bars(count: int) -> Array:
    """In memory, the first so many of w1."""
    return np.array(np.load(CACHE / "w1.npy", mmap_mode="r")[:count])


def first_run() -> float:
    """Wall seconds of a short run; who started the process counts its CPU."""
    start = time.perf_counter()
    ours.played(bars(SHORT), SHORT)
    return time.perf_counter() - start


def forked_run() -> float:
    """CPU milliseconds of a short run in the child of a process that has warmed up."""
    from apps.engine.warm import warm

    warm()
    short = bars(SHORT)
    reader, writer = os.pipe()
    if os.fork() == 0:
        start = time.process_time()
        ours.played(short, SHORT)
        os.write(writer, json.dumps((time.process_time() - start) * 1e3).encode())
        os._exit(0)
    os.wait()
    return float(os.read(reader, 100))


def added_megabytes() -> float:
    """The most that a run in chunks needs beyond what the process had with the bars in memory."""
    everything = bars(1_000_000)
    ours.played(everything[:CHUNK], CHUNK)
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far: a compiler may have made it
    before = resident("VmRSS")
    ours.played(everything, CHUNK)
    return (resident("VmHWM") - before) / 1024


def resident(field: str) -> int:
    """Kilobytes, from what the kernel says of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


def equal_resumptions() -> float:
    """Percent of random cuts after which another session's rows and figures are those of a run without a cut."""
    data = bars(ORDINARY // 4)
    whole = played_out(ours.session(data))
    chance = random.Random(7)
    return 100.0 * statistics.mean(is_equal(whole, data, chance.randrange(1, len(data))) for _ in range(CUTS))


def is_equal(whole: tuple[list[bytes], Any], data: Array, cut: int) -> bool:
    first, second = ours.session(data), ours.session(data)
    before = first.advance(cut)
    second.restore(first.snapshot())
    after, figures = played_out(second)
    rows = [getattr(before, name).tobytes() + row for name, row in zip(KINDS, after, strict=True)]
    return (rows, figures) == whole


KINDS = ("orders", "fills", "trades", "equity")


def played_out(session: Session) -> tuple[list[bytes], Any]:
    """All rows that are left, as bytes, and the figures."""
    rows = session.advance(session.total)
    return [getattr(rows, name).tobytes() for name in KINDS], session.metrics()


def snapshot_time() -> float:
    """CPU milliseconds, the median; the first one of a session, which reads all bars, is not counted."""
    session = ours.session(bars(ORDINARY))
    session.advance(ORDINARY - 1)
    return statistics.median(milliseconds(session.snapshot) for _ in range(21))


def stored_load() -> list[float]:
    """CPU milliseconds to bring a million stored bars into memory: in a fresh process, and again."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from apps.market import store

    content_hash = store.save(bars(1_000_000))
    store._verify.cache_clear()
    first = milliseconds(lambda: np.array(store.load(content_hash)))
    return [first, statistics.median(milliseconds(lambda: np.array(store.load(content_hash))) for _ in range(5))]


def floor_to_w4() -> float:
    """CPU of the floor strategy on the ticks of w4, as a multiple of what the class of w4 that sees every tick takes.

    Turn by turn in one process; the medians of three turns.
    """
    from apps.engine.listing import Listing
    from apps.engine.session import Session
    from apps.engine.strategies.floor import Floor
    from tests.benchmarks.contestants import our_ticks

    ticks = np.array(np.load(CACHE / "w4.npy", mmap_mode="r"))

    def floor() -> None:
        run = Session(Floor, {}, Listing(our_ticks.PAIR, ticks), cash=10_000.0)
        assert len(run.advance(run.total).trades) > 0
        run.metrics()

    turns = [(milliseconds(floor), milliseconds(our_ticks.w4(ticks))) for _ in range(4)][1:]
    return statistics.median(mine for mine, _ in turns) / statistics.median(other for _, other in turns)


def milliseconds(call: Callable[[], Any]) -> float:
    start = time.process_time()
    call()
    return (time.process_time() - start) * 1e3


PROBES = (first_run, forked_run, added_megabytes, equal_resumptions, snapshot_time, stored_load, floor_to_w4)

if __name__ == "__main__":
    (probe,) = (probe for probe in PROBES if probe.__name__ == sys.argv[1])
    print(json.dumps(probe()))
