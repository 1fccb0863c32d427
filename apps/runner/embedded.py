"""A whole server on one machine: broker, worker and web, started and watched by one command."""

import os
import shutil
import socket
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from apps.errors import Conflict, Invalid
from apps.executions import messages
from apps.executions.models import Execution, Status
from apps.runner.supervisor import Program, Supervisor

PORTS_TO_TRY = 100
WORKER_PATIENCE_SECONDS = 3.0  # what is cut off then goes on from its last recorded row


class AddressRefused(Conflict):
    code = "address_refused"


def serve(host: str, port: int, say: Callable[[str], None], when_up: Callable[[Supervisor], None]) -> None:
    """Run until a signal asks for the end; `when_up` is called once, when the web server answers.

    Raises StartFailed when a program does not come up. Nothing that was started outlives this call.
    """
    supervisor = Supervisor(settings.DATA_DIR / "logs", _environment(host), say)
    supervisor.listen()
    Path(settings.STATIC_ROOT).mkdir(exist_ok=True)
    try:
        if settings.EMBEDDED:
            _start_broker(supervisor)
            _send_again()
        supervisor.start(_worker())
        supervisor.start(_web(host, port))
        supervisor.wait_until_ready()
        supervisor.start(_beat())
        if not supervisor.stop_requests:
            when_up(supervisor)
        supervisor.watch()
        say("stopping")
    finally:
        supervisor.stop()
        shutil.rmtree(settings.EMBEDDED_SOCKET.parent, ignore_errors=True)


def refuse_used_address(host: str, port: int) -> None:
    """AddressRefused when nobody can listen there; for a used port it proposes a free one."""
    try:
        _bind(host, port)
    except OSError as error:
        reason = f"Cannot listen on {host} port {port}: {os.strerror(error.errno or 0)}."
        for other in range(max(port, 1024) + 1, min(port + PORTS_TO_TRY, 65_536)):
            with suppress(OSError):
                _bind(host, other)
                raise AddressRefused(f"{reason} Port {other} is free: --port {other}") from None
        raise AddressRefused(reason) from None


def _bind(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the web server will
        listener.bind((host, port))


def _environment(host: str) -> dict[str, str]:
    """What the programs find in their environment; the machine's own names are allowed where others may ask."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "config.settings"),
        "TAPEDECK_DATA_DIR": str(settings.DATA_DIR),
        "PYTHONUNBUFFERED": "1",
    }
    if "ALLOWED_HOSTS" not in os.environ:
        environment["ALLOWED_HOSTS"] = ",".join({*settings.ALLOWED_HOSTS, host, socket.gethostname()})
    return environment


def _start_broker(supervisor: Supervisor) -> None:
    if settings.EMBEDDED_BROKER != "redis":
        return  # the filesystem broker is a folder, which the settings have made
    address: Path = settings.EMBEDDED_SOCKET
    _make_private(address.parent)
    command = [str(settings.EMBEDDED_REDIS_BINARY), "--port", "0"]  # no network: only this user reaches the socket
    command += ["--unixsocket", str(address), "--unixsocketperm", "700", "--dir", str(address.parent)]
    command += ["--save", "", "--appendonly", "no"]  # the database is the truth; at a start it is all sent again
    command += ["--maxmemory-policy", "noeviction"]
    supervisor.start(Program("redis", command, is_ready=lambda: _answers_ping(address)))
    supervisor.wait_until_ready()


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise Invalid(f"{folder} is open to other users of this machine; remove it, or set TMPDIR to another folder.")


def _answers_ping(address: Path) -> bool:
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(1.0)
        client.connect(str(address))
        client.sendall(b"PING\r\n")
        return client.recv(16).startswith(b"+PONG")
    return False


def _send_again() -> None:
    """Send every execution that should be running: no worker of an earlier start is alive, whatever its lease says."""
    unfinished = Execution.objects.filter(status__in=(Status.CREATED, Status.RUNNING))
    unfinished.update(lease_until=None)
    for execution_id in unfinished.values_list("pk", flat=True):
        messages.send(execution_id)


def _worker() -> Program:
    queues = ",".join(sorted({settings.CELERY_TASK_DEFAULT_QUEUE, *_routed_queues()}))
    options = [f"--queues={queues}", f"--concurrency={os.cpu_count()}", "--loglevel=INFO"]
    options += ["--without-gossip", "--without-mingle"]  # there is no other worker to talk to
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", *options]
    return Program("worker", command, patience_seconds=WORKER_PATIENCE_SECONDS)


def _beat() -> Program:
    # not within the worker, where it would outlive a worker that is killed
    return Program("beat", [sys.executable, "-m", "celery", "-A", "config", "beat", "--pidfile=", "--loglevel=INFO"])


def _routed_queues() -> set[str]:
    return {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()}


def _web(host: str, port: int) -> Program:
    command = [sys.executable, "-m", "daphne", "-v", "0", "-b", host, "-p", str(port), "config.asgi:application"]
    return Program("web", command, is_ready=lambda: _listens(host, port))


def _listens(host: str, port: int) -> bool:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - read, not listened on
    with suppress(OSError), socket.create_connection((reachable, port), timeout=1.0):
        return True
    return False
