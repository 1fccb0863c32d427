"""The command line as a process, against a real server."""

import csv
import io
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tapedeck_client import Tapedeck
from tests.acceptance.client import PASSWORD, Person

pytestmark = pytest.mark.acceptance


@pytest.fixture
def signed_in(command: Callable[..., Any], client: Tapedeck) -> Callable[..., Any]:
    """The command of somebody who signed in by a token."""
    token = client.tokens.access  # type: ignore[union-attr]
    return lambda *arguments, **more: command(*arguments, TAPEDECK_TOKEN=token, **more)


@pytest.fixture(scope="module")
def dataset(client: Tapedeck, bars_file: Path) -> str:
    return client.datasets.upload(bars_file, symbol="CLI", timeframe="1m", name="for the command").name


def test_a_run_shows_its_result_and_runs_are_compared(
    signed_in: Callable[..., Any], dataset: str, person: Person
) -> None:
    run = ("backtest", "run", "sma_cross", "--dataset", dataset, "-p", "slow=8", "--cash", "5000")
    period = ("--from", "2024-01-01T01:00", "--to", "2024-01-01T05:00Z", "--set", "commission_per_trade=0.5")

    first = signed_in(*run, "-p", "fast=3")
    second = signed_in(*run, "-p", "fast=5", *period, "--detach")
    watched = signed_in("backtest", "watch", second.stdout.strip())
    number = first.stdout.split()[1]
    compared = signed_in("backtest", "compare", number, second.stdout.strip())
    verified = signed_in("backtest", "verify", number)

    assert (verified.returncode, verified.stdout.split(":")[0]) == (0, f"Execution {number} is equal")
    assert first.returncode == watched.returncode == compared.returncode == 0, first.stderr + watched.stderr
    assert f"Execution {number}: completed, 100.0 %" in first.stderr
    metrics = person.get(f"/api/trading/executions/{number}/")["metrics"]
    lines = {line.rpartition("  ")[0].strip(): line.rpartition("  ")[2] for line in first.stdout.splitlines()}
    assert lines["Final equity"] == f"{metrics['final_equity']:,.2f}"
    assert lines["Trades"] == str(metrics["total_trades"])
    other = person.get(f"/api/trading/executions/{second.stdout.strip()}/")
    assert other["total"] == 241
    difference = other["metrics"]["total_trades"] - metrics["total_trades"]
    trades = next(line for line in compared.stdout.splitlines() if line.startswith("Trades"))
    assert trades.split() == [
        "Trades",
        str(metrics["total_trades"]),
        str(other["metrics"]["total_trades"]),
        str(difference),
    ]
    went_in = compared.stdout.partition("What went in")[2]
    assert "strategy.parameters.fast" in went_in
    assert "strategy.parameters.slow" not in went_in


def test_an_export_holds_every_row(signed_in: Callable[..., Any], dataset: str, person: Person, tmp_path: Path) -> None:
    run = signed_in("backtest", "run", "sma_cross", "-d", dataset, "-p", "fast=3", "-p", "slow=8")
    number = run.stdout.split()[1]

    for journal in ("events", "trades", "equity"):
        export = ("backtest", "export", number, "-j", journal)
        path = tmp_path / f"{journal}.ndjson"
        table = signed_in(*export)
        lines = signed_in(*export, "-f", "ndjson", "-o", str(path))

        truth = person.rows(int(number), journal)
        assert (table.returncode, lines.returncode) == (0, 0), table.stderr + lines.stderr
        assert [json.loads(line) for line in path.read_text().splitlines()] == truth
        rows = list(csv.DictReader(io.StringIO(table.stdout)))
        assert [row["sequence"] for row in rows] == [str(row["sequence"]) for row in truth]
        assert f"{len(truth):,} rows of {journal}" in table.stderr
        for row, original in zip(rows, truth, strict=True):
            members = {**original, **original.get("trade", {})}
            assert {
                name: (value if isinstance(members[name], str) else json.loads(value)) for name, value in row.items()
            } == {name: members[name] for name in row}
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".ndjson"] == []


