"""The whole server as processes that may be killed, stopped and starved one by one, and are started again.

`served` has a PostgreSQL of its own, `embedded` SQLite; both have a Redis of their own, two workers, web and beat.
"""

import os
import resource
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import redis

from tests.faults import points
from tests.faults.cluster import Cluster, Unavailable, children_of, wait_until
from tests.faults.groups import kill_group
from tests.faults.nursery import Nursery
from tests.faults.tables import PostgresTables, SqliteTables, Tables
from tests.stack import Stack, embedded_broker, environment_of, free_port

LEASE_SECONDS, RESEND_SECONDS, SWEEP_SECONDS = 2.0, 1.0, 1
SETTINGS = {
    "LEASE_SECONDS": str(LEASE_SECONDS),
    "RESEND_SECONDS": str(RESEND_SECONDS),
    "SWEEP_SECONDS": str(SWEEP_SECONDS),
    "IDLE_SECONDS": "1.0",
    "ACCESS_TOKEN_MINUTES": "100000",
    "CELERY_VISIBILITY_TIMEOUT": "3600",  # nothing may depend on Redis delivering again
}
WORKERS = ("worker-a", "worker-b")
LEAVE_SECONDS = 12.0  # a worker that was asked to leave is killed after


@dataclass
class Deck:
    """A running stack; `held` names processes that are not to be started again before a moment."""

    kind: str
    folder: Path
    port: int
    environment: dict[str, str]
    tables: Tables
    redis_url: str
    nursery: Nursery
    cluster: Cluster | None = None
    processes: dict[str, int] = field(default_factory=dict)
    broker: "subprocess.Popen[bytes] | None" = None
    held: dict[str, float] = field(default_factory=dict)
    leaving: dict[int, float] = field(default_factory=dict)
    orphaned: set[int] = field(default_factory=set)
    deaths: list[str] = field(default_factory=list)
    """Processes that ended without being told to."""
    _serial: int = 0
    _supervision: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def points(self) -> Path:
        return Path(self.environment[points.FOLDER])

    def start(self, name: str) -> None:
        """Start web, beat or a worker by its name."""
        self._serial += 1
        if name == "web":
            command = ["daphne", "-v", "0", "-b", "127.0.0.1", "-p", str(self.port), "config.asgi:application"]
        elif name == "beat":
            command = ["celery", "-A", "config", "beat", "--pidfile="]
        else:
            queues = ["-Q", "backtests,default", "-c", "2", "-n", f"{name}.{self._serial}@%h"]
            command = ["celery", "-A", "config", "worker", *queues, "--without-gossip", "--without-mingle"]
        self.processes[name] = self.nursery.start(self.folder / f"{name}.log", *command)

    def start_broker(self) -> None:
        with (self.folder / "redis.log").open("ab") as log:
            self.broker = subprocess.Popen(self._broker_command(), stdout=log, stderr=log, start_new_session=True)
        wait_until(self._broker_answers, "The start of Redis")

    def kill_broker(self) -> None:
        if self.broker is not None:
            self.broker.kill()
            self.broker.wait()
            self.broker = None

    def kill(self, name: str, again_after: float = 0.0) -> None:
        """Kill the process alone, not its children; `supervise` starts it again."""
        pid = self.processes[name]
        self.held[name] = time.monotonic() + again_after
        self.orphaned.add(pid)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def replace(self, name: str) -> None:
        """A new version is deployed: start another worker, then ask the old one to leave."""
        pid = self.processes[name]
        self.start(name)
        self.leaving[pid] = time.monotonic() + LEAVE_SECONDS
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)

    def children(self, *names: str) -> list[int]:
        """Process ids of the workers' pools."""
        return [child for name in names or WORKERS for child in children_of(self.processes[name])]

    def supervise(self) -> None:
        """Do what a service manager does: start again what has ended, once it may be."""
        with self._supervision:
            now = time.monotonic()
            for name, pid in list(self.processes.items()):
                if not is_alive(pid) and self.held.get(name, 0.0) <= now:
                    is_told = self.held.pop(name, None) or any(self.points.glob(f"*.{pid}"))  # it died at a point
                    if not is_told:
                        self.deaths.append(name)
                    self.orphaned.add(pid)
                    self.start(name)
            for pid, until in list(self.leaving.items()):
                if not is_alive(pid) or now > until:
                    del self.leaving[pid]
                    self.orphaned.add(pid)
                    if now > until:
                        self.deaths.append(f"{pid} did not leave within {LEAVE_SECONDS:g} s")

    def bury(self) -> None:
        """End what is left of processes that were killed: children of theirs may have gone on."""
        while self.orphaned:
            kill_group(self.orphaned.pop(), f"{points.FOLDER}={self.points}")

    def limit_files(self, is_full: bool) -> None:
        """Let the processes of the stack write nothing at all, or everything again."""
        size = 0 if is_full else resource.RLIM_INFINITY
        groups = [*self.processes.values(), *self.children()]
        for pid in groups:
            with suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def wait_for_web(self) -> None:
        def answers() -> bool:
            with suppress(httpx.TransportError):
                return httpx.get(f"{self.url}/healthz", timeout=5).status_code == 200
            self.supervise()
            return False

        wait_until(answers, "The start of the web server")

    def close(self) -> None:
        self.tables.close()
        self.nursery.close()
        self.kill_broker()

    def _broker_command(self) -> list[str]:
        binary = shutil.which("redis-server") or ""
        options = ["--save", "", "--appendonly", "no", "--dir", str(self.folder)]
        if self.redis_url.startswith("unix://"):
            return [binary, "--port", "0", "--unixsocket", self.redis_url.removeprefix("unix://"), *options]
        return [binary, "--port", self.redis_url.rpartition(":")[2].partition("/")[0], "--bind", "127.0.0.1", *options]

    def _broker_answers(self) -> bool:
        with suppress(redis.RedisError, OSError), redis.Redis.from_url(self.redis_url, socket_timeout=1) as client:
            return bool(client.ping())
        return False


@contextmanager
def standing(kind: str, logs: Path, ablation: str = "") -> Iterator[Deck]:
    """A stack of this kind, migrated and up, its logs in a folder that stays; Unavailable says what it would need."""
    if shutil.which("redis-server") is None:
        raise Unavailable("No redis-server on PATH.")
    with ExitStack() as undo:
        folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix=f"tapedeck-faults-{kind}-")))
        settings = {**SETTINGS, points.FOLDER: str(folder / "points"), points.ABLATION: ablation}
        environment = environment_of(folder / "data", settings)
        (folder / "points").mkdir()
        cluster = None
        if kind == "served":
            cluster = Cluster()
            undo.callback(cluster.remove)
            environment["DATABASE_URL"] = cluster.url
            environment["REDIS_URL"] = redis_url = f"redis://127.0.0.1:{free_port()}/0"
            tables: Tables = PostgresTables(cluster.url)
        else:
            socket = embedded_broker(environment)[1]
            socket.parent.mkdir(mode=0o700, exist_ok=True)
            undo.callback(shutil.rmtree, socket.parent, ignore_errors=True)
            redis_url = f"unix://{socket}"
            tables = SqliteTables(folder / "data" / "db.sqlite3")
        Stack(kind, folder, environment).manage("migrate", "--verbosity", "0")
        nursery = Nursery(environment, logs / "nursery.log")
        deck = Deck(kind, logs, free_port(), environment, tables, redis_url, nursery, cluster)
        undo.callback(deck.close)
        deck.start_broker()
        for name in (*WORKERS, "beat", "web"):
            deck.start(name)
        deck.wait_for_web()
        yield deck


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
