"""The examples of the README run from top to bottom against a server."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.client import PASSWORD
from tests.stack import ROOT, Stack

pytestmark = pytest.mark.acceptance
README = ROOT / "clients" / "python" / "README.md"
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ADDRESS, EMAIL = "http://127.0.0.1:8000", "olga@example.org"


def test_its_examples_run(
    deck: Stack, bars_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Callable[..., Any]
) -> None:
    text = README.read_text().replace(ADDRESS, deck.url)
    httpx.post(
        f"{deck.url}/api/accounts/auth/register/", json={"email": EMAIL, "password": PASSWORD}
    ).raise_for_status()
    (tmp_path / "eurusd.csv").write_bytes(bars_file.read_bytes())
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {"__name__": "readme"}

    for block in PYTHON.finditer(text):
        lines_before = text.count("\n", 0, block.start(1))  # so that an error names the line of the page
        exec(compile("\n" * lines_before + block[1], str(README), "exec"), namespace)
    namespace["client"].close()
    namespace["hasty"].close()

    assert namespace["status"].status == "completed"
    assert 2 <= len(namespace["curve"]) <= 50
    assert namespace["last"].sequence > 40
    lines = CONSOLE.findall(text)[0].splitlines()
    numbers = {"3": str(namespace["again"].id + 2), "1": str(namespace["execution"].id)}
    for line in lines:
        words = shlex.split(line.removeprefix("$ tapedeck").partition(" > ")[0])
        words = [numbers.get(word, word) for word in words]
        done = command(*words, stdin=f"{PASSWORD}\n", cwd=tmp_path)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    assert len((tmp_path / "equity.ndjson").read_text().splitlines()) == 600


def test_it_names_every_exit_code_and_exception() -> None:
    import tapedeck_client
    from tapedeck_client import cli

    text = README.read_text()
    codes = {cli.DONE, cli.RUN_FAILED, cli.REFUSED, cli.NOT_SIGNED_IN, cli.UNREACHABLE, cli.INTERRUPTED}
    exceptions = [
        name
        for name in tapedeck_client.__all__
        if isinstance(kind := getattr(tapedeck_client, name), type) and issubclass(kind, Exception)
    ]

    assert all(f" {code} " in text.partition("Exit codes:")[2] for code in codes)
    assert [
        name for name in exceptions if f"`{name}`" not in text and name not in text.partition("| exception")[0]
    ] == []
