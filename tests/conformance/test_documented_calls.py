"""The document's own lines, given to a shell as they are: only host, token and id are this server's."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.client import Person
from tests.conftest import as_csv, random_bars
from tests.stack import running

pytestmark = pytest.mark.acceptance
MORNING = 1_768_208_400_000_000  # 2026-01-12T09:00:00Z in microseconds: the examples ask for 10:00 to 12:00
MEMBERS = ("events", "trades", "equity_curve")


@pytest.fixture(scope="module")
def lines(shared: Path) -> list[str]:
    """Every example of the document that calls curl, continuation lines included."""
    document = shared / "spec" / "documents" / "trading_system.md"
    if not document.exists():
        pytest.skip("The document of the native surface is not in the folder that TAPEDECK_SHARED names.")
    blocks = re.findall(r"```bash\n(.*?)```", document.read_text(), re.DOTALL)
    return [block for block in blocks if block.startswith("curl ")]


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Person, int]]:
    """A person on a live server, and an execution of the morning that the examples ask about."""
    if shutil.which("curl") is None:
        pytest.skip("No curl on PATH.")
    path = tmp_path_factory.mktemp("bars") / "morning.csv"
    path.write_bytes(as_csv(random_bars(300, start=MORNING)))
    with running("embedded") as stack:
        person = Person(stack)
        dataset = person.upload(path, symbol="EUR_USD", timeframe="60", kind="forex")
        execution = person.start(person.save_task(person.configure("sma_cross", fast=3, slow=8), dataset))
        assert person.wait(execution)["status"] == "completed"
        yield person, execution
        person.http.close()


def played(line: str, person: Person, execution: int, folder: Path) -> tuple[int, Any]:
    """Status and body that the line gets when a shell runs it; curl's own settings make it tell the status."""
    (folder / ".curlrc").write_text('silent\nshow-error\nwrite-out = "\\n%{http_code}"\n')
    token = person.http.headers["Authorization"].partition(" ")[2]
    line = line.replace("https://api.example.com", person.stack.url).replace("your_jwt_token", token)
    line = line.replace("/executions/123/", f"/executions/{execution}/")
    environment = {**os.environ, "CURL_HOME": str(folder), "HOME": str(folder), "no_proxy": "127.0.0.1"}
    answer = subprocess.run(["sh", "-c", line], env=environment, capture_output=True, text=True, timeout=60)
    assert answer.returncode == 0, answer.stderr
    body, _, status = answer.stdout.rpartition("\n")
    return int(status), json.loads(body)


@pytest.mark.case("T77")
def test_every_call_of_the_document_answers_with_rows(
    lines: list[str], seeded: tuple[Person, int], tmp_path: Path
) -> None:
    person, execution = seeded

    answers = [played(line, person, execution, tmp_path) for line in lines]

    assert len(lines) >= 9
    for line, (status, body) in zip(lines, answers, strict=True):
        assert status == 200, (line, body)
        assert body["execution_id"] == execution
        if "event_type=" in line:
            assert {row["event_type"] for row in body["events"]} == {"trade_executed"}
        if "direction=" in line:
            assert {row["trade"]["direction"] for row in body["trades"]} == {"long"}
        if "start_time=" in line:
            assert body["count"] == 121
        if "since_sequence=" in line:
            assert all(row["sequence"] > 50 for row in body["events"])
        for member in MEMBERS:
            assert body.get(member) != [], line
