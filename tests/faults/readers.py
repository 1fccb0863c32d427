"""Those who follow an execution while things go wrong: each must end up with the rows that the API serves."""

import threading
import time
from random import Random
from typing import Any

import httpx
import orjson
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from tests.acceptance.client import FINAL, JOURNALS
from tests.faults.visitor import EXECUTIONS, Visitor

AGAIN_SECONDS = 0.1
LINE_SECONDS = 5.0
END_SECONDS = 15.0  # after the execution's end, to hear of it


class Follower(threading.Thread):
    """Reads to the end in a thread of its own; `rows` is what it holds, `failure` why it could not."""

    transport = ""

    def __init__(self, visitor: Visitor, execution: int, seed: int) -> None:
        super().__init__(daemon=True, name=f"{self.transport} of {execution}")
        self.visitor, self.execution, self.chance = visitor, execution, Random(seed)
        self.rows: dict[str, list[dict[str, Any]]] = {journal: [] for journal in JOURNALS}
        self.last_status: dict[str, Any] = {}
        self.lines = 0
        self.failure: str | None = None
        self.until: float | None = None
        """Set when the execution has ended: then the follower has not long any more."""
        self.ended_at: float | None = None

    def run(self) -> None:
        try:
            while not self.read_a_line():
                if self.until is not None and time.monotonic() > self.until:
                    raise TimeoutError(f"no end within {END_SECONDS:g} s of the execution's")
                time.sleep(AGAIN_SECONDS)
        except Exception as error:
            self.failure = f"{type(error).__name__}: {error}"
        self.ended_at = time.monotonic()

    def hear_of_end(self) -> None:
        if self.until is None:
            self.until = time.monotonic() + END_SECONDS

    @property
    def delay(self) -> float:
        """Seconds from the execution's end to the last row and the news of it."""
        if self.until is None or self.ended_at is None:
            return 0.0
        return max(0.0, self.ended_at - (self.until - END_SECONDS))

    def read_a_line(self) -> bool:
        """Connect and read until the end (True) or until the line is lost."""
        raise NotImplementedError

    def since(self) -> dict[str, int]:
        return {journal: rows[-1]["sequence"] if rows else 0 for journal, rows in self.rows.items()}

    def take(self, frame: dict[str, Any]) -> bool:
        """Keep what a frame brings; True when it is the end."""
        if frame["type"] == "rows":
            for journal, rows in self.rows.items():
                rows.extend(frame[journal])
        elif frame["type"] == "status":
            self.last_status = frame
        return frame["type"] == "end"


class Poller(Follower):
    """Asks for what came after its last sequence, in pages of a size of its own."""

    transport = "poll"

    def read_a_line(self) -> bool:
        size = self.chance.choice([50, 200, 1000])
        self.lines += 1
        while self.chance.random() > 0.1:
            self.last_status = self.visitor.status(self.execution)  # before the rows: they can only be more
            for journal, rows in self.rows.items():
                has_more = True
                while has_more:
                    page, has_more = self.visitor.page(self.execution, journal, self.since()[journal], size)
                    rows.extend(page)
            if self.last_status["status"] in FINAL:
                return True
            time.sleep(self.chance.uniform(0.05, 0.4))
        return False


class Listener(Follower):
    """Follows by WebSocket and goes on from its cursors."""

    transport = "socket"

    def read_a_line(self) -> bool:
        answer = self.visitor.try_once("post", "/api/accounts/tickets/")
        if answer is None:
            return False
        cursors = "".join(f"&since_{journal}={sequence}" for journal, sequence in self.since().items())
        url = (
            f"{self.visitor.stack.socket_url}/ws/executions/{self.execution}/?ticket={answer.json()['ticket']}{cursors}"
        )
        frames = self.chance.choice([1, 3, 8, 10_000])
        self.lines += 1
        try:
            with connect(url, max_size=None, open_timeout=LINE_SECONDS, close_timeout=0.5) as socket:
                while frames:
                    if self.take(orjson.loads(socket.recv(timeout=LINE_SECONDS))):
                        return True
                    frames -= 1
        except (WebSocketException, OSError, TimeoutError):
            pass
        return False


class Receiver(Follower):
    """Follows by server-sent events and goes on by Last-Event-ID."""

    transport = "stream"

    def __init__(self, visitor: Visitor, execution: int, seed: int) -> None:
        super().__init__(visitor, execution, seed)
        self.last_id = ""

    def read_a_line(self) -> bool:
        url = f"{EXECUTIONS}/{self.execution}/stream/"
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": self.last_id} if self.last_id else {})}
        frames = self.chance.choice([1, 3, 8, 10_000])
        self.lines += 1
        name, data, last_id = "", "", self.last_id
        try:
            with self.visitor.http.stream("GET", url, headers=headers, timeout=LINE_SECONDS) as answer:
                if answer.status_code != 200:
                    return False
                for line in answer.iter_lines():
                    field, _, value = line.partition(":")
                    value = value.removeprefix(" ")
                    if field == "event":
                        name = value
                    elif field == "data":
                        data += value
                    elif field == "id":
                        last_id = value
                    elif not line and data:
                        self.last_id = last_id
                        if self.take({"type": name, **orjson.loads(data)}):
                            return True
                        name, data, frames = "", "", frames - 1
                        if not frames:
                            return False
        except httpx.TransportError:
            pass
        return False


FOLLOWERS: dict[str, type[Follower]] = {kind.transport: kind for kind in (Poller, Listener, Receiver)}


def has_streams(visitor: Visitor, execution: int) -> bool:
    """Whether this server serves server-sent events of a finished execution."""
    headers = {"Accept": "text/event-stream"}
    with visitor.http.stream("GET", f"{EXECUTIONS}/{execution}/stream/", headers=headers) as answer:
        return answer.status_code == 200 and "text/event-stream" in answer.headers.get("content-type", "")
