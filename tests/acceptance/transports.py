"""Ways to hold the rows of an execution: each client is cut off again and again, and goes on from its last row."""

import asyncio
import random
from contextlib import suppress
from typing import Any

import httpx
import orjson
import websockets

from tests.acceptance.client import JOURNALS, Person

Rows = dict[str, list[dict[str, Any]]]


class Holder:
    """rows: what it holds. cuts: how often its line was lost."""

    def __init__(self, person: Person, execution: int, seed: int) -> None:
        self.person, self.execution, self.random = person, execution, random.Random(seed)
        self.rows: Rows = {name: [] for name in JOURNALS}
        self.cuts, self.has_ended = 0, False

    def last(self, journal: str) -> int:
        return self.rows[journal][-1]["sequence"] if self.rows[journal] else 0

    def take(self, frame: dict[str, Any]) -> None:
        for name in JOURNALS:
            self.rows[name] += frame.get(name, [])

    async def hold(self) -> "Holder":
        """Until the end, however often the line is cut."""
        while not self.has_ended:
            with suppress(TimeoutError, websockets.ConnectionClosed, httpx.TransportError):
                async with asyncio.timeout(self.random.uniform(0.1, 0.9)):
                    await self.listen()
            self.cuts += 1
        return self

    async def listen(self) -> None:
        raise NotImplementedError


class Poller(Holder):
    async def listen(self) -> None:
        base = f"/api/trading/executions/{self.execution}"
        async with httpx.AsyncClient(base_url=self.person.stack.url, headers=self.person.http.headers) as http:
            while True:
                status = (await http.get(f"{base}/status/")).json()["status"]
                for name, member in JOURNALS.items():
                    query = {"since_sequence": self.last(name), "page_size": self.random.randint(20, 1000)}
                    answer = (await http.get(f"{base}/{name}/", params=query)).json()
                    self.rows[name] += answer[member]
                    is_last = answer["next"] is None
                if status == "completed" and is_last and await self._has_all(http, base):
                    self.has_ended = True
                    return

    async def _has_all(self, http: httpx.AsyncClient, base: str) -> bool:
        heads = [(await http.get(f"{base}/{name}/", params={"page_size": 1})).json()["count"] for name in JOURNALS]
        return heads == [self.last(name) for name in JOURNALS]


class Watcher(Holder):
    """The socket of one execution."""

    async def listen(self) -> None:
        since = "&".join(f"since_{name}={self.last(name)}" for name in JOURNALS)
        ticket = await asyncio.to_thread(self.person.ticket)
        url = f"{self.person.stack.socket_url}/ws/executions/{self.execution}/?ticket={ticket}&{since}"
        async with websockets.connect(url, max_size=None) as socket:
            async for text in socket:
                frame = orjson.loads(text)
                self.take(frame)
                self.has_ended = self.has_ended or frame["type"] == "end"


class Subscriber(Holder):
    """The socket of several executions."""

    async def listen(self) -> None:
        ticket = await asyncio.to_thread(self.person.ticket)
        url = f"{self.person.stack.socket_url}/ws/executions/?ticket={ticket}"
        async with websockets.connect(url, max_size=None) as socket:
            since = {name: self.last(name) for name in JOURNALS}
            await socket.send(
                orjson.dumps({"action": "subscribe", "execution": self.execution, "since": since}).decode()
            )
            async for text in socket:
                frame = orjson.loads(text)
                assert frame["execution"] == self.execution
                assert frame["type"] != "error", frame
                self.take(frame if frame["type"] == "rows" else {})
                if frame["type"] == "end":
                    self.has_ended = True
                    return


class Streamer(Holder):
    """Server-sent events, by what their ids say."""

    event_id = ""

    async def listen(self) -> None:
        headers = {"Authorization": str(self.person.http.headers["Authorization"]), "Accept": "text/event-stream"}
        if self.event_id:
            headers["Last-Event-ID"] = self.event_id
        url = f"{self.person.stack.url}/api/trading/executions/{self.execution}/stream/"
        async with httpx.AsyncClient(timeout=30) as http, http.stream("GET", url, headers=headers) as answer:
            assert answer.status_code == 200, answer.status_code
            fields: dict[str, str] = {}
            async for line in answer.aiter_lines():
                name, _, value = line.partition(": ")
                if line:
                    fields[name] = value
                    continue
                self._take_event(fields)
                fields = {}
                if self.has_ended:
                    return

    def _take_event(self, fields: dict[str, str]) -> None:
        if fields.get("event") == "rows":
            self.take(orjson.loads(fields["data"]))
        assert fields.get("event") != "error", fields
        self.event_id = fields.get("id", self.event_id)
        self.has_ended = fields.get("event") == "end"


HOLDERS = (Poller, Watcher, Subscriber, Streamer)
