"""What a web process may know, how long a file may be, what a room may be called."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

MAX_LINES = 400
DEMANDED = {"config/postgresql/base.py"}  # Django finds a database by this name
SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "core", "base", "misc"}
WEB_PROCESS = """
import json, sys
import django
django.setup()
from django.urls import get_resolver
get_resolver().url_patterns
import config.asgi
heavy = ("pandas", "numba", "llvmlite", "ccxt", "pyarrow")
print(json.dumps(sorted(name for name in heavy if name in sys.modules)))
"""


def sources(root: Path) -> Iterator[Path]:
    for room in ("apps", "config", "tests"):
        yield from (path for path in (root / room).rglob("*.py") if "__pycache__" not in path.parts)


def test_a_web_process_imports_nothing_heavy(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "config.settings")

    answer = subprocess.run([sys.executable, "-c", WEB_PROCESS], cwd=root, capture_output=True, text=True)

    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout.splitlines()[-1]) == []


def test_no_file_is_too_long_to_hold_in_the_head(root: Path) -> None:
    lengths = {path.relative_to(root): len(path.read_text().splitlines()) for path in sources(root)}

    assert {str(path): length for path, length in lengths.items() if length > MAX_LINES} == {}


def test_no_room_or_module_has_a_name_that_says_nothing(root: Path) -> None:
    own = [path for path in sources(root) if str(path.relative_to(root)) not in DEMANDED]
    names = {path: {*path.relative_to(root).parent.parts, path.stem} for path in own}

    assert [str(path) for path, parts in names.items() if parts & SAY_NOTHING] == []


def test_every_room_is_a_package(root: Path) -> None:
    folders = {path.parent for path in (root / "apps").rglob("*.py") if "__pycache__" not in path.parts}

    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []
