"""The whole server as real processes: broker, web server, worker, beat, in one of the two ways it is run.

`embedded` needs nothing but this machine: SQLite and a Redis of its own on a Unix socket. `served` has its own database
on the PostgreSQL and an empty number of the Redis that `tests.services` finds.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
import redis
from psycopg import sql

from tests import services
from tests.limits import NO_LIMITS

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60.0  # seconds for a start on a busy machine
KINDS = ("embedded", "served")


@dataclass
class Stack:
    """Running processes that belong together; `url` is where the web server listens."""

    kind: str
    folder: Path
    environment: dict[str, str]
    port: int = 0
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def start(self, name: str, *command: str) -> None:
        """Start a process in a group of its own, with its log in the stack's folder."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )

    def start_web(self) -> None:
        self.port = free_port()
        daphne = ("-m", "daphne", "-b", "127.0.0.1", "-p", str(self.port), "config.asgi:application")
        self.start("web", sys.executable, *daphne)
        self._wait_for("web", lambda: httpx.get(f"{self.url}/healthz", timeout=5).status_code == 200)

    def start_worker(self, name: str = "worker") -> None:
        worker = ("worker", "-Q", "backtests,default", "-c", "2", "-n", f"{name}@%h")
        self.start(name, sys.executable, "-m", "celery", "-A", "config", *worker)

    def start_beat(self) -> None:
        self.start("beat", sys.executable, "-m", "celery", "-A", "config", "beat", "--pidfile=")

    def worker_children(self, name: str = "worker") -> list[int]:
        """Process ids of a worker's pool."""
        tasks = Path(f"/proc/{self.processes[name].pid}/task")
        children = [(task / "children").read_text().split() for task in tasks.iterdir()]
        return [int(child) for part in children for child in part]

    def manage(self, *arguments: str) -> None:
        """Run a management command to its end; RuntimeError with its words when it fails."""
        command = [sys.executable, "-m", "django", *arguments]
        answer = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True)
        if answer.returncode:
            raise RuntimeError(f"{' '.join(arguments)} failed:\n{answer.stdout}\n{answer.stderr}")

    def logs(self, lines: int = 60) -> str:
        """The last words of every process."""
        parts = []
        for path in sorted(self.folder.glob("*.log")):
            words = path.read_text(errors="replace").splitlines()[-lines:]
            parts.append("\n".join((f"=== {path.name} of the {self.kind} stack", *words)))
        return "\n".join(parts)

    def stop(self, name: str) -> int:
        """Ask a process to end as a service manager does; its exit code. One that does not within 30 s is killed."""
        process = self.processes.pop(name)
        process.terminate()
        try:
            return process.wait(30)
        except subprocess.TimeoutExpired:
            return -signal.SIGKILL
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # also the children that it may have left behind
            process.wait()

    def stop_all(self) -> None:
        for name in reversed(list(self.processes)):
            self.stop(name)

    def _wait_for(self, name: str, is_there: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if self.processes[name].poll() is not None:
                break
            with suppress(httpx.TransportError, redis.RedisError, OSError):
                if is_there():
                    return
            time.sleep(0.05)
        raise RuntimeError(f"{name} did not come up.\n{self.logs()}")


@contextmanager
def running(kind: str, **settings: str) -> Iterator[Stack]:
    """A stack of this kind, migrated and up; `settings` go into its environment. Everything it made is gone after."""
    with ExitStack() as undo:
        folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix=f"tapedeck-{kind}-")))
        stack = Stack(kind, folder, environment_of(folder / "data", settings))
        if kind == "served":
            stack.environment["DATABASE_URL"] = undo.enter_context(_own_database(services.require_postgres()))
            stack.environment["REDIS_URL"] = undo.enter_context(_own_number(services.require_redis()))
        else:
            binary, path = embedded_broker(stack.environment)
            undo.callback(shutil.rmtree, path.parent, ignore_errors=True)
        undo.callback(stack.stop_all)
        if kind == "embedded":
            _start_redis(stack, binary, path)
        stack.manage("migrate", "--verbosity", "0")
        stack.start_worker()
        stack.start_beat()
        stack.start_web()
        yield stack


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment_of(data: Path, settings: dict[str, str]) -> dict[str, str]:
    """What the processes of a stack find in theirs; its folder of data is made."""
    (data / "static").mkdir(parents=True)
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "TAPEDECK_DATA_DIR": str(data),
        "DATABASE_URL": f"sqlite:///{data}/db.sqlite3",
        "REDIS_URL": "",
        "EMBEDDED_BROKER": "redis",
        "LOG_LEVEL": "INFO",
        **NO_LIMITS,
        **settings,
    }


def embedded_broker(environment: dict[str, str]) -> tuple[str, Path]:
    """The Redis server and the socket that the settings name in this environment."""
    question = "from django.conf import settings as s; print(s.EMBEDDED_REDIS_BINARY, s.EMBEDDED_SOCKET, sep='\\n')"
    answer = subprocess.run(
        [sys.executable, "-c", question], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    binary, path = answer.stdout.split()
    if binary == "None":
        services.missing("No redis-server: neither on PATH nor in the environment's packages.")
    return binary, Path(path)


def _start_redis(stack: Stack, binary: str, path: Path) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    options = ("--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(stack.folder))
    stack.start("redis", binary, *options)
    client = redis.Redis(unix_socket_path=str(path))
    stack._wait_for("redis", lambda: bool(client.ping()))
    client.close()


@contextmanager
def _own_database(server: str) -> Iterator[str]:
    """A new, empty database on the server, dropped afterwards."""
    name = f"tapedeck_stack_{os.getpid()}_{time.monotonic_ns() % 10**9}"
    base = server.rpartition("/")[0]
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield f"{base}/{name}"
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def _own_number(server: str) -> Iterator[str]:
    """An empty number of the Redis server, taken by a key so that nobody else takes it, and emptied afterwards."""
    for number in range(15, 0, -1):
        url = f"{server}/{number}"
        with redis.Redis.from_url(url) as client:
            if client.dbsize() or not client.set("taken-by-a-test", os.getpid(), nx=True):
                continue
            try:
                yield url
            finally:
                client.flushdb()
            return
    services.missing("Every number of the Redis server holds something.")
