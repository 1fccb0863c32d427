"""Answers, tables and figures: without a server."""

import io
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapedeck_client import BadAnswer, MissingPackage, Status, TradeRow
from tapedeck_client.cli.display import ProgressBar, table
from tapedeck_client.cli.figures import FIGURES
from tapedeck_client.operations import operation, stream
from tests.clients.pretend import MEMBERS, PretendServer, client_of, row
from tests.stack import ROOT

PACKAGE = ROOT / "clients" / "python"
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists, max_leaves=5)
laws = settings(deadline=None)  # a machine may be busy


def test_texts_become_times_and_decimals() -> None:
    trade = TradeRow.of(row("trades", 3))

    assert (trade.sequence, trade.trade.entry_price, trade.trade.pnl) == (3, Decimal("1.0"), Decimal("0.10"))
    assert trade.created_at == datetime(2024, 1, 1, tzinfo=UTC)


@laws
@given(more=st.dictionaries(st.text(min_size=1, max_size=8), JSON, max_size=3))
def test_unknown_members_are_kept(more: dict[str, Any]) -> None:
    body = {**more, **row("trades", 3)}

    trade = TradeRow.of(body)

    assert trade.body == body
    assert trade.more == {name: value for name, value in more.items() if name not in row("trades", 3)}
    assert trade == TradeRow.of(row("trades", 3))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"created_at": "yesterday"}, "TradeRow has created_at = 'yesterday'"),
        ({"created_at": 5}, "TradeRow has created_at = 5"),
        ({"trade": []}, "where Trade was expected"),
        ({"trade": {}}, "Trade has no 'instrument'"),
    ],
)
def test_an_answer_of_another_kind_names_the_member(change: dict[str, Any], words: str) -> None:
    with pytest.raises(BadAnswer, match=words):
        TradeRow.of({**row("trades", 3), **change})


def test_nulls_stay_none() -> None:
    status = Status.of(PretendServer(dict.fromkeys(MEMBERS, 0)).status())

    assert (status.completed_at, status.checkpoint, status.is_over) == (None, None, True)


def test_without_pandas_a_frame_says_what_to_install_and_fetches_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    server = PretendServer(dict.fromkeys(MEMBERS, 3))
    client, _ = client_of(server)

    with pytest.raises(MissingPackage, match=r"pip install 'tapedeck-client\[pandas\]'"):
        client.execution(7).equity_frame()

    assert server.asked.total() == 0


def test_a_frame_is_whole_whatever_befalls_its_pages() -> None:
    server = PretendServer(dict.fromkeys(MEMBERS, 30), most_rows=7, trouble=["ok", "cut", "503", "ok", "429", "cut"])
    client, _ = client_of(server)

    frame = client.execution(7).equity_frame(since=2)

    assert frame.index.tolist() == list(range(3, 31))
    assert frame["balance"].tolist() == [10_000.0 + sequence for sequence in range(3, 31)]


def test_the_package_imports_neither_pandas_nor_the_server() -> None:
    program = (
        "import sys, tapedeck_client.cli as c; c.parser(); print({'pandas', 'django', 'numpy'} & set(sys.modules))"
    )

    answer = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": str(PACKAGE / "src")}, capture_output=True, text=True
    )

    assert (answer.stdout, answer.stderr) == ("set()\n", "")


def test_every_method_of_a_resource_answers_the_same_on_both_clients(tmp_path: Path) -> None:
    """The types of both clients, as a type checker sees them."""
    program = """
from collections.abc import AsyncGenerator, Generator
from tapedeck_client import AsyncTapedeck, EventRow, Status, Tapedeck

def blocking(client: Tapedeck) -> tuple[Status, Generator[EventRow, None, None]]:
    return client.execution(7).status(), client.execution(7).events(since=3)

async def awaiting(client: AsyncTapedeck) -> tuple[Status, AsyncGenerator[EventRow, None]]:
    return await client.execution(7).status(), client.execution(7).events(since=3)

def wrong(client: Tapedeck) -> None:
    client.execution(7).events(sinse=3)
    client.execution(7).statuz()
"""
    path = tmp_path / "program.py"
    path.write_text(program)

    answer = mypy(str(path))

    assert answer.stdout.count("error:") == 2, answer.stdout
    assert 'Unexpected keyword argument "sinse"' in answer.stdout
    assert 'has no attribute "statuz"' in answer.stdout


def test_mypy_is_content_with_the_package() -> None:
    answer = mypy(str(PACKAGE / "src"))

    assert answer.returncode == 0, answer.stdout


def mypy(path: str) -> Any:
    configuration = str(PACKAGE / "pyproject.toml")
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", configuration, path],
        cwd=PACKAGE / "src", capture_output=True, text=True,
    )  # fmt: skip


def test_every_public_method_says_what_it_is_or_its_name_does() -> None:
    from tapedeck_client.client import Client
    from tapedeck_client.executions import Execution

    methods = [
        one for kind in (Client, Execution) for one in vars(kind).values() if isinstance(one, operation | stream)
    ]

    assert len(methods) > 15
    assert [one.steps.__name__ for one in methods if one.__doc__ is None] == [
        "me", "detail", "status", "metrics", "resume",
    ]  # fmt: skip


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_progress_bar_writes_over_itself_and_leaves_nothing_of_longer_lines() -> None:
    screen = Terminal()

    with ProgressBar("Execution 7", screen) as bar:
        bar.show(0.0, "running", "a long remark")
        bar.show(50.0, "running")
        bar.show(100.0, "completed")

    lines = screen.getvalue().removesuffix("\n").split("\r")[1:]
    assert [line.count("█") for line in lines] == [0, 15, 30]
    assert len(lines[1]) >= len(lines[0])
    assert "\n" not in "".join(lines)


def test_without_a_terminal_a_line_is_written_for_every_new_status() -> None:
    file = io.StringIO()

    with ProgressBar("Execution 7", file) as bar:
        for percent, status in ((0.0, "created"), (10.0, "running"), (60.0, "running"), (100.0, "completed")):
            bar.show(percent, status)

    assert file.getvalue().splitlines() == [
        "Execution 7: created, 0.0 %", "Execution 7: running, 10.0 %", "Execution 7: completed, 100.0 %",
    ]  # fmt: skip


def test_a_table_lines_its_columns_up() -> None:
    assert table([["a", "1"], ["long", "1,000"]], has_heading=True) == "a         1\n────  ─────\nlong  1,000"


@pytest.mark.parametrize(
    ("name", "value", "first", "text", "difference"),
    [
        ("total_return", 0.1234, 0.1, "12.34 %", "+2.34 %"),
        ("net_pnl", -1234.5, 0.0, "-1,234.50", "-1,234.50"),
        ("total_trades", 58, 60, "58", "-2"),
        ("sharpe", None, 1.0, "–", ""),
        ("sharpe", 1.0, None, "1.00", ""),
        ("sharpe", 1.0, 1.0, "1.00", ""),
        ("sharpe", 1.0, 1.001, "1.00", ""),
    ],
)
def test_figures_are_written_with_their_unit(name: str, value: Any, first: Any, text: str, difference: str) -> None:
    figure = next(one for one in FIGURES if one.name == name)

    assert (figure.text(value), figure.difference(value, first)) == (text, difference)
