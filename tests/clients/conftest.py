"""One server of real processes for all tests of the clients that need one."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tapedeck_client import Tapedeck
from tests.acceptance.client import PASSWORD, Person
from tests.conftest import as_csv, random_bars
from tests.stack import ROOT, Stack, running

BARS = 600


@pytest.fixture(scope="session")
def deck() -> Iterator[Stack]:
    with running("embedded") as made:
        yield made


@pytest.fixture(scope="module")
def person(deck: Stack) -> Iterator[Person]:
    """A stranger's program that knows the documents only: what it reads is what the clients have to read."""
    made = Person(deck)
    yield made
    made.http.close()


@pytest.fixture(scope="module")
def client(person: Person) -> Iterator[Tapedeck]:
    """Signed in as that person."""
    with Tapedeck(person.stack.url) as made:
        made.login(person.email, PASSWORD)
        yield made


@pytest.fixture(scope="module")
def bars_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Minutes of ten hours of 2024-01-01."""
    path = tmp_path_factory.mktemp("bars") / "minutes.csv"
    path.write_bytes(as_csv(random_bars(BARS)))
    return path


@pytest.fixture
def command(deck: Stack, tmp_path: Path) -> Callable[..., Any]:
    """command(*arguments): the finished process of `tapedeck`, whose home is an empty folder."""

    def run(*arguments: str, stdin: str = "", cwd: Path = tmp_path, **environment: str) -> Any:
        known = {name: value for name, value in os.environ.items() if not name.startswith("TAPEDECK_")}
        client = {"PYTHONPATH": str(ROOT / "clients/python/src"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
        whole = [sys.executable, "-W", "error", "-m", "tapedeck_client", *arguments]
        return subprocess.run(
            whole, input=stdin, capture_output=True, text=True, timeout=60, cwd=cwd,
            env={**known, **client, "TAPEDECK_URL": deck.url, **environment},
        )  # fmt: skip

    return run
