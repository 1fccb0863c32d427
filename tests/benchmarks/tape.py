"""A million-bar back-test from request to tape: `python -m tests.benchmarks tape`.

The work: a million one-minute bars, SMA 20 against SMA 100, fee 0.1 %. It goes through the API of a real web server to
a real worker (on PostgreSQL and Redis where they answer, else embedded), is compared with the engine alone in CPU
seconds, and is run once more with clocks in it to say where the time goes. TAPEDECK_BENCHMARK_BARS changes the length.
"""

import io
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import tests.environment  # noqa: F401 - the processes below inherit it
from apps.engine import strategies
from apps.engine.session import Session
from apps.engine.types import BAR, Costs, Instrument
from tests import services
from tests.acceptance.client import JOURNALS, Person
from tests.stack import ROOT, Stack, running

BARS = int(os.environ.get("TAPEDECK_BENCHMARK_BARS", "1000000"))
PARAMETERS = {"fast": 20, "slow": 100}
CASH, FEE = 1_000_000.0, 0.001
CHUNK = 100_000
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> int:
    bars = random_walk(BARS)
    engine_seconds, engine_rows = engine_alone(bars)
    kind = "served" if services.postgres_url() and services.redis_url() else "embedded"
    with running(kind) as stack, tempfile.TemporaryDirectory() as folder:
        person = Person(stack)
        path = Path(folder) / "bars.csv"
        path.write_bytes(as_csv(bars))
        imported = time.perf_counter()
        dataset = person.upload(path, symbol="WALK", timeframe="60", kind="crypto")
        imported = time.perf_counter() - imported
        task = person.save_task(
            person.configure("sma_cross", **PARAMETERS), dataset, initial_balance=CASH, commission_rate=FEE
        )
        warm_up(person, task)

        cpu, started = worker_cpu(stack), time.perf_counter()
        execution = person.start(task)
        status = person.wait(execution, seconds=600)
        wall, cpu = time.perf_counter() - started, worker_cpu(stack) - cpu

        heads = {name: head(person, execution, name) for name in JOURNALS}
        is_complete = status["status"] == "completed" and heads["equity"] == BARS
        is_complete = is_complete and heads["trades"] == engine_rows["trades"]
        print(
            f"stack                    {kind}, {path.stat().st_size / 1e6:.0f} MB of CSV imported in {imported:.1f} s"
        )
        checkpoint = status["checkpoint"]
        print(f"status                   {status['status']}, {BARS:,} bars, return {checkpoint['total_return']} %")
        print(f"wall                     {wall:.2f} s from request to completed ({BARS / wall:,.0f} bars/s)")
        print(f"CPU of the worker        {cpu:.2f} s")
        print(
            f"CPU of the engine alone  {engine_seconds:.2f} s; the worker needs {cpu / engine_seconds:.1f} times that"
        )
        for name, rows in heads.items():
            print(f"rows of {name:16} {rows:>10,} ({rows / wall:,.0f} rows/s of wall)")
        stack.stop("worker")  # the run with clocks is carried out here
        sys.stdout.flush()
        clocks(stack, person.start(task))
    print("complete" if is_complete else "INCOMPLETE: the heads are not those of the engine's rows")
    return 0 if is_complete else 1


def random_walk(count: int) -> np.ndarray:
    """(count,) BAR: one-minute bars that open at the close before, two decimals."""
    random = np.random.default_rng(11)
    close = np.round(100.0 * np.exp(np.cumsum(random.normal(0.0, 0.0005, count))), 2)
    bars = np.empty(count, BAR)
    bars["time"] = 1_514_764_800_000_000 + 60_000_000 * np.arange(count)
    bars["open"], bars["close"] = np.concatenate(([100.0], close[:-1])), close
    spread = np.round(np.abs(random.normal(0.0, 0.03, count)), 2)
    bars["high"] = np.round(np.maximum(bars["open"], close) + spread, 2)
    bars["low"] = np.round(np.minimum(bars["open"], close) - spread, 2)
    bars["volume"] = random.integers(1, 1000, count)
    return bars


def as_csv(bars: np.ndarray) -> bytes:
    import pandas as pd

    table = pd.DataFrame({name: bars[name] for name in ("open", "high", "low", "close", "volume")})
    table.insert(0, "timestamp", np.datetime_as_string(bars["time"].astype("datetime64[us]"), unit="s") + "Z")
    text = io.BytesIO()
    table.to_csv(text, index=False)
    return text.getvalue()


def engine_alone(bars: np.ndarray) -> tuple[float, dict[str, int]]:
    """CPU seconds of the second of two runs without any recording, and the rows it brought."""
    for _ in range(2):
        before = time.process_time()
        session = Session(
            strategies.get("sma_cross"), PARAMETERS, bars,
            instrument=Instrument("WALK"), cash=CASH, costs=Costs(commission_rate=FEE),
        )  # fmt: skip
        counts = {"trades": 0, "fills": 0}
        while not session.finished:
            rows = session.advance(CHUNK)
            counts["trades"] += len(rows.trades)
            counts["fills"] += len(rows.fills)
        session.metrics()
        seconds = time.process_time() - before
    return seconds, counts


def warm_up(person: Person, task: int) -> None:
    """A first run, so that what is measured is a worker at work and not one that starts."""
    person.wait(person.start(task), seconds=600)


def worker_cpu(stack: Stack) -> float:
    """User and system seconds of the worker and its pool, so far."""
    processes = [stack.processes["worker"].pid, *stack.worker_children()]
    fields = [Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split() for process in processes]
    return sum(int(values[11]) + int(values[12]) for values in fields) / TICKS


def head(person: Person, execution: int, journal: str) -> int:
    return int(person.get(f"/api/trading/executions/{execution}/{journal}/", page_size=1)["count"])


def clocks(stack: Stack, execution: int) -> None:
    """Say where the time goes, by a run in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks._clocks", str(execution)]
    subprocess.run(command, cwd=ROOT, env={**stack.environment, "LOG_LEVEL": "WARNING"}, check=True)


if __name__ == "__main__":
    sys.exit(main())