def test_a_list_is_a_table(signed_in: Callable[..., Any], dataset: str) -> None:
    run = signed_in("backtest", "run", "buy_and_hold", "-d", dataset)

    listing = signed_in("backtest", "list", "--count", "1")

    heading, _, row = listing.stdout.splitlines()
    assert heading.split()[:2] == ["Execution", "Task"]
    assert row.split()[0] == run.stdout.split()[1]
    assert signed_in("backtest", "list", "--status", "failed").stdout == "There are no executions.\n"


def test_a_stopped_run_is_a_failure(signed_in: Callable[..., Any], dataset: str, client: Tapedeck) -> None:
    run = ("backtest", "run", "buy_and_hold", "-d", dataset, "--set", "bars_per_second=10", "--detach")
    number = signed_in(*run).stdout.strip()
    client.execution(int(number)).stop()

    watched = signed_in("backtest", "watch", number)

    assert watched.returncode == 1
    assert "stopped" in watched.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("run", "sma_cross", "-d", "nowhere"), 3, "No dataset is called 'nowhere'."),
        (("run", "sma_kross", "-d", "DATASET"), 3, "sma_kross"),
        (("run", "sma_cross", "-d", "DATASET", "-p", "fast=zero"), 3, "fast"),
        (("run", "sma_cross", "-d", "DATASET", "-p", "fast"), 2, "'fast' is not of the form NAME=VALUE"),
        (("run", "sma_cross", "-d", "DATASET", "--from", "soon"), 2, "'soon' is no time like"),
        (("run", "sma_cross", "-d", "DATASET", "--cash", "-1"), 3, "initial_balance"),
        (("watch", "987654321"), 3, "Execution not found"),
        (("compare", "1"), 2, "arguments are required: execution"),
        (("list", "--count", "0"), 2, "'0' is no number from 1 on"),
        (("export", "987654321", "-o", "missing/folder.csv"), 3, "missing"),
    ],
)
def test_errors_are_plain_words(
    signed_in: Callable[..., Any], dataset: str, client: Tapedeck, arguments: tuple[str, ...], code: int, words: str
) -> None:
    configs = [config.id for config in client.configs.list()]

    done = signed_in("backtest", *(dataset if word == "DATASET" else word for word in arguments))

    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert [config.id for config in client.configs.list()] == configs  # nothing is left behind


def test_signing_in_is_kept_private_and_signing_out_forgets_it(
    command: Callable[..., Any], person: Person, tmp_path: Path
) -> None:
    path = tmp_path / "config" / "tapedeck" / "credentials.json"

    before = command("backtest", "list")
    wrong = command("login", "--email", person.email, stdin="wrong\n")
    login = command("login", "--email", person.email, stdin=f"{PASSWORD}\n")
    kept = json.loads(path.read_text())
    path.write_text(json.dumps({url: {**pair, "access": "expired"} for url, pair in kept.items()}))
    listing = command("backtest", "list", TAPEDECK_URL="")
    renewed = json.loads(path.read_text())
    modes = [stat.S_IMODE(one.stat().st_mode) for one in (path, path.parent)]
    logout = command("logout")
    after = command("backtest", "list")

    assert (before.returncode, wrong.returncode, login.returncode) == (4, 4, 0)
    assert "Sign in with `tapedeck login`" in before.stderr
    assert listing.returncode == logout.returncode == 0, listing.stderr + logout.stderr
    assert renewed[person.stack.url]["refresh"] != kept[person.stack.url]["refresh"]
    assert modes == [0o600, 0o700]
    assert PASSWORD not in path.read_text()
    assert (after.returncode, json.loads(path.read_text())) == (4, {})


@pytest.mark.parametrize("arguments", [("login", "--email", "a@example.org"), ("logout",)])
def test_signing_in_or_out_beside_a_given_token_is_refused(
    command: Callable[..., Any], arguments: tuple[str, ...]
) -> None:
    done = command(*arguments, stdin="secret\n", TAPEDECK_TOKEN="given")

    assert (done.returncode, done.stdout) == (3, "")
    assert "TAPEDECK_TOKEN is set" in done.stderr


def test_a_server_that_is_not_there_is_named(command: Callable[..., Any]) -> None:
    done = command("--url", "http://127.0.0.1:9", "login", "--email", "a@example.org", stdin="secret\n")

    assert done.returncode == 5
    assert done.stderr.startswith("tapedeck: http://127.0.0.1:9 does not answer")
    assert "secret" not in done.stderr
