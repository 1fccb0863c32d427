"""Strategies of the server's owner: files in one folder, read again when they change, each run with its own version."""

import json
import os
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.engine import strategies
from apps.engine.errors import UnknownStrategy
from apps.engine.strategies import folder
from apps.executions.services import start
from apps.strategies import services
from apps.strategies.models import StrategySource

HERON = """
from apps.engine.strategy import Float, Strategy


class Heron(Strategy):
    \"\"\"Stands still, and buys once.\"\"\"

    quantity = Float({quantity}, min=0, unit="units", help="What it buys.")

    def on_bar(self) -> None:
        if self.index == {bar}:
            self.buy(self.quantity)
"""


@pytest.fixture
def pond(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Path:
    """The owner's folder; empty."""
    settings.STRATEGIES_DIR = tmp_path / "pond"
    settings.STRATEGIES_DIR.mkdir()
    monkeypatch.setattr(strategies, "own", folder.Folder(settings.STRATEGIES_DIR))
    return tmp_path / "pond"


def write(pond: Path, name: str = "heron.py", *, age: int = 0, **values: Any) -> None:
    """A version of the file; age: seconds, so that two written at once differ in their time."""
    file = pond / name
    file.write_text(HERON.format(**{"quantity": 1.0, "bar": 0, **values}))
    os.utime(file, (1_700_000_000 - age, 1_700_000_000 - age))


def test_a_file_is_offered_as_soon_as_it_is_there_and_gone_with_it(pond: Path) -> None:
    assert "heron" not in strategies.all()

    write(pond)
    assert strategies.get("heron").title == "Heron"

    (pond / "heron.py").unlink()
    with pytest.raises(UnknownStrategy):
        strategies.get("heron")


def test_a_file_that_changes_is_read_again(pond: Path) -> None:
    write(pond, age=10)
    assert strategies.get("heron").defaults() == {"quantity": 1.0}

    write(pond, quantity=2.0)

    assert strategies.get("heron").defaults() == {"quantity": 2.0}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def on_bar(", r"bad\.py, line 1: .*was never closed"),
        ("\n\nimport nothing_of_this_name", r"bad\.py, line 3: ModuleNotFoundError"),
        ("x = 1", r"bad\.py defines no subclass of Strategy"),
        ("raise SystemExit(3)", r"bad\.py, line 1: SystemExit"),
        ("\0", r"bad\.py"),
    ],
)
def test_a_bad_file_is_told_and_takes_no_other_with_it(text: str, told: str, pond: Path) -> None:
    write(pond)
    (pond / "bad.py").write_text(text)

    assert "heron" in strategies.all()
    (problem,) = strategies.problems().values()
    assert re.search(told, problem), problem


def test_what_is_no_text_is_a_bad_file(pond: Path) -> None:
    (pond / "bad.py").write_bytes(b"\xff\xfe\x00")

    assert list(strategies.problems()) == ["bad.py"]


def test_a_file_cannot_take_the_place_of_a_built_in_strategy(pond: Path) -> None:
    (pond / "mine.py").write_text(HERON.format(quantity=1.0, bar=0).replace("Heron", "SmaCross"))

    assert strategies.get("sma_cross").title == "SMA cross"
    assert strategies.problems() == {"mine.py": "There is another strategy sma_cross: choose another name."}


@pytest.mark.storage
@pytest.mark.django_db
def test_a_run_is_carried_out_with_the_version_that_it_was_started_with(
    pond: Path, make_config: Callable[..., Any], make_task: Callable[..., Any]
) -> None:
    from apps.runner.run import run
    from apps.trades.models import Trade

    write(pond, age=10, bar=5)
    task = make_task(config=make_config(strategy_type="heron", parameters={}))
    execution = start(task)
    write(pond, bar=7)

    run(execution.pk)

    execution.refresh_from_db()
    assert execution.status == "completed", execution.error_message
    (event,) = _fills(execution)
    assert event == 6, "ordered at the close of bar 5 by the code of the start, and not of now"
    assert not Trade.objects.exists()


