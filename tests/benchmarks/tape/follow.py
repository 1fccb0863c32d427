"""From commit to client over WebSockets: a thousand clients on one web process, and what an idle one costs.

Writer and clients are processes of their own; with as many of them as here, the figures are those of the machine's
cores as much as of the server. TAPEDECK_BENCHMARK_SOCKETS and TAPEDECK_BENCHMARK_IDLE change the numbers of clients.
"""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from tests import services
from tests.acceptance.client import Person
from tests.benchmarks.figures.rows import Row
from tests.benchmarks.tape._figures import at_least, at_most
from tests.stack import ROOT, Stack, running

SOCKETS = int(os.environ.get("TAPEDECK_BENCHMARK_SOCKETS", "1000"))
IDLE = int(os.environ.get("TAPEDECK_BENCHMARK_IDLE", "5000"))
PACES = {10: 150, 100: 800}  # commits a second: how many
P50, P99 = 15.0, 60.0  # ms, at ten commits a second
IDLE_KB = 50.0
PROCESSES = 2
TICKS = os.sysconf("SC_CLK_TCK")


def rows() -> Iterator[Row]:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # the web process inherits it
    kind = "served" if services.postgres_url() and services.redis_url() else "embedded"
    with running(kind) as stack:
        for name in ("beat", "worker"):
            stack.stop(name)  # the commits are made by a process of the benchmark
        person = Person(stack)
        execution, cookie = an_execution(stack, person), f"sessionid={person.browse()['sessionid']}"
        yield from idle(stack, execution, cookie)  # first: later, memory that others have left would be used again
        for pace, count in PACES.items():
            yield from live(stack, execution, cookie, pace, count)


def an_execution(stack: Stack, person: Person) -> int:
    """One that no worker takes up."""
    path = stack.folder / "bars.csv"
    bars = "".join(f"2024-01-01T00:{minute:02}:00Z,100,101,99,100,1\n" for minute in range(50))
    path.write_text(f"timestamp,open,high,low,close,volume\n{bars}")
    dataset = person.upload(path, symbol="XYZ", timeframe="60")
    return person.start(person.save_task(person.configure("sma_cross", fast=3, slow=8), dataset))


def live(stack: Stack, execution: int, cookie: str, pace: int, count: int) -> Iterator[Row]:
    """Latency of every commit at every client, and the web process's CPU for one message."""
    with crowd(stack, execution, cookie, SOCKETS) as clients:
        cpu = cpu_seconds(stack)
        command = [sys.executable, "-m", "tests.benchmarks.tape._commits", str(execution), str(pace), str(count)]
        said = subprocess.run(command, cwd=ROOT, env=stack.environment, check=True, capture_output=True, text=True)
        time.sleep(2.0)
        cpu = cpu_seconds(stack) - cpu
    commits = np.array([line.split() for line in said.stdout.splitlines()], np.int64)
    latencies, messages, is_complete = latencies_of(commits, clients.seen)
    at_goal = pace == min(PACES)
    name = f"{SOCKETS} sockets, {pace} commits/s"
    yield at_most(f"{name}: p50", float(np.percentile(latencies, 50)), "ms", P50 if at_goal else None)
    yield at_most(f"{name}: p99", float(np.percentile(latencies, 99)), "ms", P99 if at_goal else None)
    yield at_most(f"{name}: web CPU a message", 1e6 * cpu / messages, "µs")
    yield at_least(f"{name}: messages", messages / SOCKETS / count, "a commit and client")
    whole = is_complete and not clients.gaps
    yield at_least(f"{name}: every row at every client, once", float(whole), "", 1.0, is_gate=True)


def latencies_of(commits: np.ndarray, seen: list[np.ndarray]) -> tuple[np.ndarray, int, bool]:
    """(commits × clients,) ms from each commit to the first message that reaches its head, over all clients."""
    found, messages, is_complete = [], 0, True
    for rows in seen:
        for client in range(int(rows[:, 0].max()) + 1 if len(rows) else 0):
            own = rows[rows[:, 0] == client]
            messages += len(own)
            at = np.searchsorted(own[:, 1], commits[:, 0])
            is_complete = is_complete and bool(len(own)) and own[-1, 1] == commits[-1, 0]
            reached = at < len(own)
            found.append((own[at[reached], 2] - commits[reached, 1]) / 1e6)
    return np.concatenate(found), messages, is_complete and len(found) == SOCKETS


def idle(stack: Stack, execution: int, cookie: str) -> Iterator[Row]:
    """What the web process grows by for each socket at which nothing happens."""
    with crowd(stack, execution, cookie, 100):
        pass  # what the first ones need, and all others share
    time.sleep(3.0)
    before, started = resident_kb(stack), time.perf_counter()
    with crowd(stack, execution, cookie, IDLE):
        opened = time.perf_counter() - started
        time.sleep(3.0)
        grown = resident_kb(stack) - before
        cpu = cpu_seconds(stack)
        time.sleep(5.0)
        cpu = cpu_seconds(stack) - cpu
    yield at_most(f"{IDLE} idle sockets: memory each", grown / IDLE, "kB", IDLE_KB)
    yield at_most(f"{IDLE} idle sockets: web CPU", 100.0 * cpu / 5.0, "% of a core")
    yield at_least(f"{IDLE} idle sockets: opened", IDLE / opened, "a second")


class Crowd:
    """Processes full of clients; `seen` and `gaps` are there when they have ended."""

    def __init__(self) -> None:
        self.seen: list[np.ndarray] = []
        self.gaps = 0


@contextmanager
def crowd(stack: Stack, execution: int, cookie: str, count: int) -> Iterator[Crowd]:
    """So many clients, open and caught up."""
    made, path = Crowd(), f"/ws/executions/{execution}/"
    with ExitStack() as undo:
        processes: list[tuple[subprocess.Popen[str], Path]] = []
        for number in range(PROCESSES):
            file = stack.folder / f"crowd-{number}.npy"
            share = count // PROCESSES + (number < count % PROCESSES)
            words = [str(stack.port), path, cookie, str(share), str(file)]
            command = [sys.executable, "-m", "tests.benchmarks.tape._crowd", *words]
            process = undo.enter_context(
                subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            undo.callback(process.kill)
            processes.append((process, file))
        for process, _ in processes:
            if line_of(process) != "open":
                raise RuntimeError(f"The clients did not get in.\n{stack.logs(20)}")
        yield made
        for process, file in processes:
            assert process.stdin is not None
            process.stdin.close()
            made.gaps += int(line_of(process))
            made.seen.append(np.load(file))


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def cpu_seconds(stack: Stack) -> float:
    values = Path(f"/proc/{stack.processes['web'].pid}/stat").read_text().rpartition(")")[2].split()
    return (int(values[11]) + int(values[12])) / TICKS


def resident_kb(stack: Stack) -> int:
    status = Path(f"/proc/{stack.processes['web'].pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])
