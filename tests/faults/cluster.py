"""A PostgreSQL server of the suite's own, in a folder of its own: one that may be crashed, cut and starved."""

import getpass
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.stack import free_port

WAL_SEGMENT_MB = 1
FULL_BYTES = WAL_SEGMENT_MB << 20  # tables cannot grow beyond this while the disk is full, and the log still can
SETTINGS = f"""
listen_addresses = '127.0.0.1'
fsync = off                    # processes die here, machines do not
max_connections = 100
shared_buffers = 64MB
max_wal_size = {64 * WAL_SEGMENT_MB}MB
"""


class Unavailable(Exception):
    """What a stack needs and this machine has not."""


class Cluster:
    """A server on a port of its own, run by an ordinary user: PostgreSQL refuses to be root."""

    def __init__(self) -> None:
        self.programs = _programs()
        self.user = _user()
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="tapedeck-postgresql-"))
        self.data = self.folder / "data"
        if self.user is not None:
            os.chown(self.folder, pwd.getpwnam(self.user).pw_uid, -1)
        options = ["--auth=trust", "--username=tapedeck", "--encoding=UTF8", "--locale=C", "--no-sync"]
        self._run("initdb", "-D", str(self.data), *options, f"--wal-segsize={WAL_SEGMENT_MB}")
        own = f"port = {self.port}\nunix_socket_directories = '{self.folder}'\n"
        with (self.data / "postgresql.conf").open("a") as configuration:
            configuration.write(SETTINGS + own)
        self.start()

    @property
    def url(self) -> str:
        return f"postgres://tapedeck@127.0.0.1:{self.port}/postgres"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def start(self) -> None:
        self._run("pg_ctl", "-D", str(self.data), "-l", str(self.log), "-w", "start")

    def crash(self) -> None:
        """Stop at once, as a crash does: the next start recovers."""
        with suppress(subprocess.CalledProcessError):
            self._run("pg_ctl", "-D", str(self.data), "-m", "immediate", "-w", "stop")

    def fill_disk(self) -> None:
        """Let no file grow beyond FULL_BYTES, for the server and the sessions that it has and will have."""
        self._limit(str(FULL_BYTES))

    def free_disk(self) -> None:
        self._limit("unlimited")

    def remove(self) -> None:
        self.crash()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _limit(self, size: str) -> None:
        """The soft limit of files' sizes, of the server and of all its processes."""
        server = int((self.data / "postmaster.pid").read_text().split()[0])
        for pid in (server, *children_of(server)):
            with suppress(subprocess.CalledProcessError):  # it has ended meanwhile
                self._become(["prlimit", f"--pid={pid}", f"--fsize={size}:"])

    def _run(self, program: str, *arguments: str) -> None:
        self._become([str(self.programs / program), *arguments])

    def _become(self, command: list[str]) -> None:
        options: dict[str, Any] = {"user": self.user} if self.user else {}
        with (self.folder / "commands.log").open("ab") as log:
            streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
            subprocess.run(command, cwd=self.folder, check=True, timeout=60, **streams, **options)


def _programs() -> Path:
    """The folder of initdb and pg_ctl: of PATH, else the newest that Debian keeps apart."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    kept = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not kept:
        raise Unavailable("No PostgreSQL server programs: neither on PATH nor under /usr/lib/postgresql.")
    return kept[-1].parent


def _user() -> str | None:
    """Whom root becomes to run the server; None when this process may run it as it is."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            pwd.getpwnam(name)
            return name
    raise Unavailable(f"PostgreSQL does not run as {getpass.getuser()}, and there is no other user.")


def children_of(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def wait_until(is_true: Any, what: str, seconds: float = 60.0) -> None:
    """Ask again and again; RuntimeError when it stays untrue."""
    until = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > until:
            raise RuntimeError(f"{what} took more than {seconds:g} s.")
        time.sleep(0.02)
