"""Whatever the transport and whatever is cut: the same rows; and clients that misbehave cost the server little."""

import asyncio
import os
import socket
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets

from tests.acceptance.client import JOURNALS, Person
from tests.acceptance.transports import HOLDERS
from tests.conftest import as_csv, random_bars
from tests.stack import Stack

pytestmark = pytest.mark.acceptance
BARS = 900
LONG = 100_000  # bars, whose curve is more than the kernel holds for a client that does not read
STUCK = 16  # clients
STUCK_SECONDS = 10.0  # that the server waits


def a_task(person: Person, folder: Path, bars: int, **changes: Any) -> int:
    path = folder / "minutes.csv"
    path.write_bytes(as_csv(random_bars(bars)))
    config = person.configure("sma_cross", fast=3, slow=8)
    return person.save_task(config, person.upload(path, symbol="XYZ", timeframe="60"), **changes)


async def test_polling_sockets_and_streams_hold_the_same_rows(person: Person, tmp_path: Path) -> None:
    execution = person.start(a_task(person, tmp_path, BARS, bars_per_second=250))

    holders = [kind(person, execution, seed) for seed, kind in enumerate(HOLDERS)]
    async with asyncio.timeout(90):
        await asyncio.gather(*(holder.hold() for holder in holders))

    served = {name: person.rows(execution, name) for name in JOURNALS}
    assert len(served["equity"]) == BARS
    for holder in holders:
        assert holder.cuts >= 3, type(holder).__name__
        for name, rows in served.items():
            assert holder.rows[name] == rows, f"{name} of {type(holder).__name__}"


@pytest.mark.slow
def test_clients_that_stop_reading_are_closed_and_cost_little(person: Person, tmp_path: Path) -> None:
    stack = person.stack
    execution = person.start(a_task(person, tmp_path, LONG))
    person.wait(execution)
    cookie = f"sessionid={person.browse()['sessionid']}"
    first = list(ask_and_never_read(stack, execution, cookie, 4))  # what these need, all others share
    time.sleep(1.0)
    before = resident_kb(stack)

    lines = list(ask_and_never_read(stack, execution, cookie, STUCK))
    time.sleep(STUCK_SECONDS / 2)
    grown = resident_kb(stack) - before
    time.sleep(STUCK_SECONDS)
    received = [read_to_the_end(line) for line in (*first, *lines)]

    assert grown < STUCK * 1024, "kB; the whole curve is eight times as much"
    assert all(0 < size < LONG * 60 for size in received), received  # each was cut in the middle
    assert len(person.rows(execution, "equity", after=LONG - 10)) == 10
    assert_no_exception(stack)


def ask_and_never_read(stack: Stack, execution: int, cookie: str, count: int) -> Any:
    """Sockets and streams in turn."""
    origin = stack.url
    upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: c2l4dGVlbiBvY3RldHMhIQ==\r\n"
    upgrade += f"Sec-WebSocket-Version: 13\r\nOrigin: {origin}\r\n"
    ways = [(f"/ws/executions/{execution}/", upgrade), (f"/api/trading/executions/{execution}/stream/", "")]
    for number in range(count):
        path, more = ways[number % 2]
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect(("127.0.0.1", stack.port))
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{stack.port}\r\nCookie: {cookie}\r\n{more}\r\n".encode())
        yield line


def read_to_the_end(line: socket.socket) -> int:
    """How many bytes there still are, up to where the server cut the line."""
    size = 0
    line.settimeout(20)
    try:
        while part := line.recv(1 << 20):
            size += len(part)
    except ConnectionResetError:
        pass
    line.close()
    return size


def resident_kb(stack: Stack) -> int:
    pages = int(Path(f"/proc/{stack.processes['web'].pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


def assert_no_exception(stack: Stack) -> None:
    words = (stack.folder / "web.log").read_text(errors="replace")
    assert "Traceback" not in words
    assert '"level": "error"' not in words


@pytest.fixture(scope="module")
def done(new_person: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Person, Person, int]:
    """An owner, a stranger, and the owner's finished execution."""
    owner, stranger = new_person(), new_person()
    execution = owner.start(a_task(owner, tmp_path_factory.mktemp("bars"), 100))
    owner.wait(execution)
    return owner, stranger, execution


async def test_strangers_get_no_stream_and_no_subscription(done: tuple[Person, Person, int]) -> None:
    owner, stranger, execution = done
    path = f"/api/trading/executions/{execution}/stream/"
    url = f"{owner.stack.socket_url}/ws/executions/"

    refused = stranger.call("get", path, 403, headers={"Accept": "text/event-stream"})
    nobody = httpx.get(owner.stack.url + path, headers={"Accept": "text/event-stream"})
    async with websockets.connect(f"{url}?ticket={stranger.ticket()}") as line:
        await line.send(f'{{"action":"subscribe","execution":{execution}}}')
        said = await line.recv()

    assert refused["error"] == "Access denied"
    assert nobody.status_code == 401
    assert nobody.headers["WWW-Authenticate"].startswith("Bearer")
    assert '"code":"access_denied"' in str(said)
    assert await close_code(url) == 4401


async def test_frames_of_every_wrong_kind_end_in_a_word_or_a_code(done: tuple[Person, Person, int]) -> None:
    owner, _, _ = done
    url = f"{owner.stack.socket_url}/ws/executions/"

    async def codes(*frames: str | bytes) -> int | None:
        """The code with which the connection was closed, or None when every frame was answered by an error."""
        async with websockets.connect(f"{url}?ticket={await asyncio.to_thread(owner.ticket)}") as line:
            try:
                for frame in frames:
                    await line.send(frame)
                for _ in frames:
                    assert '"type":"error"' in str(await asyncio.wait_for(line.recv(), 20))
            except websockets.ConnectionClosed:
                return line.close_code
        return None

    assert await codes("", "{", "[]", b"\xff\xfe", '{"action":"subscribe","execution":{}}', "x" * 100_000) is None
    assert await codes("x" * 2_000_000) in (1009, 1006)  # cut before the whole frame is in
    assert await codes(*[f'{{"action":"subscribe","execution":{10**8 + n}}}' for n in range(10_000)]) == 4429
    assert_no_exception(owner.stack)


async def close_code(url: str) -> int | None:
    async with websockets.connect(url) as line:
        with pytest.raises(websockets.ConnectionClosed):
            await line.recv()
        return line.close_code
