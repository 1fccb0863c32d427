"""Reading rows and lists by pages: each once and in order, whatever the server does."""

import asyncio
from itertools import islice
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapedeck_client import BadAnswer
from tests.clients.pretend import MEMBERS, PretendServer, answers, awaiting_client_of, client_of, row

HEADS = st.fixed_dictionaries({name: st.integers(0, 60) for name in MEMBERS})
TROUBLE = st.lists(st.sampled_from(["ok", "cut", "503", "429"]), max_size=12)
SUMMARY = {
    "task_type": "backtest", "task_id": 1, "execution_number": 1, "strategy_type": "sma_cross", "status": "completed",
    "progress": 100.0, "processed": 1, "total": 1, "simulated_at": None, "created_at": "2024-01-01T00:00:00Z",
    "started_at": None, "completed_at": None, "duration": None, "error_message": None,
}  # fmt: skip
laws = settings(deadline=None)  # a machine may be busy


@laws
@given(
    heads=HEADS, most_rows=st.integers(1, 20), page_size=st.integers(1, 20), since=st.integers(0, 70), trouble=TROUBLE
)
def test_every_row_above_since_is_read_once(
    heads: dict[str, int], most_rows: int, page_size: int, since: int, trouble: list[str]
) -> None:
    server = PretendServer(heads, most_rows=most_rows, trouble=limited(trouble))
    client, _ = client_of(server)

    for name, head in heads.items():
        rows = list(getattr(client.execution(7), name)(since, page_size=page_size))

        assert [one.sequence for one in rows] == list(range(since + 1, head + 1))
        assert [one.body for one in rows] == [row(name, one.sequence) for one in rows]


@laws
@given(head=st.integers(0, 60), most_rows=st.integers(1, 20), pace=st.integers(1, 30))
def test_rows_that_are_written_while_one_reads_move_nothing(head: int, most_rows: int, pace: int) -> None:
    server = PretendServer(dict.fromkeys(MEMBERS, head), most_rows=most_rows, pace=pace)
    client, _ = client_of(server)

    rows = [one.sequence for one in client.execution(7).equity()]

    assert rows == list(range(1, len(rows) + 1))
    assert len(rows) >= min(head, pace)


@laws
@given(heads=HEADS, most_rows=st.integers(1, 20), trouble=TROUBLE)
def test_both_clients_read_the_same(heads: dict[str, int], most_rows: int, trouble: list[str]) -> None:
    client, _ = client_of(PretendServer(heads, most_rows=most_rows, trouble=limited(trouble)))
    awaiting = awaiting_client_of(PretendServer(heads, most_rows=most_rows, trouble=limited(trouble)))

    async def read() -> list[Any]:
        return [one async for one in awaiting.execution(7).events()]

    assert asyncio.run(read()) == list(client.execution(7).events())


def limited(trouble: list[str]) -> list[str]:
    """The trouble, but never as much of it in a row as a call's patience."""
    return [word if place % 4 else "ok" for place, word in enumerate(trouble)]


def test_only_as_many_pages_are_fetched_as_are_read() -> None:
    server = PretendServer(dict.fromkeys(MEMBERS, 100), most_rows=10)
    client, _ = client_of(server)

    assert [one.sequence for one in islice(client.execution(7).trades(), 15)] == list(range(1, 16))

    assert server.asked["trades"] == 2


@pytest.mark.parametrize("sent", [[1, 3], [2], [1, 2, 4]])
def test_a_gap_is_an_error_and_not_a_row(sent: list[int]) -> None:
    page = {"events": [row("events", sequence) for sequence in sent], "next": None}
    client, _ = client_of(
        lambda request: httpx.Response(200, json=page if "=0" in str(request.url) else page | {"next": "x"})
    )
    good: list[int] = []

    with pytest.raises(BadAnswer, match="After events"):
        good += (one.sequence for one in client.execution(7).events())


def test_a_row_that_is_sent_twice_is_read_once() -> None:
    pages = [
        {"events": [row("events", sequence) for sequence in (1, 2)], "next": "more"},
        {"events": [row("events", sequence) for sequence in (1, 2, 2, 3)], "next": None},
    ]
    handler, _ = answers(*(httpx.Response(200, json=page) for page in pages))
    client, _ = client_of(handler)

    assert [one.sequence for one in client.execution(7).events()] == [1, 2, 3]


def test_a_filter_leaves_rows_out_and_is_no_gap() -> None:
    pages = [
        {"events": [row("events", 3), row("events", 8)], "next": "more"},
        {"events": [row("events", 11)], "next": None},
    ]
    handler, seen = answers(*(httpx.Response(200, json=page) for page in pages))
    client, _ = client_of(handler)

    rows = list(client.execution(7).events(event_type="strategy_signal"))

    assert [one.sequence for one in rows] == [3, 8, 11]
    assert [request.url.params["since_sequence"] for request in seen] == ["0", "8"]
    assert {request.url.params["event_type"] for request in seen} == {"strategy_signal"}


def test_a_thinned_curve_is_read_by_pages_of_one_thinning() -> None:
    pages = [
        {"equity_curve": [row("equity", 1), row("equity", 40)], "next": "more"},
        {"equity_curve": [row("equity", 90)], "next": None},
    ]
    handler, seen = answers(*(httpx.Response(200, json=page) for page in pages))
    client, _ = client_of(handler)

    rows = list(client.execution(7).equity(max_points=3))

    assert [one.sequence for one in rows] == [1, 40, 90]
    assert [(request.url.params["page"], request.url.params["since_sequence"]) for request in seen] == [
        ("1", "0"),
        ("2", "0"),
    ]


@laws
@given(count=st.integers(0, 50), size=st.integers(1, 10), new=st.integers(0, 3))
def test_a_list_gives_each_thing_once_while_new_ones_are_made(count: int, size: int, new: int) -> None:
    things = list(range(count, 0, -1))

    def handler(request: httpx.Request) -> httpx.Response:
        first = (int(request.url.params["page"]) - 1) * size
        body = {
            "results": [{"id": number, **SUMMARY} for number in things[first : first + size]],
            "next": "more" if first + size < len(things) else None,
        }
        things[:0] = range(len(things) + new, len(things), -1) if len(things) < 100 else ()
        return httpx.Response(200, json=body)

    client, _ = client_of(handler)
    found = [one.id for one in client.executions.list()]

    assert len(found) == len(set(found))
    assert set(range(1, count + 1)) <= set(found)


@pytest.mark.parametrize("body", [{}, {"events": None}, [], {"events": [1]}, {"events": [{"sequence": 1}]}])
def test_a_page_that_is_none_is_a_bad_answer(body: Any) -> None:
    client, _ = client_of(lambda request: httpx.Response(200, json=body))

    with pytest.raises(BadAnswer):
        list(client.execution(7).events())
