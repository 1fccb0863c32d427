"""Files come in pieces, from both clients alike, and one that is cut short is not taken for whole."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from tapedeck_client import NotFound, Unreachable
from tests.clients.pretend import answers, awaiting_client_of, client_of, problem

PIECES = [b"sequence\n", b"1\n2\n", b"3\n"]


class Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that tells how far it was read, and may be cut."""

    def __init__(self, is_cut: bool = False) -> None:
        self.is_cut, self.given, self.is_closed = is_cut, 0, False

    def __iter__(self) -> Iterator[bytes]:
        for piece in PIECES:
            self.given += 1
            yield piece
        if self.is_cut:
            raise httpx.RemoteProtocolError("cut short")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece

    def close(self) -> None:
        self.is_closed = True

    async def aclose(self) -> None:
        self.is_closed = True


@pytest.fixture(params=["blocking", "awaiting"])
def read(request: pytest.FixtureRequest) -> Any:
    """read(handler, "export", …): the bytes that the execution's stream gives."""

    def blocking(handler: Any, name: str, *arguments: Any, **more: Any) -> bytes:
        client, _ = client_of(handler)
        return b"".join(getattr(client.execution(7), name)(*arguments, **more))

    def awaiting(handler: Any, name: str, *arguments: Any, **more: Any) -> bytes:
        async def gathered() -> bytes:
            async with awaiting_client_of(handler) as client:
                return b"".join([piece async for piece in getattr(client.execution(7), name)(*arguments, **more)])

        return asyncio.run(gathered())

    return blocking if request.param == "blocking" else awaiting


def test_an_export_is_the_bytes_of_the_answer(read: Any) -> None:
    body = Body()
    handler, seen = answers(httpx.Response(200, stream=body))

    found = read(handler, "export", "events", "ndjson", since=5, event_type="trade_executed")

    assert found == b"".join(PIECES)
    assert seen[0].url.path == "/api/trading/executions/7/events/export/"
    assert dict(seen[0].url.params) == {"format": "ndjson", "since_sequence": "5", "event_type": "trade_executed"}
    assert body.is_closed


def test_a_bundle_is_the_bytes_of_the_answer(read: Any) -> None:
    handler, seen = answers(httpx.Response(200, stream=Body()))

    assert read(handler, "bundle") == b"".join(PIECES)
    assert seen[0].url.path == "/api/trading/executions/7/bundle/"


def test_a_refusal_says_why(read: Any) -> None:
    handler, _ = answers(problem(404, "Execution not found"))

    with pytest.raises(NotFound, match="Execution not found"):
        read(handler, "export")


def test_a_server_that_is_away_for_a_moment_is_asked_again(read: Any) -> None:
    handler, seen = answers(problem(503), httpx.Response(200, stream=Body()))

    assert read(handler, "export") == b"".join(PIECES)
    assert len(seen) == 2


def test_a_file_that_is_cut_short_is_an_error(read: Any) -> None:
    body = Body(is_cut=True)
    handler, seen = answers(httpx.Response(200, stream=body))

    with pytest.raises(Unreachable):
        read(handler, "export")

    assert len(seen) == 1
    assert body.is_closed


def test_who_stops_reading_closes_the_answer() -> None:
    body = Body()
    client, _ = client_of(answers(httpx.Response(200, stream=body))[0])

    pieces = client.execution(7).export()
    next(pieces)
    pieces.close()

    assert body.is_closed


def test_an_unknown_journal_is_not_asked_for(read: Any) -> None:
    handler, seen = answers(httpx.Response(200, stream=Body()))

    with pytest.raises(ValueError, match="orders"):
        read(handler, "export", "orders")

    assert seen == []
