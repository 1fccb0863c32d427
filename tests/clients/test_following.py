"""Following: whatever is cut, refused or said twice, each row comes once and in order, until the end."""

import asyncio
from itertools import islice, pairwise
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapedeck_client import AccessDenied, Intervals, Status, Unreachable
from tests.clients.pretend import MEMBERS, PretendServer, awaiting_client_of, client_of, problem, row, sequences

HEADS = st.fixed_dictionaries({name: st.integers(0, 60) for name in MEMBERS})
PACE = st.integers(1, 20)
ROWS = st.integers(1, 20)
TROUBLE = st.lists(st.sampled_from(["ok", "cut", "503", "429"]), max_size=15)
CUTS = st.lists(
    st.tuples(st.integers(0, 6), st.sampled_from(["line", "1011", "1012", "4401", "4408", "double", "gap", "4404"])),
    max_size=10,
)
laws = settings(deadline=None)  # a machine may be busy


def all_of(heads: dict[str, int], since: int = 0) -> dict[str, list[int]]:
    return {name: list(range(since + 1, head + 1)) for name, head in heads.items()}


@laws
@given(heads=HEADS, most_rows=ROWS, pace=PACE, trouble=TROUBLE)
def test_polling_gives_each_row_once(heads: dict[str, int], most_rows: int, pace: int, trouble: list[str]) -> None:
    server = PretendServer(heads, most_rows=most_rows, pace=pace, trouble=trouble)
    client, _ = client_of(server)

    rows = list(client.execution(7).follow(sockets=False))

    assert sequences(rows) == all_of(heads)


@laws
@given(heads=HEADS, most_rows=ROWS, pace=PACE, trouble=TROUBLE, cuts=CUTS)
def test_sockets_give_each_row_once(
    heads: dict[str, int], most_rows: int, pace: int, trouble: list[str], cuts: list[tuple[int, str]]
) -> None:
    server = PretendServer(heads, most_rows=most_rows, pace=pace, trouble=trouble, cuts=cuts)
    client, _ = client_of(server)

    rows = list(client.execution(7).follow())

    assert sequences(rows) == all_of(heads)


@laws
@given(heads=HEADS, most_rows=ROWS, pace=PACE, trouble=TROUBLE, cuts=CUTS, sockets=st.booleans())
def test_the_awaiting_client_gives_each_row_once(
    heads: dict[str, int], most_rows: int, pace: int, trouble: list[str], cuts: list[tuple[int, str]], sockets: bool
) -> None:
    server = PretendServer(heads, most_rows=most_rows, pace=pace, trouble=trouble, cuts=cuts)
    client = awaiting_client_of(server)

    async def follow() -> list[Any]:
        return [one async for one in client.execution(7).follow(sockets=sockets)]

    assert sequences(asyncio.run(follow())) == all_of(heads)


@laws
@given(heads=HEADS, since=st.integers(0, 70), taken=st.integers(0, 40), sockets=st.booleans())
def test_one_who_stops_goes_on_from_the_last_rows(heads: dict[str, int], since: int, taken: int, sockets: bool) -> None:
    execution = client_of(PretendServer(heads, most_rows=7, pace=5))[0].execution(7)
    rows = list(islice(execution.follow(since, sockets=sockets), taken))
    places = {name: max([since, *found]) for name, found in sequences(rows).items()}

    rows += execution.follow(places, sockets=sockets)

    assert sequences(rows) == all_of(heads, since)


@pytest.mark.parametrize("sockets", [True, False])
def test_journals_that_are_not_asked_for_are_not_fetched(sockets: bool) -> None:
    server = PretendServer(dict.fromkeys(MEMBERS, 30), most_rows=10, pace=5)
    client, _ = client_of(server)

    rows = list(client.execution(7).follow(journals=["trades"], sockets=sockets))

    assert sequences(rows) == {"events": [], "trades": list(range(1, 31)), "equity": []}
    assert server.asked["events"] == server.asked["equity"] == 0
    beyond = str(2**62)  # of every head there can be
    place = {"since_events": beyond, "since_trades": "0", "since_equity": beyond}
    assert server.places == ([place] if sockets else [])


@pytest.mark.parametrize("words", [{"journals": ["fills"]}, {"since": {"fills": 3}}])
def test_a_journal_that_does_not_exist_is_named(words: dict[str, Any]) -> None:
    client, _ = client_of(PretendServer(dict.fromkeys(MEMBERS, 1)))

    with pytest.raises(ValueError, match=r"no journal fills; there are events, trades, equity"):
        list(client.execution(7).follow(**words))


@pytest.mark.parametrize("status", [400, 404, 426])
def test_where_sockets_are_refused_it_polls(status: int) -> None:
    server = PretendServer(dict.fromkeys(MEMBERS, 30), pace=10)
    server.socket_refusal = status
    client, _ = client_of(server)

    rows = list(client.execution(7).follow())

    assert sequences(rows) == all_of(server.heads)
    assert server.asked["socket"] == 1
    assert server.asked["status"] > 1


@pytest.mark.parametrize(("how", "sockets"), [("line", 3), ("gap", 3), ("4401", 3), ("4403", 1), ("4404", 1)])
def test_where_sockets_are_of_no_use_it_polls(how: str, sockets: int) -> None:
    server = PretendServer(dict.fromkeys(MEMBERS, 30), pace=5, cuts=[(0, how)] * 10)
    client, _ = client_of(server)

    rows = list(client.execution(7).follow())

    assert sequences(rows) == all_of(server.heads)
    assert server.asked["socket"] == sockets


def test_a_socket_that_is_cut_now_and_then_stays_a_socket() -> None:
    server = PretendServer(dict.fromkeys(MEMBERS, 100), most_rows=3, cuts=[(2, "1012")] * 12)
    client, waits = client_of(server)

    rows = list(client.execution(7).follow())

    assert sequences(rows) == all_of(server.heads)
    assert server.asked["socket"] == 13
    assert server.asked["status"] == 0
    assert max(waits) < 1.0


@pytest.mark.case("T72")
def test_polling_keeps_the_documented_intervals() -> None:
    server = PretendServer({"events": 10, "trades": 10, "equity": 10}, pace=10**6)
    client, waits = client_of(server)
    server.pace, server.age = 1, 0
    server.heads = dict.fromkeys(MEMBERS, 60)

    list(client.execution(7).follow(sockets=False))

    seconds = sum(waits)
    assert server.asked["status"] == seconds / 3 + 1
    assert abs(server.asked["events"] - seconds / 5) <= 2
    assert abs(server.asked["equity"] - seconds / 10) <= 2
    per_minute = 60 / 3 + 60 / 5 + 60 / 10 + 60 / 10
    assert sum(server.asked.values()) <= per_minute * seconds / 60 + 8


@pytest.mark.parametrize("sockets", [True, False])
def test_updates_tell_each_new_status_and_the_last_one_last(sockets: bool) -> None:
    server = PretendServer(dict.fromkeys(MEMBERS, 30), pace=4, most_rows=1000)
    client, _ = client_of(server)

    seen = list(client.execution(7).updates(sockets=sockets, intervals=Intervals(1, 1, 1, 1)))

    statuses = [one for one in seen if isinstance(one, Status)]
    assert sequences(one for one in seen if not isinstance(one, Status)) == all_of(server.heads)
    assert all(one.body != two.body for one, two in pairwise(statuses))
    if not sockets:
        assert seen[-1] is statuses[-1]
        assert statuses[-1].is_over


def test_a_stranger_is_refused_in_words() -> None:
    client, _ = client_of(lambda request: problem(403, "Access denied"))

    with pytest.raises(AccessDenied, match="Access denied"):
        list(client.execution(7).follow(sockets=False))


def test_a_server_that_stays_away_is_given_up() -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    for sockets in (True, False):
        client, waits = client_of(away)
        with pytest.raises(Unreachable, match=r"http://deck\.test does not answer"):
            list(client.execution(7).follow(sockets=sockets))
        assert 120 < sum(waits) < 3600


def test_a_socket_is_closed_when_nobody_reads_on() -> None:
    server = PretendServer(dict.fromkeys(MEMBERS, 30), most_rows=1)
    client, _ = client_of(server)
    following = client.execution(7).follow()
    next(following)

    following.close()

    assert (server.asked["socket"], server.asked["farewell"]) == (1, 1)


def test_members_and_frames_of_a_newer_server_are_no_error() -> None:
    class Newer(PretendServer):
        def page(self, name: str, query: httpx.QueryParams) -> dict[str, Any]:
            page = super().page(name, query)
            page[MEMBERS[name]] = [{**one, "colour": "blue"} for one in page[MEMBERS[name]]]
            return {**page, "mood": "good"}

        def connect(self, url: str, **options: Any) -> Any:
            socket = super().connect(url, **options)
            frames = iter(['{"type":"weather"}', '{"type":"rows","fills":[]}'])
            receive = socket.recv
            socket.recv = lambda: next(frames, None) or receive()  # type: ignore[method-assign]
            return socket

    client, _ = client_of(Newer({"events": 2, "trades": 2, "equity": 2}))

    assert sequences(client.execution(7).follow()) == all_of(dict.fromkeys(MEMBERS, 2))
    first = next(client.execution(7).events())
    assert first.more == {"colour": "blue"}
    assert first.body == {**row("events", 1), "colour": "blue"}
