"""Following over WebSocket: every row once, whenever one joins and whatever is cut."""

from pathlib import Path
from typing import Any

import pytest
import websockets

from tests.acceptance.client import JOURNALS, Follower, Person
from tests.conftest import as_csv, random_bars

pytestmark = pytest.mark.acceptance
BARS = 900


@pytest.fixture
def paced(person: Person, tmp_path: Path) -> tuple[Person, int]:
    """A person and a task that takes some three seconds."""
    path = tmp_path / "minutes.csv"
    path.write_bytes(as_csv(random_bars(BARS)))
    config = person.configure("sma_cross", fast=3, slow=8)
    return person, person.save_task(config, person.upload(path, symbol="XYZ", timeframe="60"), bars_per_second=300)


def assert_complete(person: Person, execution: int, rows: dict[str, list[dict[str, Any]]], after: int = 0) -> None:
    """The rows are those that the REST API serves, each once and in order."""
    for journal in JOURNALS:
        served = person.rows(execution, journal)
        assert [row["sequence"] for row in rows[journal]] == [row["sequence"] for row in served[after:]], journal
        assert rows[journal] == served[after:], journal


async def test_a_follower_from_the_start_sees_every_row_and_the_end(paced: tuple[Person, int]) -> None:
    person, task = paced
    execution = person.start(task)

    async with person.follow(execution) as follower:
        code = await follower.read()

    assert (code, follower.has_ended) == (1000, True)
    assert len(follower.rows["equity"]) == BARS
    assert_complete(person, execution, follower.rows)
    shown = [status["status"] for status in follower.statuses]
    assert list(dict.fromkeys(shown)) in (["created", "running", "completed"], ["running", "completed"])
    assert len(follower.statuses) > 3
    final = {name: value for name, value in follower.statuses[-1].items() if name != "type"}
    assert final == person.status(execution)


