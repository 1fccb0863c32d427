"""The two who carry steps out. They differ in how they wait, and in nothing else."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AsyncExitStack, ExitStack, aclosing, closing, suppress
from typing import Any, TypeVar

import httpx
import websockets
from websockets.asyncio.client import connect as connect_awaiting
from websockets.sync.client import connect as connect_blocking

from tapedeck_client.errors import TapedeckError, Unreachable
from tapedeck_client.steps import (
    Alone,
    Close,
    Fetch,
    Give,
    Open,
    Piece,
    Receive,
    Send,
    Sleep,
    SocketClosed,
    SocketRefused,
    Steps,
    Walk,
)

T = TypeVar("T")
LARGEST_FRAME = 32 * 1024 * 1024
PIECE_BYTES = 256 * 1024
CLOSE_SECONDS = 2.0  # for the farewell to a server that may be gone
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
FAILURES = (httpx.RequestError, websockets.WebSocketException, OSError, EOFError)


class Blocking:
    """Waits in the caller's thread. Several threads may share it."""

    def __init__(self, http: httpx.Client, sleep: Callable[[float], object] = time.sleep) -> None:
        self.http, self.sleep = http, sleep
        self.lock = threading.Lock()
        self.connect: Callable[..., Any] = connect_blocking

    def run(self, steps: Steps[T]) -> T:
        walk = Walk(steps)
        for _ in self.stream(walk):
            raise AssertionError("These steps give values on the way: they are a stream.")
        return walk.result  # type: ignore[return-value]  # None only where T allows it

    def stream(self, walk: Walk[Any]) -> Generator[Any, None, None]:
        lines = ExitStack()
        socket: Any = None
        pieces: Any = None
        try:
            while (effect := walk.effect) is not None:
                if isinstance(effect, Give):
                    yield from effect.values
                    walk.answer(None)
                    continue
                answer: Any = None
                try:
                    match effect:
                        case Send(request):
                            answer = self.http.send(request)
                        case Fetch(request):
                            answer = lines.enter_context(closing(self.http.send(request, stream=True)))
                            if not answer.is_success:
                                answer.read()
                            pieces = answer.iter_bytes(PIECE_BYTES)
                        case Piece():
                            answer = next(pieces, b"")
                        case Sleep(seconds):
                            self.sleep(seconds)
                        case Open(url):
                            line = self.connect(url, max_size=LARGEST_FRAME, close_timeout=CLOSE_SECONDS)
                            socket = lines.enter_context(line)
                        case Receive():
                            answer = socket.recv()
                        case Close():
                            _leave(lines)
                        case Alone(steps):
                            with self.lock:
                                answer = self.run(steps)
                except TapedeckError as error:
                    walk.fail(error)
                except FAILURES as error:
                    walk.fail(explained(error, effect))
                else:
                    walk.answer(answer)
        finally:
            walk.close()
            _leave(lines)


class Awaiting:
    """Waits in the running event loop. Any number of tasks may share it."""

    def __init__(self, http: httpx.AsyncClient, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        self.http, self.sleep = http, sleep
        self.lock = asyncio.Lock()
        self.connect: Callable[..., Any] = connect_awaiting

    async def run(self, steps: Steps[T]) -> T:
        walk = Walk(steps)
        async for _ in self.stream(walk):
            raise AssertionError("These steps give values on the way: they are a stream.")
        return walk.result  # type: ignore[return-value]  # None only where T allows it

    async def stream(self, walk: Walk[Any]) -> AsyncGenerator[Any, None]:
        lines = AsyncExitStack()
        socket: Any = None
        pieces: Any = None
        try:
            while (effect := walk.effect) is not None:
                if isinstance(effect, Give):
                    for value in effect.values:
                        yield value
                    walk.answer(None)
                    continue
                answer: Any = None
                try:
                    match effect:
                        case Send(request):
                            answer = await self.http.send(request)
                        case Fetch(request):
                            answer = await lines.enter_async_context(
                                aclosing(await self.http.send(request, stream=True))
                            )
                            if not answer.is_success:
                                await answer.aread()
                            pieces = answer.aiter_bytes(PIECE_BYTES)
                        case Piece():
                            answer = await anext(pieces, b"")
                        case Sleep(seconds):
                            await self.sleep(seconds)
                        case Open(url):
                            line = self.connect(url, max_size=LARGEST_FRAME, close_timeout=CLOSE_SECONDS)
                            socket = await lines.enter_async_context(line)
                        case Receive():
                            answer = await socket.recv()
                        case Close():
                            await _leave_awaiting(lines)
                        case Alone(steps):
                            async with self.lock:
                                answer = await self.run(steps)
                except TapedeckError as error:
                    walk.fail(error)
                except FAILURES as error:
                    walk.fail(explained(error, effect))
                else:
                    walk.answer(answer)
        finally:
            walk.close()
            await _leave_awaiting(lines)


def _leave(lines: ExitStack) -> None:
    with suppress(*FAILURES):
        lines.close()


async def _leave_awaiting(lines: AsyncExitStack) -> None:
    with suppress(*FAILURES):
        await lines.aclose()


def explained(error: Exception, effect: Any) -> Exception:
    """A library's exception as ours; that of a file that cannot be read as it is."""
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, httpx.RequestError):
        url = error.request.url
        was_sent = not isinstance(error, NOT_SENT)
        return Unreachable(f"{url.scheme}://{url.netloc.decode()} does not answer ({what}).", was_sent=was_sent)
    if isinstance(effect, Send | Fetch | Piece):
        return error
    if isinstance(error, websockets.ConnectionClosed):
        frame = error.rcvd
        return SocketClosed(frame.code, frame.reason) if frame else SocketClosed(1006)
    if isinstance(error, websockets.InvalidStatus):
        return SocketRefused(what, error.response.status_code)
    if isinstance(error, websockets.WebSocketException) and isinstance(effect, Open):
        return SocketRefused(what)
    if isinstance(effect, Open):
        return Unreachable(f"The socket could not be opened ({what}).")
    return SocketClosed(1006)
