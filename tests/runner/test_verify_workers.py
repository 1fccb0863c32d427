"""What a worker does for a long verification: it keeps the lease alive, and does not wait for ever."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from apps.executions import verifications
from apps.executions.models import Outcome, Verification
from apps.journal import archive
from apps.keeping.archiving import archive_execution
from apps.runner import verification as carrying
from apps.runner import verify as verifying
from apps.runner.findings import Findings
from apps.runner.verify import verify

ENDLESS = """
import django
django.setup()
from django.conf import settings
from apps.runner.verification import limited
settings.EXECUTION_MAX_SECONDS_PER_BAR = 0.2
with limited(1):
    pass
print("came back", flush=True)
with limited(1):
    while True:
        pass
"""


@pytest.mark.storage
@pytest.mark.django_db(transaction=True)
def test_the_lease_is_kept_alive_for_as_long_as_it_takes(
    finished: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LEASE_SECONDS = 1.0
    verification = verifications.request(finished)
    found: list[Any] = []

    def look_long(execution: Any, on_progress: Any, limit: Any) -> Findings:
        on_progress(42.0)
        until = time.monotonic() + 2.5
        while time.monotonic() < until:
            time.sleep(0.25)
            found.append(verifications.claim(verification.pk))
        found.append(Verification.objects.get().progress)
        on_progress(99.0)
        return Findings()

    monkeypatch.setattr(carrying, "verify", look_long)
    carrying.carry_out(verification.pk)

    *claims, progress = found
    assert claims
    assert set(claims) == {None}
    assert progress == 42.0
    assert Verification.objects.get().outcome == "equal"


@pytest.mark.storage
@pytest.mark.django_db(transaction=True)
def test_a_worker_that_has_lost_its_lease_writes_nothing_more(
    finished: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LEASE_SECONDS = 0.8
    verification = verifications.request(finished)

    def look(execution: Any, on_progress: Any, limit: Any) -> Findings:
        Verification.objects.update(outcome=Outcome.DIFFERENT, report={"summary": "by another"})
        until = time.monotonic() + 10.0
        while time.monotonic() < until:
            time.sleep(0.1)
            on_progress(50.0)
        return Findings()

    monkeypatch.setattr(carrying, "verify", look)
    carrying.carry_out(verification.pk)

    verification.refresh_from_db()
    assert (verification.outcome, verification.report) == ("different", {"summary": "by another"})


def test_code_that_never_comes_back_takes_its_process_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "config.settings")
    root = Path(__file__).resolve().parents[2]

    ended = subprocess.run([sys.executable, "-c", ENDLESS], cwd=root, capture_output=True, text=True, timeout=60)

    assert ended.stdout == "came back\n", ended.stderr
    assert ended.returncode == 1
    assert "Timeout" in ended.stderr


@pytest.mark.django_db
def test_a_strategy_is_given_its_time_by_the_bars_of_a_chunk(finished: Any) -> None:
    given: list[int] = []

    def limit(bars: int) -> Any:
        given.append(bars)
        return verifying.nullcontext()

    verify(finished, limit=limit)

    assert given[0] == verifying.OPENING_BARS
    assert sum(given[1:]) == 300
    assert given[1] <= verifying.FIRST_CHUNK_BARS


@pytest.mark.storage
@pytest.mark.django_db(transaction=True)
def test_an_archived_execution_is_verified_out_of_its_file(finished: Any) -> None:
    before = verify(finished)
    archive_execution(finished)
    finished.refresh_from_db()
    assert finished.archived_at is not None

    assert verify(finished) == before
    assert before.outcome == "equal"


@pytest.mark.django_db(transaction=True)
def test_a_damaged_archive_is_named(finished: Any) -> None:
    archive_execution(finished)
    path = archive.path_of(finished.pk)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)

    findings = verify(finished)

    assert findings.outcome == "different"
    assert {"archive", "tape_hash"} & {each["field"] for each in findings.changed} or findings.rows
