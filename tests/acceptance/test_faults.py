"""Processes die, messages come twice: the tape is that of an undisturbed run."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.client import JOURNALS, Person
from tests.conftest import as_csv, random_bars
from tests.stack import Stack

pytestmark = pytest.mark.acceptance
BARS = 1500
PACE = 300


@pytest.fixture
def tasks(person: Person, tmp_path: Path) -> tuple[int, int]:
    """The same back-test twice: as fast as it goes, and taking five seconds."""
    path = tmp_path / "minutes.csv"
    path.write_bytes(as_csv(random_bars(BARS)))
    dataset, config = person.upload(path, symbol="XYZ", timeframe="60"), person.configure("sma_cross", fast=3, slow=8)
    return person.save_task(config, dataset), person.save_task(config, dataset, bars_per_second=PACE)


def tape(person: Person, execution: int) -> dict[str, list[Any]]:
    """All rows without the times at which they were written; asserts that no number is missing or double."""
    rows = {journal: person.rows(execution, journal) for journal in JOURNALS}
    for journal in JOURNALS:
        assert [row["sequence"] for row in rows[journal]] == list(range(1, len(rows[journal]) + 1)), journal
    market = [row for row in rows["events"] if row["event_type"] != "status_changed"]
    return {
        "events": [(row["event_type"], row["timestamp"], row["event"]) for row in market],
        "trades": [row["trade"] for row in rows["trades"]],
        "equity": [(point["timestamp"], point["balance"]) for point in rows["equity"]],
    }


def test_a_killed_worker_child_costs_no_row(stack: Stack, person: Person, tasks: tuple[int, int]) -> None:
    undisturbed = person.start(tasks[0])
    person.wait(undisturbed)
    execution = person.start(tasks[1])

    for part in (0.2, 0.5):
        person.wait(execution, "running", processed=int(BARS * part))
        for child in stack.worker_children():
            os.kill(child, signal.SIGKILL)

    assert person.wait(execution)["status"] == "completed"
    assert tape(person, execution) == tape(person, undisturbed)


def test_a_killed_worker_is_replaced_by_the_next(stack: Stack, person: Person, tasks: tuple[int, int]) -> None:
    undisturbed = person.start(tasks[0])
    person.wait(undisturbed)
    execution = person.start(tasks[1])
    person.wait(execution, "running", processed=BARS // 3)

    os.killpg(stack.processes["worker"].pid, signal.SIGKILL)
    stack.stop("worker")
    stack.start_worker()

    assert person.wait(execution)["status"] == "completed"
    assert tape(person, execution) == tape(person, undisturbed)


def test_a_stopped_worker_hands_over_what_it_has_in_hand(stack: Stack, person: Person, tasks: tuple[int, int]) -> None:
    undisturbed = person.start(tasks[0])
    person.wait(undisturbed)
    person.call("patch", f"/api/trading/backtest-tasks/{tasks[1]}/", 200, json={"bars_per_second": PACE / 3})
    execution = person.start(tasks[1])
    person.wait(execution, "running", processed=BARS // 10)

    stack.start_worker("successor")
    asked = time.monotonic()
    code = stack.stop("worker")
    waited = time.monotonic() - asked
    stack.processes["worker"] = stack.processes.pop("successor")

    assert (code, person.status(execution)["status"]) == (0, "running")
    assert waited < 8
    assert person.wait(execution)["status"] == "completed"
    assert tape(person, execution) == tape(person, undisturbed)


def test_a_worker_that_sleeps_past_its_lease_writes_nothing_when_it_wakes(
    stack: Stack, person: Person, tasks: tuple[int, int]
) -> None:
    if stack.kind == "embedded":
        pytest.skip("A process that is stopped while it holds SQLite's lock stops everybody: there is no server.")
    undisturbed = person.start(tasks[0])
    person.wait(undisturbed)
    execution = person.start(tasks[1])
    person.wait(execution, "running", processed=BARS // 5)

    with asleep(stack.worker_children()):
        stack.start_worker("second")
        person.wait(execution, "running", processed=BARS // 3, seconds=90)
    person.wait(execution)
    stack.stop("second")

    assert person.status(execution)["status"] == "completed"
    assert tape(person, execution) == tape(person, undisturbed)


@contextmanager
def asleep(processes: list[int]) -> Iterator[None]:
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


def test_a_flushed_broker_loses_no_execution(stack: Stack, person: Person, tasks: tuple[int, int]) -> None:
    stack.stop("worker")
    execution = person.start(tasks[0])

    stack.manage("shell", "-c", "from config.celery import app; print(app.control.purge())")
    stack.start_worker()

    assert person.wait(execution)["status"] == "completed"
    assert len(tape(person, execution)["equity"]) == BARS
