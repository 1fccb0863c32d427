"""The way to one client: whether it takes what is written, and since when it does not.

ASGI's `send` waits until the client's line takes a message, says the specification. Daphne's does not: it keeps all in
memory, so one client that stops reading would cost the server everything that follows. Its transport tells when it
holds more than 64 KiB, and a line listens to that. Other servers are believed.
"""

import asyncio
import functools
import struct
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any, Protocol

from autobahn.exception import Disconnected

from apps.journal.endings import end

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]
LINE = "tapedeck.line"


class Frame(dict[str, Any]):
    """A message of text for a WebSocket, which many lines are given: what it is on the wire is worked out once."""

    def __init__(self, text: str) -> None:
        super().__init__(type="websocket.send", text=text)

    @functools.cached_property
    def wire(self) -> bytes:
        """RFC 6455, section 5.2: one unmasked frame, as a server sends it."""
        payload = self["text"].encode()
        length = len(payload)
        if length < 126:
            return struct.pack("!BB", 0x81, length) + payload
        if length < 1 << 16:
            return struct.pack("!BBH", 0x81, 126, length) + payload
        return struct.pack("!BBQ", 0x81, 127, length) + payload


class Line(Protocol):
    """is_clear: whether the client took what was written before, more or less; who writes asks first."""

    is_clear: bool
    full_since: float
    """Monotonic seconds; of meaning only while it is not clear."""
    is_gone: bool
    """The client has left."""
    turn: asyncio.Lock
    """Held by the one reader of the past that this line has at a time."""

    def open(self, when_clear: Callable[[], None]) -> None:
        """Begin to be written to; `when_clear` is called each time that the line becomes clear again."""

    def write(self, *messages: Message) -> None:
        """Hand messages over without waiting; nothing happens when the client is gone."""

    def close(self) -> None:
        """Write no more."""

    def drop(self) -> None:
        """Throw away what the client has not taken, and cut it off."""


class DaphneLine:
    """Twisted's push producer: paused while the transport holds more than it should.

    Frames for a WebSocket go to the transport as they are, and to the kernel at once when nothing waits before them:
    60 µs of a message's 80 were spent on framing it anew for each client, on debug words, and on epoll.
    """

    def __init__(self, send: Send, protocol: Any) -> None:
        self._send, self._protocol = send, protocol
        self._when_clear: Callable[[], None] = _nothing
        self.is_clear, self.is_gone, self.full_since, self.turn = True, False, 0.0, asyncio.Lock()

    def open(self, when_clear: Callable[[], None]) -> None:
        self._when_clear = when_clear
        self._protocol.unregisterProducer()  # that of the request which a WebSocket was before
        self._protocol.registerProducer(self, True)

    def write(self, *messages: Message) -> None:
        try:
            wires: list[bytes] = [message.wire for message in messages]  # type: ignore[attr-defined]
        except AttributeError:
            self._write_each(messages)
            return
        if self._protocol.state == self._protocol.STATE_OPEN:
            self._write_wire(wires[0] if len(wires) == 1 else b"".join(wires))

    def _write_each(self, messages: Iterable[Message]) -> None:
        for message in messages:
            sending: Any = self._send(message)
            try:
                sending.send(None)
            except (StopIteration, Disconnected):
                continue  # taken at once, or the client has left
            raise RuntimeError("The server waits with what it used to take at once.")

    def _write_wire(self, data: bytes) -> None:
        transport = self._protocol.transport
        if getattr(transport, "_tempDataLen", 1) == 0 and not transport.dataBuffer:  # one behind TLS has neither
            sent = transport.writeSomeData(data)
            if sent == len(data):
                return
            if isinstance(sent, int) and sent > 0:  # a lost connection is found out again, and told, by write
                data = data[sent:]
        transport.write(data)

    def close(self) -> None:
        self.is_clear, self._when_clear = False, _nothing
        with suppress(AttributeError):  # of a request whose connection is lost
            self._protocol.unregisterProducer()

    def drop(self) -> None:
        self.close()
        if self._protocol.transport is not None:
            self._protocol.transport.abortConnection()

    def pauseProducing(self) -> None:  # noqa: N802 - Twisted's name
        self.is_clear, self.full_since = False, time.monotonic()

    def resumeProducing(self) -> None:  # noqa: N802
        self.is_clear = True
        self._when_clear()

    def stopProducing(self) -> None:  # noqa: N802
        self.is_clear, self.is_gone = False, True


class PatientLine:
    """Of a server whose `send` waits for its client: one message is under way at a time."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._when_clear: Callable[[], None] = _nothing
        self._waiting: deque[Message] = deque()
        self._task: asyncio.Task[None] | None = None
        self.is_clear, self.is_gone, self.full_since, self.turn = True, False, 0.0, asyncio.Lock()

    def open(self, when_clear: Callable[[], None]) -> None:
        self._when_clear = when_clear

    def write(self, *messages: Message) -> None:
        self._waiting += messages
        if self.is_clear:
            self.is_clear, self.full_since = False, time.monotonic()
        if self._task is None:
            self._task = asyncio.create_task(self._send_all())

    def close(self) -> None:
        self.is_clear, self._when_clear = False, _nothing

    def drop(self) -> None:
        self.close()
        self._waiting.clear()
        if self._task is not None:
            end(self._task)

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                await self._send(self._waiting.popleft())
        except OSError:
            self.is_gone = True
            return
        finally:
            self._task = None
        if self._when_clear is not _nothing:
            self.is_clear = True
            self._when_clear()


def _nothing() -> None:
    """Of a line that nobody waits for."""


def line_of(send: Send) -> Line:
    """The line behind what a server gave us to send with."""
    owner = send.args[0] if isinstance(send, functools.partial) and send.args else None
    return DaphneLine(send, owner) if hasattr(owner, "registerProducer") else PatientLine(send)


def with_line(application: Application) -> Application:
    """The application, with the Line to its client in the scope: asked for before any middleware wraps `send`."""

    async def answer(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        await application({**scope, LINE: line_of(send)}, receive, send)

    return answer
