"""Against a real server: what a client reads is what the API serves, however it reads."""

import asyncio
import socket
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas
import pytest

from tapedeck_client import (
    AccessDenied,
    AsyncTapedeck,
    Conflict,
    Intervals,
    Invalid,
    NotFound,
    NotSignedIn,
    Tapedeck,
    TokenAuthentication,
    Tokens,
)
from tests.acceptance.client import PASSWORD, Person
from tests.clients.conftest import BARS

pytestmark = pytest.mark.acceptance
JOURNALS = {"EventRow": "events", "TradeRow": "trades", "EquityPoint": "equity"}
CUT_ROWS = 150
QUICK = Intervals(0.3, 0.3, 0.3, 0.3)


def by_journal(rows: Iterable[Any]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in JOURNALS.values()}
    for row in rows:
        found[JOURNALS[type(row).__name__]].append(row.body)
    return found


def served(person: Person, execution_id: int) -> dict[str, list[dict[str, Any]]]:
    return {name: person.rows(execution_id, name) for name in JOURNALS.values()}


@pytest.fixture(scope="module")
def dataset(client: Tapedeck, bars_file: Path) -> Any:
    return client.datasets.upload(bars_file, symbol="XYZ", timeframe="1m", name="minutes", kind="equity")


@pytest.fixture(scope="module")
def task(client: Tapedeck, dataset: Any) -> Any:
    config = client.configs.create("fast", "sma_cross", {"fast": 3, "slow": 8})
    return client.backtests.create("fast", config=config.id, dataset=dataset.id)


@pytest.fixture(scope="module")
def finished(client: Tapedeck, task: Any) -> Any:
    execution = client.execution(client.backtests.start(task.id).execution_id)
    assert execution.wait(60).status == "completed"
    return execution


@pytest.fixture
def paced(client: Tapedeck, dataset: Any) -> Iterator[Any]:
    """An execution of some three seconds, which has just been started."""
    config = client.configs.create("slowly", "sma_cross", {"fast": 3, "slow": 8})
    task = client.backtests.create("slowly", config=config.id, dataset=dataset.id, bars_per_second=BARS / 3)
    execution = client.execution(client.backtests.start(task.id).execution_id)
    yield execution
    if not execution.status().is_over:
        execution.stop()
    client.backtests.delete(task.id)
    client.configs.delete(config.id)


def test_polling_sockets_and_cut_sockets_hold_the_rows_of_the_api(client: Tapedeck, person: Person, paced: Any) -> None:
    """Three at once: one polls, one follows over sockets that are cut, one awaits and is cut as well."""
    cuts: dict[str, int] = {}
    with ThreadPoolExecutor(2) as others:
        polled = others.submit(lambda: list(paced.follow(sockets=False, intervals=QUICK)))
        awaited = others.submit(lambda: asyncio.run(await_cut(person, client, paced.id, cuts)))
        followed = follow_cut(person, client, paced.id, cuts)

    truth = served(person, paced.id)
    assert (len(truth["equity"]), paced.status().status) == (BARS, "completed")
    assert by_journal(polled.result()) == truth
    assert by_journal(followed) == truth
    assert by_journal(awaited.result()) == truth
    assert min(cuts["blocking"], cuts["awaiting"]) >= 2


def follow_cut(person: Person, client: Tapedeck, execution_id: int, cuts: dict[str, int]) -> list[Any]:
    """Every row, over sockets whose line is cut after each 150 rows or so."""
    with Tapedeck(person.stack.url, client.tokens.access) as other:
        lines: list[Any] = []
        connect = other._driver.connect

        def kept(url: str, **options: Any) -> Any:
            lines.append(connect(url, **options).__enter__())
            return lines[-1]

        other._driver.connect = kept
        rows: list[Any] = []
        for row in other.execution(execution_id).follow():
            rows.append(row)
            if len(rows) // CUT_ROWS >= len(lines):
                with suppress(OSError):  # cut already, and some rows of it are still to come
                    lines[-1].socket.shutdown(socket.SHUT_RDWR)
        cuts["blocking"] = len(lines) - 1
        return rows


async def await_cut(person: Person, client: Tapedeck, execution_id: int, cuts: dict[str, int]) -> list[Any]:
    """The same without a thread that waits."""
    async with AsyncTapedeck(person.stack.url, client.tokens.access) as other:
        lines: list[Any] = []
        connect: Any = other._driver.connect

        class Kept(connect):  # type: ignore[misc]
            async def __aenter__(self) -> Any:
                lines.append(await super().__aenter__())
                return lines[-1]

        other._driver.connect = Kept
        rows: list[Any] = []
        async for row in other.execution(execution_id).follow():
            rows.append(row)
            if len(rows) // CUT_ROWS >= len(lines):
                lines[-1].transport.abort()
        cuts["awaiting"] = len(lines) - 1
        return rows


def test_updates_end_with_the_final_status(finished: Any, person: Person) -> None:
    for sockets in (True, False):
        seen = list(finished.updates(sockets=sockets))
        statuses = [one for one in seen if type(one).__name__ == "Status"]

        assert by_journal(one for one in seen if one not in statuses) == served(person, finished.id)
        assert statuses[-1].body == person.status(finished.id)


def test_pages_filters_and_thinning_are_the_apis(finished: Any, person: Person) -> None:
    truth = served(person, finished.id)

    assert [row.body for row in finished.events(5, page_size=7)] == truth["events"][5:]
    fills = [row for row in truth["events"] if row["event_type"] == "trade_executed"]
    assert [row.body for row in finished.events(event_type="trade_executed", page_size=7)] == fills
    longs = [row for row in truth["trades"] if row["trade"]["direction"] == "long"]
    assert [row.body for row in finished.trades(direction="long", page_size=3)] == longs
    thinned = [row.body for row in finished.equity(max_points=20)]
    assert 2 <= len(thinned) <= 20
    assert all(point in truth["equity"] for point in thinned)
    middle = next(finished.equity(299)).timestamp
    assert [row.sequence for row in finished.equity(end=middle)] == list(range(1, 301))


