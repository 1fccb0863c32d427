"""A million-bar back-test from request to tape, through a real web server and a real worker, on both databases.

The work: a million one-minute bars, SMA 20 against SMA 100, fee 0.1 %. It goes through the API (on PostgreSQL and Redis
where they answer, and embedded), is compared with the engine alone in CPU seconds, and is run once more with clocks in
it to say on stderr where the time goes. TAPEDECK_BENCHMARK_BARS changes the length.
"""

import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psycopg

from apps.engine import strategies
from apps.engine.listing import Listing
from apps.engine.session import Session
from apps.engine.types import BAR, Costs, Instrument
from tests import services
from tests.acceptance.client import JOURNALS, Person
from tests.benchmarks.figures.rows import Row
from tests.benchmarks.tape._figures import at_least, at_most
from tests.stack import ROOT, Stack, running

BARS = int(os.environ.get("TAPEDECK_BENCHMARK_BARS", "1000000"))
PARAMETERS = {"fast": 20, "slow": 100}
CASH, FEE = 1_000_000.0, 0.001
CHUNK = 100_000
ROUNDS = 3
TICKS = os.sysconf("SC_CLK_TCK")
DATABASES = {"served": "PostgreSQL", "embedded": "SQLite"}


def rows() -> Iterator[Row]:
    bars = random_walk(BARS)
    engine_seconds, engine_rows = engine_alone(bars)
    yield at_most("the engine alone", engine_seconds, "CPU-s")
    kinds = ["served"] if services.postgres_url() and services.redis_url() else []
    for kind in (*kinds, "embedded"):
        with running(kind) as stack:
            yield from carried_out(stack, bars, engine_seconds, engine_rows["trades"])


def carried_out(stack: Stack, bars: np.ndarray, engine_seconds: float, trades: int) -> Iterator[Row]:
    """What the same back-test costs on this stack; the first run, which starts the worker, is not measured."""
    database = DATABASES[stack.kind]
    person = Person(stack)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bars.csv"
        path.write_bytes(as_csv(bars))
        dataset = person.upload(path, symbol="WALK", timeframe="60", kind="crypto")
    task = person.save_task(
        person.configure("sma_cross", **PARAMETERS), dataset, initial_balance=CASH, commission_rate=FEE
    )
    person.wait(person.start(task), seconds=600)

    size, found = database_size(stack), []
    for _ in range(ROUNDS):
        cpu, started = worker_cpu(stack), time.perf_counter()
        execution = person.start(task)
        status = person.wait(execution, seconds=600)
        found.append((time.perf_counter() - started, worker_cpu(stack) - cpu))
    grown = (database_size(stack) - size) / ROUNDS
    wall, cpu = (min(times) for times in zip(*found, strict=True))

    heads = {name: head(person, execution, name) for name in JOURNALS}
    is_complete = status["status"] == "completed" and (heads["equity"], heads["trades"]) == (len(bars), trades)
    yield at_least(f"run on {database} has the engine's rows", 100.0 * is_complete, "%", 100, is_gate=True)
    yield at_least(f"run on {database}, request to completed", len(bars) / wall, "bars/s")
    yield at_most(f"worker on {database} by the engine alone", cpu / engine_seconds, "x", 3)
    yield at_most(f"growth of {database} by a million bars", grown / len(bars) * 1e6, "bytes")
    yield at_least(f"events and trades of that run on {database}", heads["events"] + heads["trades"], "rows")
    stack.stop("worker")  # the run with clocks is carried out here
    clocks(stack, person.start(task))


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
    """CPU seconds of the fastest of a few runs without any recording, and the rows it brought."""
    fastest = float("inf")
    for _ in range(1 + ROUNDS):
        before = time.process_time()
        session = Session(
            strategies.get("sma_cross"), PARAMETERS, Listing(Instrument("WALK"), bars),
            cash=CASH, costs=Costs(commission_rate=FEE),
        )  # fmt: skip
        counts = {"trades": 0, "fills": 0}
        while not session.finished:
            brought = session.advance(CHUNK)
            counts["trades"] += len(brought.trades)
            counts["fills"] += len(brought.fills)
        session.metrics()
        fastest = min(fastest, time.process_time() - before)
    return fastest, counts


def worker_cpu(stack: Stack) -> float:
    """User and system seconds of the worker and its pool, so far."""
    processes = [stack.processes["worker"].pid, *stack.worker_children()]
    fields = [Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split() for process in processes]
    return sum(int(values[11]) + int(values[12]) for values in fields) / TICKS


def database_size(stack: Stack) -> int:
    """Bytes of all tables with their indexes, or of the database's file and its log."""
    if stack.kind == "embedded":
        return sum(path.stat().st_size for path in (stack.folder / "data").glob("db.sqlite3*"))
    with psycopg.connect(stack.environment["DATABASE_URL"]) as connection:
        tables = "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r'"
        return int((connection.execute(tables).fetchone() or (0,))[0])


def head(person: Person, execution: int, journal: str) -> int:
    return int(person.get(f"/api/trading/executions/{execution}/{journal}/", page_size=1)["count"])


def clocks(stack: Stack, execution: int) -> None:
    """Say where the time goes, by a run in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.tape._clocks", str(execution)]
    environment = {**stack.environment, "LOG_LEVEL": "WARNING"}
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=sys.stderr)
