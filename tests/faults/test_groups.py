"""A number that somebody else has by now is left alone."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator

import pytest

from tests.faults.groups import kill_group

MARK = "TAPEDECK_TEST_MARK"


@pytest.fixture
def sleeper() -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """sleeper(value): a process in a group of its own, marked with the value."""
    started: list[subprocess.Popen[bytes]] = []

    def start(value: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, MARK: value}
        started.append(subprocess.Popen(["sleep", "60"], env=environment, start_new_session=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_a_group_of_ours_is_killed(sleeper: Callable[[str], subprocess.Popen[bytes]]) -> None:
    process = sleeper("ours")

    assert kill_group(process.pid, f"{MARK}=ours")
    assert process.wait(10) == -signal.SIGKILL


def test_a_group_of_somebody_else_lives_on(sleeper: Callable[[str], subprocess.Popen[bytes]]) -> None:
    process = sleeper("theirs")

    assert not kill_group(process.pid, f"{MARK}=ours")
    assert process.poll() is None


def test_a_group_that_is_gone_is_no_error(sleeper: Callable[[str], subprocess.Popen[bytes]]) -> None:
    process = sleeper("ours")
    process.kill()
    process.wait()

    assert not kill_group(process.pid, f"{MARK}=ours")
