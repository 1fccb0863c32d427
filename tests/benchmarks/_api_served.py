"""What requests cost behind daphne, and what its memory does while everything is read: a part of `api`."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg

from tests.stack import PATIENCE, ROOT, free_port

ROUNDS, PAGE, WARM = 3, 1000, 300
TICKS = os.sysconf("SC_CLK_TCK")
Cost = list[float]
"""CPU seconds a request: [web, database]."""


@dataclass
class Server:
    pid: int
    client: httpx.Client
    database: psycopg.Connection[Any]

    def cpu(self) -> Cost:
        """Of the web process, and of all its database processes."""
        theirs = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        processes = [pid for (pid,) in self.database.execute(theirs).fetchall()]
        return [_cpu(self.pid), sum(map(_cpu, processes))]

    def cost(self, times: int, url: str) -> Cost:
        before = self.cpu()
        for _ in range(times):
            self.client.get(url).raise_for_status()
        return [(after - then) / times for then, after in zip(before, self.cpu(), strict=True)]

    def memory(self) -> float:
        """Megabytes that the web process has in memory."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024


@contextmanager
def serving(environment: dict[str, str], token: str) -> Iterator[Server]:
    port = free_port()
    daphne = [sys.executable, "-m", "daphne", "-v", "0", "-b", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen([*daphne, "tests.benchmarks._api_asgi:application"], cwd=ROOT, env=environment)
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
    try:
        with (
            httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60.0) as client,
            psycopg.connect(environment["DATABASE_URL"], autocommit=True) as database,
        ):
            _wait_for(process, client)
            yield Server(process.pid, client, database)
    finally:
        process.terminate()
        process.wait(30)


def measured(environment: dict[str, str], told: dict[str, Any]) -> dict[str, Any]:
    """Costs of each question, the best of some rounds, and megabytes by which memory grew while all was read."""
    base = f"/api/trading/executions/{told['execution']}/events/"
    head = int(told["head"])
    questions = {
        "page": (100, f"{base}?page={head // PAGE // 2}"),
        "raw page": (200, "/raw/"),
        "empty poll": (300, f"{base}?since_sequence={head}"),
    }
    with serving(environment, told["token"]) as server:
        for _, url in questions.values():
            server.cost(50, url)
        rounds = [{name: server.cost(*question) for name, question in questions.items()} for _ in range(ROUNDS)]
        best = {name: min((taken[name] for taken in rounds), key=sum) for name in questions}
        pages = max(_walked(server, base, head))
        exported = max(_exported(server, base, head))
    return {"costs": best, "pages": pages, "export": exported}


def _walked(server: Server, base: str, head: int) -> Iterator[float]:
    """How much larger the server is than after the first pages, while all pages are read."""
    begin = 0.0
    for number, since in enumerate(range(0, head, PAGE)):
        server.client.get(f"{base}?since_sequence={since}").raise_for_status()
        if number == min(WARM, head // PAGE // 2):
            begin = server.memory()
        elif begin and not number % 50:
            yield server.memory() - begin
    yield server.memory() - begin


def _exported(server: Server, base: str, head: int) -> Iterator[float]:
    """The same, while all rows are read as one file."""
    begin, rows = server.memory(), 0
    with server.client.stream("GET", f"{base}export/") as answer:
        answer.raise_for_status()
        for number, piece in enumerate(answer.iter_bytes(1 << 20)):
            rows += piece.count(b"\n")
            if not number % 20:
                yield server.memory() - begin
    if rows != head:
        raise SystemExit(f"The export has {rows} rows instead of {head}.")
    yield server.memory() - begin


def _wait_for(process: subprocess.Popen[bytes], client: httpx.Client) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        with suppress(httpx.TransportError):
            if client.get("/healthz").is_success:
                return
        time.sleep(0.1)
    raise SystemExit("The web server did not come up.")


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:  # it has ended meanwhile
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS
