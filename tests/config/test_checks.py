"""Unsafe combinations of settings are refused at start, each with an id and a hint."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks

UNSAFE = {
    "the secret everybody knows": ("tapedeck.E001", {"SECRET_KEY": "not-a-secret-for-one-machine-only"}),
    "SQLite for several hosts": ("tapedeck.E002", {"WORKER_HOSTS": 2, "EMBEDDED": False}),
    "an embedded broker for several hosts": ("tapedeck.E003", {"WORKER_HOSTS": 2}),
    "debugging in public": ("tapedeck.E004", {"DEBUG": True, "HTTPS": True}),
    "a broker that is unknown": ("tapedeck.E005", {"EMBEDDED_BROKER": "rabbitmq"}),
    "a broker that is absent": ("tapedeck.E006", {"EMBEDDED_BROKER": "redis", "EMBEDDED_REDIS_BINARY": None}),
}


@pytest.mark.parametrize(("identity", "values"), UNSAFE.values(), ids=UNSAFE.keys())
def test_an_unsafe_combination_is_refused(
    identity: str, values: dict[str, Any], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if identity == "tapedeck.E003":
        monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "django.db.backends.postgresql")
    for name, value in values.items():
        setattr(settings, name, value)

    (found,) = run_checks(tags=["tapedeck"])

    assert found.id == identity
    assert found.hint


def test_the_settings_of_the_suite_are_safe() -> None:
    assert run_checks(tags=["tapedeck"]) == []


def ask(question: str, tmp_path: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Read the settings in a fresh process."""
    return subprocess.run(
        [sys.executable, "-c", f"import config.settings as s, json; print(json.dumps({question}))"],
        env={**os.environ, "TAPEDECK_DATA_DIR": str(tmp_path), **environment},
        capture_output=True,
        text=True,
    )


def test_without_urls_a_machine_serves_itself(tmp_path: Path) -> None:
    answer = ask("[s.DATABASES['default']['ENGINE'], s.EMBEDDED]", tmp_path, DATABASE_URL="", REDIS_URL="")

    assert json.loads(answer.stdout) == ["django.db.backends.sqlite3", True]


def test_a_database_of_another_kind_is_refused_in_words(tmp_path: Path) -> None:
    answer = ask("1", tmp_path, DATABASE_URL="mysql://127.0.0.1/tapedeck")

    assert answer.returncode == 1
    assert "PostgreSQL (postgres://…) or SQLite" in answer.stderr
