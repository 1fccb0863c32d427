"""One run of an execution in this process, with clocks around its steps: `run` starts it."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import django

django.setup()

from django.db import transaction  # noqa: E402

from apps.engine.session import Session  # noqa: E402
from apps.equity.journal import EquityJournal  # noqa: E402
from apps.journal.digest import Digest  # noqa: E402
from apps.journal.journal import RowJournal  # noqa: E402
from apps.runner import feeds, recorder, rows, run  # noqa: E402


def run_with_clocks(execution_id: int) -> None:
    spent: dict[str, list[float]] = {}
    with (
        clock(spent, "load the bars, open the session", feeds, "session_of"),
        clock(spent, "engine: advance", Session, "advance"),
        clock(spent, "engine: snapshot", Session, "snapshot"),
        clock(spent, "engine: metrics", Session, "metrics"),
        clock(spent, "encode events", rows, "event_rows"),
        clock(spent, "encode trades", rows, "trade_rows"),
        clock(spent, "hash", Digest, "update"),
        clock(spent, "write events and trades", RowJournal, "write"),
        clock(spent, "write equity", EquityJournal, "write"),
        clock(spent, "write snapshot and checkpoint", recorder, "_save"),
        clock(spent, "move the heads", recorder, "_advance"),
        clock(spent, "begin, commit, ring", transaction.Atomic, "__exit__"),
    ):
        wall, cpu = time.perf_counter(), time.process_time()
        run.run(execution_id)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"\nwhere the time goes      one run in this process: {wall:.2f} s of wall, {cpu:.2f} s of CPU")
    known = sums(spent)
    other = [wall - known[0], cpu - known[1], 1]
    for name, (seconds, cpu_seconds, calls) in {**spent, "everything else": other}.items():
        print(f"  {name:32} {seconds:7.3f} s of wall  {cpu_seconds:7.3f} s of CPU  {calls:6.0f} calls")


@contextmanager
def clock(spent: dict[str, list[float]], name: str, owner: Any, attribute: str) -> Iterator[None]:
    """Add up wall seconds, CPU seconds and calls of a function while the block runs, without those of inner clocks."""
    real: Callable[..., Any] = getattr(owner, attribute)
    total = spent.setdefault(name, [0.0, 0.0, 0])

    def timed(*arguments: Any, **more: Any) -> Any:
        inner, wall, cpu = sums(spent), time.perf_counter(), time.process_time()
        try:
            return real(*arguments, **more)
        finally:
            inside = [after - before for after, before in zip(sums(spent), inner, strict=True)]
            total[0] += time.perf_counter() - wall - inside[0]
            total[1] += time.process_time() - cpu - inside[1]
            total[2] += 1

    setattr(owner, attribute, timed)
    try:
        yield
    finally:
        setattr(owner, attribute, real)


def sums(spent: dict[str, list[float]]) -> tuple[float, float]:
    """Wall and CPU seconds of all clocks so far."""
    return sum(times[0] for times in spent.values()), sum(times[1] for times in spent.values())


if __name__ == "__main__":
    run_with_clocks(int(sys.argv[1]))
