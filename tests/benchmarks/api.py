"""What a page of a long journal costs: `python3 manage.py bench api`.

An execution with a million events is recorded into a PostgreSQL database of its own; then pages of 1000 events from
anywhere in it are asked for through all of Django's middleware: of ours, of a view as Django REST framework's own
classes make it, and of one that sends the same bytes out of memory. Figures are CPU milliseconds a request of the web
process and of its database process together, each the best of three rounds. Exits with 1 when a gate is missed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests import services
from tests.benchmarks.figures import rows
from tests.benchmarks.figures.rows import Row
from tests.stack import ROOT, _own_database, environment_of

PLAIN_GOAL, RAW_GOAL, POLL_GOAL = 50.0, 4.0, 2.5


def main(arguments: list[str]) -> int:
    options = asked(arguments)
    server = services.postgres_url()
    if server is None:
        print("No PostgreSQL: TAPEDECK_TEST_DATABASE_URL names none that answers.", file=sys.stderr)
        return 1
    with _own_database(server) as url:
        found = figures(measured(options.events, url))
    print("\n".join(row.as_json() for row in found) if options.json else rows.table(found))
    missed = rows.missed(found)
    if missed:
        print(f"Missed: {'; '.join(missed)}.", file=sys.stderr)
    return int(bool(missed))


def asked(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="manage.py bench api", description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one object a line: name, value, unit, goal, met")
    parser.add_argument("--events", type=int, default=1_000_000, help="of the execution that is read; default: 1000000")
    options = parser.parse_args(arguments)
    if options.events < 100_000:
        parser.error("--events: at least 100000, or no page is deep.")
    return options


def figures(told: dict[str, Any]) -> list[Row]:
    """told: [web, database] CPU seconds a request, of each question."""
    cost = {name: sum(parts) * 1e3 for name, parts in told.items()}
    page, plain, raw = cost["page"], cost["plain page"], cost["raw page"]
    return [
        Row("page of 1000 against a serializer's", plain / page, "x", PLAIN_GOAL, _parts(told, "page"),
            _parts(told, "plain page")),
        Row("page of 1000 against its bytes alone", page / raw, "x", RAW_GOAL, _parts(told, "page"),
            _parts(told, "raw page"), is_limit=True),
        Row("last page against the first", cost["last page"] / cost["first page"], "x", 2.0,
            _parts(told, "last page"), _parts(told, "first page"), is_limit=True, is_gate=True),
        _milliseconds(told, "empty poll", POLL_GOAL),
        _milliseconds(told, "empty poll answered 304", POLL_GOAL),
        _milliseconds(told, "page answered 304"),
        _milliseconds(told, "first page of one event type"),
        _milliseconds(told, "last page of one event type"),
    ]  # fmt: skip


def _milliseconds(told: dict[str, Any], name: str, goal: float | None = None) -> Row:
    return Row(name, sum(told[name]) * 1e3, "CPU-ms", goal, _parts(told, name), is_limit=True)


def _parts(told: dict[str, Any], name: str) -> str:
    web, database = (seconds * 1e3 for seconds in told[name])
    return f"{web:.2f} + {database:.2f} ms"


def measured(events: int, url: str) -> dict[str, Any]:
    """What the reader says: of each question the CPU seconds of the web and of the database process."""
    with tempfile.TemporaryDirectory(prefix="tapedeck-api-") as folder:
        settings = {"DATABASE_URL": url, "EMBEDDED_BROKER": "filesystem", "EXECUTION_MAX_EVENTS": str(events + 100)}
        environment = {
            **environment_of(Path(folder) / "data", settings),
            "DATABASE_CONN_MAX_AGE": "3600",  # the CPU of one database process is looked at
            "LOG_LEVEL": "WARNING",
        }
        command = [sys.executable, "-m", "tests.benchmarks._api_reader", str(events)]
        answer = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True)
    if answer.returncode:
        raise SystemExit(f"The reader failed:\n{answer.stderr}")
    told: dict[str, Any] = json.loads(answer.stdout)
    return told


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
