"""The first command of the README, as a newcomer runs it: one process that starts, shows, stops and starts again."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.setup.processes import descendants, is_alive, only_linux, wait_until

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.acceptance, pytest.mark.slow, pytest.mark.timeout(400)]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class Demo:
    """`manage.py demo` in a process of its own, and what it said so far."""

    def __init__(self, folder: Path, *arguments: str, port: int | None = None) -> None:
        self.port = port or free_port()
        # what the suite sets for itself is not what a newcomer has; an empty value also goes before a developer's .env
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TAPEDECK_")},
            "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
            "REDIS_URL": "",
            "EMBEDDED_BROKER": "redis",
            "NO_BOOTSTRAP": "1",
        }
        del environment["SECRET_KEY"]
        command = [sys.executable, "manage.py", "demo", f"--port={self.port}", f"--data-dir={folder}", *arguments]
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.said = ""

    def wait_for_greeting(self) -> float:
        """Seconds until it was up; the output is read to the last line of the greeting."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            if "one to watch" in line:
                return time.monotonic() - self.started_at
        raise AssertionError(f"no greeting: {self.said}")

    def shown(self, name: str) -> str:
        found = re.search(rf"^    {name} +(\S.*)$", self.said, re.MULTILINE)
        assert found, self.said
        return found[1]

    def end(self, number: signal.Signals) -> None:
        self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=30)
        self.said += rest


@contextmanager
def signed_in(demo: Demo) -> Iterator[httpx.Client]:
    """A browser's session, signed in by the form."""
    with httpx.Client(base_url=f"http://127.0.0.1:{demo.port}", timeout=20) as client:
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get("/sign-in/").text)
        assert token
        fields = {"username": demo.shown("user"), "password": demo.shown("password"), "csrfmiddlewaretoken": token[1]}
        answer = client.post("/sign-in/", data=fields, headers={"Referer": str(client.base_url)})
        assert answer.status_code == 302, answer.text
        yield client


def status_of(client: httpx.Client, page: str) -> dict[str, Any]:
    execution_id = page.rstrip("/").rpartition("/")[2]
    answer = client.get(f"/api/trading/executions/{execution_id}/status/")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def start(folder: Path) -> Iterator[Any]:
    demos: list[Demo] = []

    def start(*arguments: str, **more: Any) -> Demo:
        demos.append(Demo(folder, *arguments, **more))
        return demos[-1]

    yield start
    for demo in demos:
        demo.process.terminate()
        demo.process.wait(timeout=30)
        demo.process.stdout.close()


def assert_nothing_outlives(demo: Demo, number: signal.Signals) -> None:
    processes = descendants(demo.process.pid)
    assert len(processes) >= 4  # broker, worker, web, beat

    demo.end(number)

    wait_until(lambda: not any(is_alive(pid) for pid in processes))


@only_linux
def test_a_newcomer_sees_a_finished_run_and_a_running_one_today_and_tomorrow(start, folder, record_property):
    first = start()
    first_seconds = first.wait_for_greeting()
    with signed_in(first) as client:
        assert status_of(client, first.shown("a finished back-test"))["status"] == "completed"
        running = status_of(client, first.shown("one to watch"))
        assert running["status"] == "running"
        assert client.get(first.shown("a finished back-test")).status_code == 200
        assert client.get(first.shown("one to watch")).status_code == 200

    assert_nothing_outlives(first, signal.SIGKILL)

    again = start()
    again_seconds = again.wait_for_greeting()
    again.said = again.said.replace(again.shown("password"), first.shown("password"))
    with signed_in(again) as client:
        watched = first.shown("one to watch")
        wait_until(lambda: status_of(client, watched)["progress"] > running["progress"], seconds=30)
    assert_nothing_outlives(again, signal.SIGINT)
    assert again.process.returncode == 0, again.said
    assert "Traceback" not in first.said + again.said

    record_property("seconds to the first greeting", round(first_seconds, 1))
    record_property("seconds to the second greeting", round(again_seconds, 1))
    print(f"\nup after {first_seconds:.1f} s, at the second start after {again_seconds:.1f} s")


def test_a_folder_with_other_things_in_it_is_refused(start, folder):
    folder.mkdir()
    (folder / "thesis.txt").write_text("all my work")

    demo = start()
    output, _ = demo.process.communicate(timeout=60)

    assert demo.process.returncode == 1
    assert "is not empty and not made by Tapedeck" in output
    assert "Traceback" not in output
    assert {path.name for path in folder.iterdir()} == {"thesis.txt"}


def test_a_used_port_is_refused_before_anything_is_made(start, folder):
    with socket.create_server(("127.0.0.1", 0)) as server:
        demo = start(port=server.getsockname()[1])
        output, _ = demo.process.communicate(timeout=60)

    assert demo.process.returncode == 1
    assert "Address already in use" in output
    assert not folder.exists()
