"""What the tools say about the code: style, types, storeys, migrations."""

import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = {
    "ruff finds nothing": ["-m", "ruff", "check", "."],
    "ruff would format nothing": ["-m", "ruff", "format", "--check", "."],
    "mypy is content": ["-m", "mypy", "apps", "config"],
    "rooms import only rooms below": ["-c", "from importlinter.cli import lint_imports_command as c; c()"],
    "no migration is missing": ["-m", "django", "makemigrations", "--check", "--dry-run"],
    "the system checks pass": ["-m", "django", "check", "--fail-level", "ERROR"],
}


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS.keys())
def test_tool(arguments: list[str], root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "config.settings")

    answer = subprocess.run([sys.executable, *arguments], cwd=root, capture_output=True, text=True)

    assert answer.returncode == 0, f"{answer.stdout}\n{answer.stderr}"
