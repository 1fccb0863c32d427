"""How fast events and equity points are appended, and an equity chart is read, on PostgreSQL and on SQLite.

Half a million events and three million points go through `recorder.record`: spelt, hashed, written with their heads
and snapshots, and committed; then the chart is read, a thousand points out of the three million. Each database is used
by a process of its own, three times; the fastest time counts, because what else the machine does only slows it down.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests import services
from tests.benchmarks.figures.rows import Row
from tests.benchmarks.tape._figures import at_least, at_most
from tests.stack import ROOT, _own_database, environment_of

GOALS = {"events": 250_000, "equity points": 3_000_000}  # a second, on PostgreSQL


def rows() -> Iterator[Row]:
    if server := services.postgres_url():
        with _own_database(server) as url:
            yield from _figures("PostgreSQL", measured(DATABASE_URL=url))
    else:
        print("No PostgreSQL: TAPEDECK_TEST_DATABASE_URL names none that answers.", file=sys.stderr)
    yield from _figures("SQLite", measured())


def _figures(database: str, told: dict[str, Any]) -> Iterator[Row]:
    for name, time in told["appended"].items():
        count = time["count"]
        goal = GOALS[name] if database == "PostgreSQL" else None
        yield at_least(f"{name} appended to {database}", count / time["wall"], "rows/s", goal)
        yield at_most(f"CPU of the writer, {name} to {database}", time["cpu"] / count * 1e6, "CPU-µs/row")
        if time["server_cpu"]:
            yield at_most(f"CPU of {database}, {name}", time["server_cpu"] / count * 1e6, "CPU-µs/row")

    chart = told["chart"]
    yield at_most(f"chart of 1,000 out of 3 M points from {database}", chart["wall"] * 1e3, "ms")
    yield at_most(f"CPU of that chart, reader and {database}", (chart["cpu"] + chart["server_cpu"]) * 1e3, "CPU-ms")


def measured(**settings: str) -> dict[str, Any]:
    """What a process with these settings says: wall, cpu and server_cpu, in seconds, of each kind of work."""
    with tempfile.TemporaryDirectory(prefix="tapedeck-append-") as folder:
        environment = {
            **environment_of(Path(folder) / "data", {"EMBEDDED_BROKER": "filesystem", **settings}),
            "LOG_LEVEL": "WARNING",
        }
        command = [sys.executable, "-m", "tests.benchmarks.tape._appender"]
        answer = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True)
    if answer.returncode:
        raise SystemExit(f"The appender failed:\n{answer.stderr}")
    told: dict[str, Any] = json.loads(answer.stdout)
    return told