async def test_one_who_joins_half_way_sees_past_and_present_once(paced: tuple[Person, int]) -> None:
    person, task = paced
    execution = person.start(task)
    person.wait(execution, "running", processed=BARS // 3)

    async with person.follow(execution) as follower:
        await follower.read()

    assert_complete(person, execution, follower.rows)


async def test_one_who_is_cut_off_goes_on_from_its_last_row(paced: tuple[Person, int]) -> None:
    person, task = paced
    execution = person.start(task)
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in JOURNALS}
    cuts = 0

    follower: Follower | None = None
    while follower is None or not follower.has_ended:
        since = {f"since_{name}": kept[-1]["sequence"] if kept else 0 for name, kept in rows.items()}
        async with person.follow(execution, **since) as follower:
            await follower.read(until_rows=BARS // 5)
            if not follower.has_ended:
                follower.socket.transport.abort()  # as when the line is cut: no closing words
                cuts += 1
        for name in rows:
            rows[name] += follower.rows[name]

    assert cuts >= 3
    assert_complete(person, execution, rows)


async def test_a_finished_run_is_told_from_any_sequence(paced: tuple[Person, int]) -> None:
    person, task = paced
    person.call("patch", f"/api/trading/backtest-tasks/{task}/", 200, json={"bars_per_second": None})
    execution = person.start(task)
    person.wait(execution)

    for after in (0, 1, 5, 10**6):
        async with person.follow(execution, since_sequence=after) as follower:
            code = await follower.read()

        assert (code, follower.has_ended) == (1000, True)
        assert_complete(person, execution, follower.rows, after)


async def test_pause_is_exact_and_resume_goes_on(paced: tuple[Person, int]) -> None:
    person, task = paced
    execution = person.start(task)
    person.wait(execution, "running", processed=BARS // 5)

    async with person.follow(execution) as follower:
        person.call("post", f"/api/trading/backtest-tasks/{task}/pause/", 200)
        at_the_answer = {journal: person.rows(execution, journal) for journal in JOURNALS}
        await follower.read(until_rows=len(at_the_answer["equity"]))
        later = {journal: person.rows(execution, journal) for journal in JOURNALS}
        person.call("post", f"/api/trading/backtest-tasks/{task}/resume/", 200)
        await follower.read()

    assert later == at_the_answer
    assert follower.has_ended
    assert_complete(person, execution, follower.rows)
    assert len(follower.rows["equity"]) == BARS


@pytest.mark.parametrize(("path", "method"), [
    ("", "get"), ("status/", "get"), ("events/", "get"), ("trades/", "get"), ("equity/", "get"),
    ("metrics/latest/", "get"), ("pause/", "post"), ("resume/", "post"), ("stop/", "post"),
])  # fmt: skip
def test_a_stranger_gets_403_and_nobody_gets_401(done: tuple[Person, Person, int], path: str, method: str) -> None:
    owner, stranger, execution = done
    url = f"/api/trading/executions/{execution}/{path}"
    before = owner.status(execution)

    refused = stranger.call(method, url, 403)
    answer = owner.http.request(method, url, headers={"Authorization": ""})

    assert refused["error"] == "Access denied"
    assert answer.status_code == 401
    assert isinstance(answer.json()["error"], str)
    assert owner.status(execution) == before


@pytest.fixture(scope="module")
def done(new_person: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Person, Person, int]:
    """An owner, a stranger, and the owner's finished execution."""
    owner, stranger = new_person(), new_person()
    path = tmp_path_factory.mktemp("bars") / "minutes.csv"
    path.write_bytes(as_csv(random_bars(100)))
    dataset = owner.upload(path, symbol="XYZ", timeframe="60")
    execution = owner.start(owner.save_task(owner.configure("sma_cross", fast=3, slow=8), dataset))
    owner.wait(execution)
    return owner, stranger, execution


async def close_code(url: str, **more: Any) -> int:
    """With which code the server closes a socket; it must have said nothing before."""
    async with websockets.connect(url, open_timeout=20, **more) as socket:
        said = [text async for text in _until_closed(socket)]
        assert said == []
        return int(socket.close_code or 0)


async def _until_closed(socket: Any) -> Any:
    try:
        async for text in socket:
            yield text
    except websockets.ConnectionClosed:
        return


async def test_sockets_close_with_a_code_that_says_why(done: tuple[Person, Person, int]) -> None:
    owner, stranger, execution = done
    url = f"{owner.stack.socket_url}/ws/executions"

    assert await close_code(f"{url}/{execution}/") == 4401
    assert await close_code(f"{url}/{execution}/?ticket=nonsense") == 4401
    assert await close_code(f"{url}/{execution}/?ticket={stranger.ticket()}") == 4403
    assert await close_code(f"{url}/987654321/?ticket={owner.ticket()}") == 4404
    for query in ("since_sequence=x", "since_sequence=-1", "since_equity=1.5", f"since_trades={'9' * 30}"):
        assert await close_code(f"{url}/{execution}/?ticket={owner.ticket()}&{query}") == 4400


async def test_a_token_in_the_address_opens_nothing(done: tuple[Person, Person, int]) -> None:
    owner, _, execution = done
    token = owner.http.headers["Authorization"].partition(" ")[2]

    assert await close_code(f"{owner.stack.socket_url}/ws/executions/{execution}/?token={token}") == 4401


async def test_a_ticket_opens_one_socket(done: tuple[Person, Person, int]) -> None:
    owner, _, execution = done
    url = f"{owner.stack.socket_url}/ws/executions/{execution}/?ticket={owner.ticket()}"

    async with websockets.connect(url) as socket:
        assert await Follower(socket).read() == 1000

    assert await close_code(url) == 4401


async def test_a_session_cookie_counts_only_from_our_own_pages(done: tuple[Person, Person, int]) -> None:
    owner, _, execution = done
    stack = owner.stack
    cookie = {"Cookie": f"sessionid={owner.browse()['sessionid']}"}
    url = f"{stack.socket_url}/ws/executions/{execution}/"

    async with websockets.connect(url, origin=stack.url, additional_headers=cookie) as socket:
        assert await Follower(socket).read() == 1000
    for origin in ("http://evil.example", f"http://127.0.0.1.evil.example:{stack.port}", "null", None):
        assert await close_code(url, origin=origin, additional_headers=cookie) == 4401
