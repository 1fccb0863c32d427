"""What a page of a long journal costs: `python3 manage.py bench api`.

An execution with five million events is recorded into a PostgreSQL database of its own; then pages of 1000 events from
anywhere in it are asked for: of ours and of a view as Django REST framework's own classes make it, through all of
Django's middleware, and behind daphne of ours and of an application that sends the same bytes out of memory. Figures
are CPU milliseconds a request of the web process and of its database process together, each the best of three rounds,
with tokens and limits as in real life. At last all rows are read, by pages and as one file, and the web process's
memory is looked at. Exits with 1 when a gate is missed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests import services
from tests.benchmarks import _api_served
from tests.benchmarks.figures import rows
from tests.benchmarks.figures.rows import Row
from tests.stack import ROOT, _own_database, _own_number, environment_of

PLAIN_GOAL, RAW_GOAL, POLL_GOAL = 50.0, 4.0, 2.5
GROWTH_GOAL = 32.0  # megabytes that a web process may grow by, whatever is read
NEVER = "1000000000"


def main(arguments: list[str]) -> int:
    options = asked(arguments)
    server = services.postgres_url()
    if server is None:
        print("No PostgreSQL: TAPEDECK_TEST_DATABASE_URL names none that answers.", file=sys.stderr)
        return 1
    with ExitStack() as undo:
        url = undo.enter_context(_own_database(server))
        shared = services.redis_url()
        broker = undo.enter_context(_own_number(shared)) if shared else ""
        found = figures(*measured(options.events, url, broker))
    print("\n".join(row.as_json() for row in found) if options.json else rows.table(found))
    missed = rows.missed(found)
    if missed:
        print(f"Missed: {'; '.join(missed)}.", file=sys.stderr)
    return int(bool(missed))


def asked(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="manage.py bench api", description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one object a line: name, value, unit, goal, met")
    parser.add_argument("--events", type=int, default=5_000_000, help="of the execution that is read; default: 5000000")
    options = parser.parse_args(arguments)
    if options.events < 100_000:
        parser.error("--events: at least 100000, or no page is deep.")
    return options


def figures(told: dict[str, Any], served: dict[str, Any]) -> list[Row]:
    """told, served: [web, database] CPU seconds a request, of each question to the application and behind daphne."""
    ours, theirs = told["costs"], served["costs"]
    page, plain = sum(ours["page"]), sum(ours["plain page"])
    ends = sum(ours["last page"]) / sum(ours["first page"])
    typed = sum(ours["last page of one event type"]) / sum(ours["first page of one event type"])
    return [
        Row("page of 1000 against a serializer's", plain / page, "x", PLAIN_GOAL, _parts(ours, "page"),
            _parts(ours, "plain page")),
        Row("page behind daphne against its bytes alone", sum(theirs["page"]) / sum(theirs["raw page"]), "x", RAW_GOAL,
            _parts(theirs, "page"), _parts(theirs, "raw page"), is_limit=True),
        Row("last page against the first", ends, "x", 2.0, _parts(ours, "last page"), _parts(ours, "first page"),
            is_limit=True, is_gate=True),
        Row("the same of one event type", typed, "x", 2.0, _parts(ours, "last page of one event type"),
            _parts(ours, "first page of one event type"), is_limit=True, is_gate=True),
        _milliseconds(ours, "empty poll", POLL_GOAL),
        _milliseconds(ours, "empty poll answered 304", POLL_GOAL),
        _milliseconds(ours, "page answered 304"),
        _milliseconds(ours, "status"),
        Row("empty poll behind daphne", sum(theirs["empty poll"]) * 1e3, "CPU-ms", None, _parts(theirs, "empty poll")),
        _growth("memory while all pages are read", served["pages"]),
        _growth("memory while all is one file", served["export"]),
    ]  # fmt: skip


def _growth(name: str, megabytes: float) -> Row:
    return Row(name, megabytes, "MB", GROWTH_GOAL, f"{megabytes:+.1f} MB", is_limit=True, is_gate=True)


def _milliseconds(told: dict[str, Any], name: str, goal: float | None = None) -> Row:
    return Row(name, sum(told[name]) * 1e3, "CPU-ms", goal, _parts(told, name), is_limit=True)


def _parts(told: dict[str, Any], name: str) -> str:
    web, database = (seconds * 1e3 for seconds in told[name])
    return f"{web:.2f} + {database:.2f} ms"


def measured(events: int, url: str, broker: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the reader says, and what is measured behind daphne."""
    with tempfile.TemporaryDirectory(prefix="tapedeck-api-") as folder:
        environment = {
            **environment_of(Path(folder) / "data", {"DATABASE_URL": url, "EMBEDDED_BROKER": "filesystem"}),
            "REDIS_URL": broker,
            "EXECUTION_MAX_EVENTS": NEVER,
            "RATE_LIMIT_STANDARD": NEVER,  # counted as in real life, and never reached
            "RATE_LIMIT_REALTIME": NEVER,
            "DATABASE_CONN_MAX_AGE": "3600",  # the CPU of one database process is looked at
            "LOG_LEVEL": "WARNING",
            "BENCH_PAGE": f"{folder}/page",
        }
        command = [sys.executable, "-m", "tests.benchmarks._api_reader", str(events), folder]
        answer = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True)
        if answer.returncode:
            raise SystemExit(f"The reader failed:\n{answer.stderr}")
        told: dict[str, Any] = json.loads(answer.stdout)
        return told, _api_served.measured({**os.environ, **environment}, told)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
