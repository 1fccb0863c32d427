"""`python -m tests [arguments of pytest]`: everything on SQLite, then the storage tests on PostgreSQL as well."""

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests import services

STORAGE = "TAPEDECK_TEST_STORAGE"  # tests/environment.py reads it
JUNIT = "--junitxml="


def main(arguments: list[str]) -> int:
    first = _session(arguments)
    if first in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR):
        return first
    if (url := services.postgres_url()) is None:
        print("The storage tests ran on SQLite only: no PostgreSQL answers (TAPEDECK_TEST_DATABASE_URL).", flush=True)
        return first or int(services.REQUIRED)
    print("\nThe storage tests again, on PostgreSQL:", flush=True)
    report = _report(arguments)
    again = [argument for argument in arguments if not argument.startswith(JUNIT)]
    if report:
        again.append(f"{JUNIT}{report}.postgresql")
    second = _session(["-o", "cache_dir=.pytest_cache/postgresql", *again], {STORAGE: url})
    if report:
        _merge(report, Path(f"{report}.postgresql"))
    if second == pytest.ExitCode.NO_TESTS_COLLECTED and arguments:  # the arguments chose none of the storage tests
        second = 0
    return first or second


def _session(arguments: list[str], more: dict[str, str] | None = None) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], env={**os.environ, **(more or {})}).returncode


def _report(arguments: list[str]) -> Path | None:
    paths = [argument.removeprefix(JUNIT) for argument in arguments if argument.startswith(JUNIT)]
    return Path(paths[-1]) if paths else None


def _merge(report: Path, other: Path) -> None:
    """Add the suites of the second session's report to the first one's."""
    if not (report.exists() and other.exists()):
        return
    tree = ElementTree.parse(report)
    tree.getroot().extend(ElementTree.parse(other).iter("testsuite"))
    tree.write(report, encoding="utf-8", xml_declaration=True)
    other.unlink()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