def _fills(execution: Any) -> list[int]:
    """Bars of the fills."""
    from apps.events.journal import events

    rows = [json.loads(text) for text in events.since(execution.pk, 0, 1000)]
    start = datetime.fromisoformat("2024-01-01T00:00:00+00:00")
    times = [row["timestamp"] for row in rows if row["event_type"] == "trade_executed"]
    return [int((datetime.fromisoformat(time) - start).total_seconds() // 60) for time in times]


@pytest.mark.storage
@pytest.mark.django_db
def test_each_version_that_was_run_is_kept_once(
    pond: Path, make_config: Callable[..., Any], make_task: Callable[..., Any]
) -> None:
    from apps.executions.lifecycle import stop

    write(pond, age=10)
    task = make_task(config=make_config(strategy_type="heron", parameters={}))
    for quantity in (1.0, 1.0, 2.0):
        write(pond, quantity=quantity, age=int(10 * quantity))
        stop(start(task))

    kept = StrategySource.objects.filter(strategy_type="heron")
    assert {row.text.count("2.0") for row in kept} == {0, 1}
    assert {row.file for row in kept} == {"heron.py"}


@pytest.mark.django_db
def test_a_strategy_of_the_folder_is_offered_like_any_other(pond: Path, api: Any) -> None:
    write(pond)

    ids = [entry["id"] for entry in api.get("/api/trading/strategies/").json()["strategies"]]

    assert "heron" in ids
    assert services.clean("heron", {"quantity": 2}) == {"quantity": 2.0}


# Commands


def said(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out, no_color=True)
    return out.getvalue()


def test_a_new_strategy_can_be_checked_at_once(pond: Path) -> None:
    told = said("new_strategy", "night_heron")
    checked = said("check_strategy", "night_heron")

    assert str(pond / "night_heron.py") in told
    assert "2000 bars in" in checked
    assert "It runs, and can be interrupted anywhere." in checked
    assert strategies.get("night_heron").title == "Night heron"


@pytest.mark.parametrize("name", ["", "X", "Heron", "1st", "a__b", "my_2nd", "../heron", "sma_cross", "x" * 61, "_a"])
def test_a_name_that_would_not_do_is_refused_and_nothing_written(name: str, pond: Path) -> None:
    with pytest.raises(CommandError):
        said("new_strategy", name)

    assert list(pond.iterdir()) == []


def test_a_file_that_is_there_is_not_written_over(pond: Path) -> None:
    said("new_strategy", "heron")
    before = (pond / "heron.py").read_text()

    with pytest.raises(CommandError, match="already"):
        said("new_strategy", "heron")

    assert (pond / "heron.py").read_text() == before


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("self.buy(self.quantity)", "1 / 0"), r"ZeroDivisionError.*heron\.py, line 12"),
        (("self.buy(self.quantity)", "self.rule = lambda: 1"), r"self\.rule cannot be kept in a snapshot"),
        (("self.buy(self.quantity)", "self.buy(float('nan'))"), r"1 orders were rejected: QUANTITY_NOT_FINITE"),
        (("def on_bar", "def on_bars"), r"on_bars\(\) is never called\. Did you mean on_bar\?"),
        (('help="What it buys."', 'help=""'), r"Without a sentence of help: quantity"),
    ],
)
def test_a_check_names_what_should_be_mended(change: tuple[str, str], told: str, pond: Path) -> None:
    out = StringIO()
    (pond / "heron.py").write_text(HERON.format(quantity=1.0, bar=3).replace(*change))

    with suppress(CommandError):
        call_command("check_strategy", "heron", stdout=out, no_color=True)

    assert re.search(told, out.getvalue(), re.S), out.getvalue()


def test_a_strategy_that_never_comes_back_is_given_up(pond: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from apps.strategies import trial

    monkeypatch.setattr(trial, "MOST_SECONDS", 0.3)
    endless = "while True:\n                pass"
    (pond / "heron.py").write_text(HERON.format(quantity=1.0, bar=3).replace("self.buy(self.quantity)", endless))

    with pytest.raises(CommandError):
        said("check_strategy", "heron")


def test_checking_what_is_not_there_says_what_there_is(pond: Path) -> None:
    with pytest.raises(CommandError, match="Did you mean sma_cross"):
        said("check_strategy", "sma_cros")
