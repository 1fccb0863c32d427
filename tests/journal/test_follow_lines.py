"""Lines: full when the client does not take, clear again when it does, and frames as the standard has them."""

import asyncio
from functools import partial
from typing import Any

import pytest
from autobahn.websocket.protocol import PreparedMessage
from twisted.internet.abstract import FileDescriptor

from apps.journal import frames
from apps.journal.lines import DaphneLine, Frame, PatientLine, line_of


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536, 200_000])
def test_a_frame_is_on_the_wire_what_the_server_would_make_of_it(length: int) -> None:
    text = "ä" * (length // 2) + "x" * (length % 2)

    expected = PreparedMessage(text.encode(), isBinary=False, applyMask=False, doNotCompress=True).payloadHybi

    assert Frame(text).wire == expected
    assert dict(Frame(text)) == {"type": "websocket.send", "text": text}


class Transport(FileDescriptor):
    """Twisted's own buffering, with a client that takes `room` bytes."""

    def __init__(self) -> None:
        super().__init__(reactor=Reactor())
        self.connected, self.room, self.taken = 1, 1 << 30, b""

    def writeSomeData(self, data: Any) -> int:
        part = bytes(data)[: self.room]
        self.room -= len(part)
        self.taken += part
        return len(part)


class Reactor:
    def addWriter(self, writer: Any) -> None:
        """The test calls doWrite."""

    removeWriter = addWriter


class Protocol:
    STATE_OPEN = state = 3

    def __init__(self) -> None:
        self.transport = Transport()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self.transport.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        self.transport.unregisterProducer()


async def handle_reply(protocol: Protocol, message: Any) -> None:
    raise AssertionError("frames go to the transport")


def test_a_daphne_line_is_full_while_the_transport_holds_too_much() -> None:
    protocol, cleared = Protocol(), []
    line = line_of(partial(handle_reply, protocol))  # type: ignore[arg-type]
    line.open(lambda: cleared.append(True))
    messages = [frames.text("a" * 1000), frames.text("b" * 100_000), frames.text("c" * 1000)]

    line.write(messages[0])
    at_once = protocol.transport.taken
    protocol.transport.room = 500
    line.write(messages[1], messages[2])
    was_clear = line.is_clear
    protocol.transport.room = 1 << 30
    protocol.transport.doWrite()

    assert isinstance(line, DaphneLine)
    assert at_once == messages[0].wire  # type: ignore[attr-defined]
    assert (was_clear, line.is_clear, cleared) == (False, True, [True])
    assert protocol.transport.taken == b"".join(message.wire for message in messages)  # type: ignore[attr-defined]


def test_nothing_overtakes_what_waits_in_the_transport() -> None:
    protocol = Protocol()
    line = line_of(partial(handle_reply, protocol))  # type: ignore[arg-type]
    line.open(lambda: None)

    protocol.transport.write(b"a ping of the server")
    line.write(frames.text("rows"))
    protocol.transport.doWrite()

    assert protocol.transport.taken == b"a ping of the server" + Frame("rows").wire


async def test_a_patient_line_has_one_message_under_way() -> None:
    may_go, sent, cleared = asyncio.Event(), [], []

    async def send(message: Any) -> None:
        await may_go.wait()
        sent.append(message["text"])

    line = line_of(send)
    line.open(lambda: cleared.append(True))
    line.write(frames.text("one"))
    await asyncio.sleep(0.01)
    was_clear = line.is_clear
    may_go.set()
    await asyncio.sleep(0.01)

    assert isinstance(line, PatientLine)
    assert (was_clear, line.is_clear, sent, cleared) == (False, True, ["one"], [True])


async def test_a_patient_line_whose_client_has_left_stays_full() -> None:
    async def send(message: Any) -> None:
        raise ConnectionResetError

    line = line_of(send)
    line.open(lambda: pytest.fail("nobody reads"))
    line.write(frames.text("one"))
    await asyncio.sleep(0.01)

    assert (line.is_clear, line.is_gone) == (False, True)
