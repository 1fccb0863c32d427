"""Pauses, endless loops, turns and deploys as their users see them, with strategies of an installed package."""

import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.acceptance.client import Person
from tests.acceptance.test_faults import tape
from tests.conftest import as_csv, random_bars
from tests.stack import KINDS, Stack, running

pytestmark = pytest.mark.acceptance
BARS = 2000
PACKAGE = '''
import time

from apps.engine.strategy import Float, Int, Strategy


class Slow(Strategy):
    """Trades at every fifth bar, and thinks about each."""

    seconds = Float(0.001)

    def on_bar(self):
        if self.index % 5 == 0:
            (self.sell if self.position > 0 else self.buy)(1)
        time.sleep(self.seconds)


class Endless(Strategy):
    """Never comes back from one of its bars."""

    stuck_at = Int(500)

    def on_bar(self):
        while self.index == self.stuck_at:
            pass


class Hung(Strategy):
    """Does not even come back to Python, and keeps every other thread from it."""

    def on_bar(self):
        if self.index == 500:
            sum(range(10**13))
'''
SETTINGS = {
    "LEASE_SECONDS": "3",
    "RESEND_SECONDS": "1",
    "SWEEP_SECONDS": "1",
    "TURN_SECONDS": "1",
    "EXECUTION_MAX_SECONDS_PER_BAR": "1",
}


@pytest.fixture(scope="module", params=KINDS)
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A server with three strategies from a package; short leases, short turns, and little patience."""
    folder = tmp_path_factory.mktemp("package")
    (folder / "stranger.py").write_text(PACKAGE)
    about = folder / "stranger-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    points = "".join(f"{name.lower()} = stranger:{name}\n" for name in ("Slow", "Endless", "Hung"))
    (about / "entry_points.txt").write_text(f"[tapedeck.strategies]\n{points}")
    path = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))
    with running(request.param, PYTHONPATH=path, **SETTINGS) as made:
        yield made


@pytest.fixture
def start(person: Person, tmp_path: Path) -> Callable[..., int]:
    """start(strategy_type, **parameters): the id of an execution on BARS bars."""
    path = tmp_path / "minutes.csv"
    path.write_bytes(as_csv(random_bars(BARS)))
    dataset = person.upload(path, symbol="XYZ", timeframe="60")

    def begin(strategy_type: str, **parameters: Any) -> int:
        return person.start(person.save_task(person.configure(strategy_type, **parameters), dataset))

    return begin


def heads(person: Person, execution: int) -> tuple[int, ...]:
    path = f"/api/trading/executions/{execution}"
    return tuple(person.get(f"{path}/{journal}/", page_size=1)["count"] for journal in ("events", "trades", "equity"))


def said(stack: Stack, event: str, execution: int) -> list[float]:
    """When workers said this of an execution, in seconds."""
    moments = []
    for log in stack.folder.glob("*.log"):
        for line in log.read_text(errors="replace").splitlines():
            with suppress(orjson.JSONDecodeError):
                words = orjson.loads(line)
                if isinstance(words, dict) and (words.get("event"), words.get("execution_id")) == (event, execution):
                    moments.append(datetime.fromisoformat(words["timestamp"]).timestamp())
    return sorted(moments)


def test_a_pause_is_exact_and_takes_hold_at_once(
    stack: Stack, person: Person, start: Any, record_property: Any
) -> None:
    whole, execution = start("slow", seconds=0.0), start("slow", seconds=0.002)
    answers, holds = [], []

    for number in range(8):
        person.wait(execution, "running", processed=100 * number + 50)
        asked = time.time()
        person.call("post", f"/api/trading/executions/{execution}/pause/", 200)
        answered = time.time()
        answers.append(answered - asked)
        at_the_answer = heads(person, execution)
        time.sleep(0.4)
        assert heads(person, execution) == at_the_answer
        holds.append(said(stack, "execution let go", execution)[-1] - answered)
        assert len(holds) == len(said(stack, "execution let go", execution))
        person.call("post", f"/api/trading/executions/{execution}/resume/", 200)

    for name, seconds in (("answer", answers), ("hold", holds)):
        record_property(f"pause_{name}_p50_seconds", round(statistics.median(seconds), 3))
        record_property(f"pause_{name}_max_seconds", round(max(seconds), 3))
    assert statistics.median(holds) <= 0.25
    assert max(holds) <= 1.5  # a busy machine
    assert person.wait(execution)["status"] == "completed"
    assert tape(person, execution) == tape(person, whole)


def test_an_endless_loop_ends_with_its_bar_and_its_line(stack: Stack, person: Person, start: Any) -> None:
    execution = start("endless")

    body = person.wait(execution, seconds=30)

    assert body["status"] == "failed"
    assert (body["failure"]["bar"], body["failure"]["error_type"]) == (500, "TimeLimit")
    assert body["failure"]["file"].endswith("stranger.py")
    assert "bar 500" in body["error_message"]
    assert heads(person, execution)[2] == 500


def words_of_all(stack: Stack) -> str:
    return "".join(path.read_text(errors="replace") for path in sorted(stack.folder.glob("*.log")))


def test_code_that_hangs_takes_its_process_with_it_and_nobody_else(stack: Stack, person: Person, start: Any) -> None:
    hung = start("hung")
    person.wait(hung, "running", processed=100)

    other = start("slow", seconds=0.0)

    assert person.wait(other, seconds=60)["status"] == "completed"
    until = time.monotonic() + 40
    while "Timeout (0:00:11)!" not in (last_words := words_of_all(stack)):  # the worker may be a successor by now
        assert time.monotonic() < until
        time.sleep(0.2)
    line = PACKAGE[: PACKAGE.index("sum(range(")].count("\n") + 1
    assert f'stranger.py", line {line} in on_bar' in last_words
    person.call("post", f"/api/trading/executions/{hung}/stop/", 200)
    assert person.wait(start("slow", seconds=0.0), seconds=60)["status"] == "completed"


def test_long_executions_take_turns(stack: Stack, person: Person, start: Any) -> None:
    whole = start("slow", seconds=0.0)
    person.wait(whole)
    executions = [start("slow") for _ in range(6)]  # of more than two seconds each, and the worker has two hands

    def processed() -> list[int]:
        return [person.get(f"/api/trading/executions/{each}/")["processed"] for each in executions]

    until, done = time.monotonic() + 120, processed()
    while max(done) < BARS:
        assert time.monotonic() < until
        time.sleep(0.1)
        done = processed()

    assert min(done) > 0
    for execution in executions:
        assert person.wait(execution)["status"] == "completed"
        assert tape(person, execution) == tape(person, whole)
    assert any(said(stack, "execution handed over", execution) for execution in executions)


def test_a_deploy_in_the_middle_of_three_executions_costs_seconds_only(
    stack: Stack, person: Person, start: Any
) -> None:
    whole = start("slow", seconds=0.0)
    person.wait(whole)
    executions = [start("slow", seconds=0.002) for _ in range(3)]
    for execution in executions:
        person.wait(execution, "running", processed=100)

    stack.start_worker("successor")
    asked = time.monotonic()
    code = stack.stop("worker")
    waited = time.monotonic() - asked
    stack.processes["worker"] = stack.processes.pop("successor")

    assert (code, waited < 8) == (0, True)
    for execution in executions:
        assert person.wait(execution)["status"] == "completed"
        assert tape(person, execution) == tape(person, whole)
        detail = person.get(f"/api/trading/executions/{execution}/")
        assert detail["duration"] < 40
