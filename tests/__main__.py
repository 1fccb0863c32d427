"""`python -m tests [arguments of pytest]`: everything on SQLite, then the storage tests on PostgreSQL as well.

Without a choice of tests the suite runs on all cores, file by file: what shares nothing first, then real servers and
workers, each with a database, a broker and ports of its own. Browsers come in one process: from its first test on,
Playwright runs an event loop in it, and no other can.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests import services

STORAGE = "TAPEDECK_TEST_STORAGE"  # tests/environment.py reads it
JUNIT = "--junitxml="
STACKS, BROWSERS = "acceptance and not browser", "browser"
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
SPREAD = ("-n", str(CORES), "--dist", "loadfile")
CANNOT_GO_ON = (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR)


@dataclass(frozen=True)
class Part:
    """One session of pytest; `storage` names the PostgreSQL server that it runs on."""

    name: str
    options: tuple[str, ...] = ()
    storage: str | None = None

    def run(self, arguments: list[str], report: Path | None) -> int:
        """The exit code of pytest; its report goes into a file of its own."""
        print(f"\n{self.name}:", flush=True)
        options = [*self.options, "-o", f"cache_dir=.pytest_cache/{self.name.split()[-1].lower()}"]
        if report:
            options.append(f"{JUNIT}{report}")
        environment = {**os.environ, **({STORAGE: self.storage} if self.storage else {})}
        return subprocess.run([sys.executable, "-m", "pytest", *options, *arguments], env=environment).returncode


def main(arguments: list[str]) -> int:
    began = time.monotonic()
    reports = [argument.removeprefix(JUNIT) for argument in arguments if argument.startswith(JUNIT)]
    arguments = [argument for argument in arguments if not argument.startswith(JUNIT)]
    url = services.postgres_url()
    results, written = [], []
    for number, part in enumerate(_parts(arguments, url)):
        written.append(Path(f"{reports[-1]}.{number}") if reports else None)
        results.append(part.run(arguments, written[-1]))
        if results[-1] in CANNOT_GO_ON:
            break
    if reports:
        _merge(Path(reports[-1]), [path for path in written if path])
    if url is None:
        print("The storage tests ran on SQLite only: no PostgreSQL answers (TAPEDECK_TEST_DATABASE_URL).", flush=True)
        results.append(int(services.REQUIRED))
    print(f"\n{len(written)} sessions in {time.monotonic() - began:.0f} s", flush=True)
    return _together(results)


def _parts(arguments: list[str], url: str | None) -> Iterator[Part]:
    chosen = any(argument for argument in arguments if argument != "-q")
    if chosen:
        yield Part("Everything on SQLite")
    else:
        yield Part("What shares nothing, on SQLite", ("-m", "not acceptance and not browser", *SPREAD))
        yield Part("Real servers and workers", ("-m", STACKS, *SPREAD))
        yield Part("Browsers", ("-m", BROWSERS))
    if url is not None:
        yield Part("The storage tests again, on PostgreSQL", () if chosen else SPREAD, url)


def _together(results: list[int]) -> int:
    """0 when all went well; a session in which the arguments chose no test is no failure beside one with some."""
    ran = [result for result in results if result != pytest.ExitCode.NO_TESTS_COLLECTED]
    return next((result for result in ran if result), 0) if ran else int(pytest.ExitCode.NO_TESTS_COLLECTED)


def _merge(report: Path, parts: list[Path]) -> None:
    """Write the suites of all sessions into one report."""
    root = ElementTree.Element("testsuites")
    for part in parts:
        with suppress(OSError, ElementTree.ParseError):  # a session that was killed leaves none
            root.extend(ElementTree.parse(part).iter("testsuite"))
            part.unlink()
    ElementTree.ElementTree(root).write(report, encoding="utf-8", xml_declaration=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
