"""Starts the processes of a stack within milliseconds: each is a fork of one that has imported and compiled everything.

`python -m tests.faults.nursery` reads requests, one JSON object a line, and answers each with a process id. When its
input ends, all that it started ends with it.
"""

import gc
import importlib
import json
import os
import runpy
import select
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NoReturn

from tests.faults.groups import kill_group

ROOT = Path(__file__).resolve().parents[2]
LOOK_SECONDS = 0.05
PRELOADED = (
    "celery.apps.beat",
    "celery.apps.worker",
    "celery.bin.celery",
    "celery.concurrency.prefork",
    "apps.runner.run",
    "channels_redis.pubsub",
    "config.asgi",
    "config.urls",
    "django_celery_beat.schedulers",
    "kombu.transport.redis",
)


class Nursery:
    """The one who asks: `start` from any thread."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.nursery"],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                start_new_session=True,
            )
        self._lock = threading.Lock()

    def start(self, log: Path, *arguments: str) -> int:
        """Start `python -m` with these arguments in a session of its own; its process id."""
        request = json.dumps({"log": str(log), "arguments": arguments})
        with self._lock:
            requests: IO[bytes] = self._process.stdin  # type: ignore[assignment]
            answers: IO[bytes] = self._process.stdout  # type: ignore[assignment]
            requests.write(request.encode() + b"\n")
            requests.flush()
            answer = answers.readline()
        if not answer:
            raise RuntimeError("The nursery ended; nursery.log says why.")
        return int(answer)

    def close(self) -> None:
        self._process.stdin.close()  # type: ignore[union-attr]
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()  # type: ignore[union-attr]


def main() -> None:
    _load()
    started: set[int] = set()
    pending = b""
    while True:
        if select.select([0], [], [], LOOK_SECONDS)[0]:
            if not (data := os.read(0, 65536)):
                break
            pending += data
            while b"\n" in pending:
                line, _, pending = pending.partition(b"\n")
                pid = _fork(json.loads(line))
                started.add(pid)
                os.write(1, b"%d\n" % pid)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
    from tests.faults import points

    for pid in started:
        kill_group(pid, f"{points.FOLDER}={os.environ[points.FOLDER]}")


def _load() -> None:
    import django

    django.setup()
    for module in PRELOADED:
        importlib.import_module(module)
    from apps.engine.warm import warm
    from tests.faults import points

    warm()
    points.install()
    gc.collect()
    gc.freeze()


def _fork(request: dict[str, Any]) -> int:
    if pid := os.fork():
        return pid
    try:
        _become(request["log"], request["arguments"])
    finally:
        os._exit(1)


def _become(log: str, arguments: list[str]) -> NoReturn:
    os.setsid()
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    # a flag in shared memory would be shared by all workers, which are never forks of one process in real life
    importlib.reload(sys.modules["apps.runner.handover"])
    sys.argv = list(arguments)
    code: Any = 0
    try:
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code
        if isinstance(code, str):
            print(code, file=sys.stderr)
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    main()
