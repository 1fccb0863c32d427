"""Processes die, messages come twice: the tape is that of an undisturbed run."""

import os
import signal
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


def test_a_stopped_worker_hands_over_at_once(stack: Stack, person: Person, tasks: tuple[int, int]) -> None:
    undisturbed = person.start(tasks[0])
    person.wait(undisturbed)
    execution = person.start(tasks[1])
    person.wait(execution, "running", processed=BARS // 3)

    stack.start_worker("successor")
    stack.stop("worker")
    stack.processes["worker"] = stack.processes.pop("successor")

    assert person.wait(execution)["status"] == "completed"
    assert tape(person, execution) == tape(person, undisturbed)


def test_a_worker_that_sleeps_past_its_lease_writes_nothing_when_it_wakes(
    stack: Stack, person: Person, tasks: tuple[int, int]
) -> None:
    undisturbed = person.start(tasks[0])
    person.wait(undisturbed)
    execution = person.start(tasks[1])
    person.wait(execution, "running", processed=BARS // 5)
    sleepers = stack.worker_children()

    for child in sleepers:
        os.kill(child, signal.SIGSTOP)
    stack.start_worker("second")
    person.wait(execution, "running", processed=BARS // 3)
    for child in sleepers:
        os.kill(child, signal.SIGCONT)

    assert person.wait(execution)["status"] == "completed"
    assert tape(person, execution) == tape(person, undisturbed)
    stack.stop("second")


def test_a_flushed_broker_loses_no_execution(stack: Stack, person: Person, tasks: tuple[int, int]) -> None:
    stack.stop("worker")
    execution = person.start(tasks[0])

    stack.manage("shell", "-c", "from config.celery import app; print(app.control.purge())")
    stack.start_worker()

    assert person.wait(execution)["status"] == "completed"
    assert len(tape(person, execution)["equity"]) == BARS
