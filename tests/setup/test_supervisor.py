"""Child processes live and die together."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.runner.supervisor import Program, StartFailed, Supervisor
from tests.setup.processes import is_alive, only_linux, wait_until

PATIENT = "import time\nwhile True: time.sleep(0.05)"
STUBBORN = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\n" + PATIENT


def program(name: str, script: str, **more: object) -> Program:
    return Program(name, [sys.executable, "-c", script], **more)  # type: ignore[arg-type]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, said: list[str]) -> Iterator[Supervisor]:
    supervisor = Supervisor(tmp_path / "logs", os.environ, said.append)
    yield supervisor
    supervisor.stop()


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def test_programs_stop_in_reverse_order_of_their_start(supervisor, tmp_path):
    farewell = "import signal, sys, time\ndef end(*_):\n open({0!r}, 'a').write({1!r} + '\\n'); sys.exit()\n"
    farewell += "signal.signal(signal.SIGTERM, end)\nprint('up', flush=True)\n" + PATIENT
    order = tmp_path / "order"
    for name in ("broker", "worker", "web"):
        supervisor.start(program(name, farewell.format(str(order), name)))
    wait_until(lambda: all(lines(child.log) for child in supervisor.children))

    supervisor.stop()

    assert lines(order) == ["web", "worker", "broker"]


def test_waiting_ends_when_every_program_serves(supervisor, tmp_path):
    sign = tmp_path / "sign"
    supervisor.start(program("web", f"open({str(sign)!r}, 'w')\n" + PATIENT, is_ready=sign.exists))

    supervisor.wait_until_ready()

    assert sign.exists()


def test_a_program_that_ends_at_its_start_is_named_with_its_last_words(supervisor):
    supervisor.start(program("worker", "print('no such queue'); raise SystemExit(3)"))
    supervisor.start(program("web", PATIENT, is_ready=lambda: False))

    with pytest.raises(StartFailed, match=r"worker ended with code 3[^$]*no such queue"):
        supervisor.wait_until_ready()


def test_a_program_that_dies_is_started_again_and_it_is_said(supervisor, said, tmp_path):
    starts = tmp_path / "starts"
    script = f"import os\nopen({str(starts)!r}, 'a').write(str(os.getpid()) + '\\n')\nprint('here', flush=True)\n"
    supervisor.start(program("worker", script + PATIENT))
    wait_until(lambda: len(lines(starts)) == 1)

    os.kill(int(lines(starts)[0]), signal.SIGKILL)
    supervisor.watch(until=lambda: len(lines(starts)) == 2)

    assert len(said) == 1
    assert said[0].startswith("worker was ended by SIGKILL; it is started again in 0.5 s.")
    assert "here" in said[0]


def test_restarts_come_slower_and_slower(supervisor, said, monkeypatch):
    monkeypatch.setattr("apps.runner.supervisor.BACK_OFF_SECONDS", (0.01, 0.02, 0.03))
    supervisor.start(program("worker", "raise SystemExit(1)"))

    supervisor.watch(until=lambda: len(said) == 4)

    assert [text.split(" in ")[1].split(" s.")[0] for text in said] == ["0.01", "0.02", "0.03", "0.03"]


@only_linux
def test_a_program_that_does_not_stop_is_killed_with_its_children(supervisor, tmp_path):
    pids = tmp_path / "pids"
    script = f"import os\nos.fork()\nopen({str(pids)!r}, 'a').write(str(os.getpid()) + '\\n')\n"
    supervisor.start(program("worker", script + STUBBORN, patience_seconds=0.2))
    wait_until(lambda: len(lines(supervisor.children[0].log)) == 2)

    supervisor.stop()

    wait_until(lambda: not any(is_alive(int(pid)) for pid in lines(pids)))


@only_linux
def test_what_a_program_leaves_behind_is_killed_too(supervisor, tmp_path):
    child = tmp_path / "child"
    script = f"import os\nif os.fork():\n os._exit(0)\nopen({str(child)!r}, 'w').write(str(os.getpid()))\n" + PATIENT
    supervisor.start(program("worker", script))
    wait_until(lambda: lines(child))

    supervisor.stop()

    wait_until(lambda: not is_alive(int(lines(child)[0])))


@only_linux
def test_no_program_outlives_a_killed_supervisor(tmp_path):
    pid = tmp_path / "pid"
    child = f"import os\nopen({str(pid)!r}, 'w').write(str(os.getpid()))\n" + PATIENT
    script = (
        "import os, sys\nfrom pathlib import Path\nfrom apps.runner.supervisor import Program, Supervisor\n"
        f"supervisor = Supervisor(Path({str(tmp_path)!r}), os.environ, print)\n"
        f"supervisor.start(Program('worker', [sys.executable, '-c', {child!r}]))\nsupervisor.watch()\n"
    )
    root = Path(__file__).resolve().parents[2]
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=root)
    wait_until(lambda: lines(pid))

    parent.kill()
    parent.wait()

    wait_until(lambda: not is_alive(int(lines(pid)[0])))


def test_a_request_to_stop_ends_the_watch_and_a_second_one_the_patience(supervisor):
    supervisor.start(program("worker", STUBBORN, patience_seconds=60))
    wait_until(lambda: lines(supervisor.children[0].log))
    supervisor._request_stop()
    supervisor.watch()

    started = time.monotonic()
    threading.Timer(0.2, supervisor._request_stop).start()
    supervisor.stop()

    assert time.monotonic() - started < 5


def test_a_long_log_is_set_aside(supervisor, monkeypatch):
    monkeypatch.setattr("apps.runner.supervisor.LOG_BYTES", 100)
    supervisor.start(program("web", "print('x' * 200, flush=True)\n" + PATIENT))
    log = supervisor.children[0].log
    older = log.with_suffix(".log.1")

    supervisor.watch(until=older.exists)

    assert lines(older) == ["x" * 200]
    assert lines(log) == []
