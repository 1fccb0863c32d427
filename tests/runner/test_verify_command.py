"""`manage.py verify`: words, progress and an exit code that a script can go by."""

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.executions import services
from apps.executions.models import Execution, Verification
from apps.market import store
from apps.runner import verify as verifying
from apps.runner.run import run

pytestmark = pytest.mark.django_db


def called(*arguments: str) -> tuple[int, str]:
    """The exit code and what was written."""
    out, code = io.StringIO(), 0
    try:
        call_command("verify", *arguments, stdout=out)
    except SystemExit as end:
        code = int(end.code or 0)
    return code, out.getvalue()


@pytest.fixture
def second(finished: Any) -> Any:
    execution = services.start(finished.backtest_task)
    run(execution.pk)
    return execution


def test_what_is_equal_ends_well_and_is_written_down(finished: Any) -> None:
    code, words = called(str(finished.pk))

    assert code == 0
    assert f"execution {finished.pk}: equal. 300 bars were run again" in words
    assert Verification.objects.get().outcome == "equal"
    assert Verification.objects.get().finished_at is not None


def test_all_are_verified_and_one_difference_is_enough(finished: Any, second: Any) -> None:
    Execution.objects.filter(pk=second.pk).update(tape_hash="0" * 64)

    code, words = called("--all")

    assert code == 1
    assert f"execution {finished.pk} (1 of 2): equal." in words
    assert f"execution {second.pk} (2 of 2): different." in words
    assert "tape_hash" in words
    assert words.splitlines()[-1] == "1 equal; 1 different"


def test_what_cannot_be_run_again_has_an_exit_code_of_its_own(finished: Any) -> None:
    store.delete(finished.manifest["data"]["content_hash"])

    code, words = called(str(finished.pk))

    assert code == 2
    assert "impossible" in words


def test_all_leaves_out_what_still_moves(finished: Any, second: Any) -> None:
    Execution.objects.filter(pk=second.pk).update(status="running")

    code, words = called("--all")

    assert code == 0
    assert words.count("execution ") == 1
    assert words.splitlines()[-1] == "1 equal"


def test_there_may_be_nothing_to_verify(db: None) -> None:
    assert called("--all") == (0, "none\n")


def test_an_unknown_one_is_named_before_any_is_verified(finished: Any) -> None:
    with pytest.raises(CommandError, match="There is no execution 987654321"):
        called(str(finished.pk), "987654321")

    assert not Verification.objects.exists()


@pytest.mark.parametrize("status", ["created", "running"])
def test_one_that_moves_is_refused_by_its_status(execution: Any, status: str) -> None:
    Execution.objects.update(status=status)

    with pytest.raises(CommandError, match=f"is {status}"):
        called(str(execution.pk))


def test_naming_none_or_both_is_refused(finished: Any) -> None:
    for arguments in ([], ["--all", str(finished.pk)]):
        with pytest.raises(CommandError):
            called(*arguments)


def test_progress_is_told_in_lines_where_there_is_no_terminal(
    finished: Any, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "REPORT_SECONDS", 0.0)
    monkeypatch.setattr(verifying, "FIRST_CHUNK_BARS", 60)
    monkeypatch.setattr(verifying, "MAX_CHUNK_BARS", 60)

    called(str(finished.pk))

    told = capsys.readouterr().err.splitlines()
    assert told == [f"execution {finished.pk}: {done} %" for done in (20, 40, 60, 80, 100)]


def test_progress_is_a_bar_on_a_terminal(finished: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr(verifying, "REPORT_SECONDS", 0.0)
    monkeypatch.setattr(verifying, "FIRST_CHUNK_BARS", 150)
    monkeypatch.setattr(verifying, "MAX_CHUNK_BARS", 150)

    called(str(finished.pk))

    assert f"execution {finished.pk} [{'#' * 20}{' ' * 20}]  50%" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\033[K")