def test_frames_hold_the_rows(finished: Any, person: Person) -> None:
    truth = served(person, finished.id)

    events, trades, equity = finished.events_frame(), finished.trades_frame(), finished.equity_frame()

    assert equity["balance"].tolist() == [row["balance"] for row in truth["equity"]]
    assert equity.index.tolist() == [row["sequence"] for row in truth["equity"]]
    assert equity["timestamp"].tolist() == [pandas.Timestamp(row["timestamp"]) for row in truth["equity"]]
    assert trades["pnl"].tolist() == [float(row["trade"]["pnl"]) for row in truth["trades"]]
    assert trades["exit_time"].tolist() == [pandas.Timestamp(row["trade"]["exit_time"]) for row in truth["trades"]]
    assert events["event_type"].tolist() == [row["event_type"] for row in truth["events"]]
    assert finished.trades_frame(10**6).empty
    assert finished.trades_frame(10**6)["pnl"].sum() == 0


def test_an_execution_says_what_went_in_and_what_came_out(finished: Any, person: Person, task: Any) -> None:
    detail, status, metrics = finished.detail(), finished.status(), finished.metrics()

    assert detail.body == person.get(f"/api/trading/executions/{finished.id}/")
    assert detail.manifest["strategy"]["parameters"]["fast"] == 3
    assert detail.metrics["total_trades"] == status.checkpoint.total_trades == metrics.checkpoint.total_trades
    assert str(status.checkpoint.total_pnl) == person.status(finished.id)["checkpoint"]["total_pnl"]
    assert (detail.task_id, detail.is_over, status.is_over) == (task.id, True, True)


def test_pause_resume_and_stop(paced: Any) -> None:
    next(paced.follow(journals=["equity"]))

    assert paced.pause().status == "paused"
    rows = list(paced.equity())
    assert list(paced.equity()) == rows
    assert paced.resume().status == "running"
    assert paced.stop().status == "stopped"

    assert paced.wait(1).status == "stopped"
    with pytest.raises(Conflict, match="is stopped; only a running one"):
        paced.pause()


def test_what_is_kept_is_made_listed_changed_and_deleted(client: Tapedeck, dataset: Any, finished: Any) -> None:
    assert "sma_cross" in [strategy.id for strategy in client.strategies.list()]
    assert client.strategies.defaults("sma_cross")["slow"] == 30
    assert (dataset.instrument, dataset.latest_version.rows, len(dataset.versions)) == ("XYZ", BARS, 1)
    assert dataset.id in [one.id for one in client.datasets.list(symbol="xyz")]
    assert client.datasets.bars(dataset.id, max_points=100).count == BARS

    config = client.configs.create("to go", "buy_and_hold")
    changed = client.configs.update(config.id, parameters={"quantity": 2})
    task = client.backtests.create("to go", config=config.id, dataset=dataset.id)
    assert client.backtests.update(task.id, initial_balance=5).initial_balance == 5.0
    assert (changed.parameters["quantity"], client.configs.get(config.id)) == (2, changed)
    client.backtests.delete(task.id)
    client.configs.delete(config.id)
    with pytest.raises(NotFound):
        client.backtests.get(task.id)
    assert [one.name for one in client.configs.list(search="to go")] == []

    assert finished.id in [one.id for one in client.executions.list(status="completed")]
    assert finished.id in [one.id for one in client.backtests.executions(finished.detail().task_id)]
    again = client.backtests.start(finished.detail().task_id, reuse=True)
    assert again.execution_id == finished.id


def test_refusals_are_the_servers(client: Tapedeck, finished: Any, person: Person) -> None:
    with pytest.raises(Invalid) as wrong:
        client.configs.create("wrong", "sma_cross", {"fast": -1})
    with pytest.raises(NotFound):
        client.execution(10**9).status()
    stranger = Person(person.stack)
    with Tapedeck(person.stack.url) as other:
        with pytest.raises(NotSignedIn):
            other.me()
        with pytest.raises(NotSignedIn):
            other.login(stranger.email, "a wrong password")
        other.login(stranger.email, PASSWORD)
        for sockets in (True, False):
            with pytest.raises(AccessDenied, match="Access denied"):
                list(other.execution(finished.id).follow(sockets=sockets))
    stranger.http.close()

    assert wrong.value.code
    assert wrong.value.fields


def test_a_token_that_is_refused_is_renewed_and_the_old_pair_is_worth_nothing(person: Person) -> None:
    with Tapedeck(person.stack.url) as signed_in:
        signed_in.login(person.email, PASSWORD)
        refresh = signed_in.tokens.refresh
    stale = TokenAuthentication(Tokens("expired.or.nonsense", refresh))
    with Tapedeck(person.stack.url, authentication=stale) as other:
        assert other.me().email == person.email
        assert other.tokens.refresh != refresh
        other.logout()
    with (
        Tapedeck(person.stack.url, authentication=TokenAuthentication(Tokens("nonsense", refresh))) as late,
        pytest.raises(NotSignedIn),
    ):
        late.me()


def test_a_finished_run_is_verified_and_not_retried(finished: Any) -> None:
    found = finished.verify(60)

    assert (found.outcome, found.execution_id) == ("equal", finished.id)
    assert found.report["compared"]["bars"] == BARS
    with pytest.raises(Conflict):
        finished.retry()
