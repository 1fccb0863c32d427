"""How requests are carried out behind ASGI: in one of a few threads, and long answers as fast as they are taken."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import override_settings
from django.urls import path

from apps.journal.lines import LINE
from config.handler import Handler

PIECES = 50
made: list[int] = []
ended = threading.Event()


def echo(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{request.method} {request.GET.get('q')} {request.body.decode()}")


def who(request: HttpRequest) -> HttpResponse:
    return HttpResponse(threading.current_thread().name)


def crash(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("boom")


def _pieces(fails_at: int | None = None) -> Iterator[bytes]:
    try:
        for number in range(PIECES):
            if number == fails_at:
                raise RuntimeError("boom")
            made.append(number)
            yield b"%d\n" % number
    finally:
        ended.set()


def stream(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(_pieces())


def broken(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(_pieces(fails_at=3))


urlpatterns = [
    path("admin/", admin.site.urls),  # a middleware wants to know where it is
    path("api/echo/", echo),
    path("api/who/", who),
    path("api/crash/", crash),
    path("api/stream/", stream),
    path("api/broken/", broken),
]


class SlowLine:
    """A client that takes a piece only when it is told to."""

    def __init__(self) -> None:
        self.is_clear, self.is_gone, self.full_since, self.turn = True, False, 0.0, asyncio.Lock()
        self.is_dropped = False
        self.is_closed = False
        self.when_clear: Callable[[], None] = lambda: None

    def open(self, when_clear: Callable[[], None]) -> None:
        self.when_clear = when_clear

    def write(self, *messages: Any) -> None:
        raise NotImplementedError

    def close(self) -> None:
        self.is_closed = True

    def drop(self) -> None:
        self.is_dropped = True

    def take(self) -> None:
        self.is_clear = True
        self.when_clear()


class Client:
    """One request, as a server gives it to the application."""

    def __init__(self, url: str, method: str = "GET", body: bytes = b"") -> None:
        where, _, query = url.partition("?")
        self.line = SlowLine()
        self.scope = {
            "type": "http", "method": method, "path": where, "raw_path": where.encode(), "query_string": query.encode(),
            "headers": [(b"host", b"127.0.0.1")], "scheme": "http", "http_version": "1.1", "root_path": "",
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), LINE: self.line,
        }  # fmt: skip
        self.messages = [{"type": "http.request", "body": body, "more_body": False}]
        self.sent: list[Any] = []
        self.left = asyncio.Event()
        self.is_slow = False

    async def receive(self) -> Any:
        if self.messages:
            return self.messages.pop()
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.sent.append(message)
        if self.is_slow and message.get("body"):
            self.line.is_clear = False

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent[1:])

    @property
    def is_whole(self) -> bool:
        return not self.sent[-1].get("more_body", False) and len(self.sent) > 1


@pytest.fixture
def handler() -> Iterator[Handler]:
    made.clear()
    ended.clear()
    with override_settings(ROOT_URLCONF=__name__, WEB_THREADS=2):
        yield Handler()


def ask(handler: Handler, url: str, method: str = "GET", body: bytes = b"") -> Client:
    async def answered() -> Client:
        client = Client(url, method, body)
        await handler(client.scope, client.receive, client.send)
        return client

    return asyncio.run(answered())


def test_a_request_comes_in_and_an_answer_goes_out(handler: Handler) -> None:
    client = ask(handler, "/api/echo/?q=7", "PUT", b"hello")

    assert client.sent[0]["status"] == 403  # no form's token: the middlewares are at work

    client = ask(handler, "/api/echo/?q=7")

    assert client.sent[0]["status"] == 200
    assert client.body == b"GET 7 "
    assert dict(client.sent[0]["headers"])[b"Content-Length"] == b"6"


def test_a_crash_is_answered(handler: Handler) -> None:
    client = ask(handler, "/api/crash/")

    assert client.sent[0]["status"] == 500
    assert client.is_whole


def test_requests_share_a_few_threads(handler: Handler) -> None:
    async def many() -> list[Client]:
        clients = [Client("/api/who/") for _ in range(20)]
        await asyncio.gather(*(handler(one.scope, one.receive, one.send) for one in clients))
        return clients

    names = {client.body for client in asyncio.run(many())}

    assert len(names) <= 2
    assert all(name.startswith(b"request") for name in names)


def test_a_stream_is_sent_whole(handler: Handler) -> None:
    client = ask(handler, "/api/stream/")

    assert client.body == b"".join(b"%d\n" % number for number in range(PIECES))
    assert client.is_whole
    assert ended.is_set()
    assert client.line.is_closed


def test_no_more_is_made_than_the_client_takes(handler: Handler) -> None:
    async def slowly() -> tuple[list[int], Client]:
        client = Client("/api/stream/")
        client.is_slow = True
        counts = []
        running = asyncio.ensure_future(handler(client.scope, client.receive, client.send))
        while len(counts) < 5:
            await _until(lambda: not client.line.is_clear)
            for _ in range(20):
                await asyncio.sleep(0)
            counts.append(len(made))
            client.line.take()
        client.is_slow = False
        client.line.take()
        await running
        return counts, client

    counts, client = asyncio.run(slowly())

    assert counts == [1, 2, 3, 4, 5]
    assert len(made) == PIECES
    assert client.is_whole


def test_a_client_that_leaves_ends_its_stream(handler: Handler) -> None:
    async def leaving() -> None:
        client = Client("/api/stream/")
        client.is_slow = True
        running = asyncio.ensure_future(handler(client.scope, client.receive, client.send))
        await _until(lambda: not client.line.is_clear)
        client.left.set()
        await running

    asyncio.run(leaving())

    assert len(made) <= 2
    assert ended.is_set()


def test_a_stream_that_fails_does_not_look_whole(handler: Handler) -> None:
    async def failing() -> Client:
        client = Client("/api/broken/")
        with pytest.raises(RuntimeError, match="boom"):
            await handler(client.scope, client.receive, client.send)
        return client

    client = asyncio.run(failing())

    assert client.body == b"0\n1\n2\n"
    assert not client.is_whole
    assert client.line.is_dropped


def test_a_client_that_takes_nothing_is_cut_off(handler: Handler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.handler.STUCK_SECONDS", 0.01)

    async def stuck() -> Client:
        client = Client("/api/stream/")
        client.is_slow = True
        await handler(client.scope, client.receive, client.send)
        return client

    client = asyncio.run(stuck())

    assert made == [0]
    assert client.line.is_dropped
    assert not client.is_whole
    assert ended.is_set()


def test_nothing_is_made_for_who_asks_for_headers_only(handler: Handler) -> None:
    client = ask(handler, "/api/stream/", "HEAD")

    assert client.sent[0]["status"] == 200
    assert client.body == b""
    assert made == []


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not is_so():
            await asyncio.sleep(0.001)
