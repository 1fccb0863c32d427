"""A stranger's program: it knows the documents, HTTP and WebSocket, and nothing of our code."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import websockets

from tests.stack import Stack

PASSWORD = "nine brown bears in a boat"
FINAL = {"stopped", "completed", "failed"}
PASSWORD = "nine brown bears in a boat"
JOURNALS = {"events": "events", "trades": "trades", "equity": "equity_curve"}


class Person:
    """A registered user with a token."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.http = httpx.Client(base_url=stack.url, timeout=30)
        self.email = f"{uuid.uuid4().hex}@example.org"
        credentials = {"email": self.email, "password": PASSWORD}
        self.call("post", "/api/accounts/auth/register/", 201, json=credentials)
        login = self.call("post", "/api/accounts/auth/login/", 200, json=credentials)
        self.http.headers["Authorization"] = f"Bearer {login['token']}"

    def call(self, method: str, path: str, expected: int, **more: Any) -> Any:
        answer = self.http.request(method, path, **more)
        assert answer.status_code == expected, f"{method} {path}: {answer.status_code} {answer.text[:2000]}"
        return answer.json() if answer.content else None

    def get(self, path: str, **query: Any) -> Any:
        return self.call("get", path, 200, params=query)

    def upload(self, path: Path, *, symbol: str, timeframe: str, kind: str = "equity") -> int:
        """Upload bars; the dataset's id."""
        fields = {"name": path.name, "symbol": symbol, "timeframe_seconds": timeframe, "kind": kind}
        with path.open("rb") as file:
            files = {"file": (path.name, file)}
            body = self.call("post", "/api/market/datasets/", 201, data=fields, files=files)
        return int(body["id"])

    def configure(self, strategy_type: str, **parameters: Any) -> int:
        fields = {"name": uuid.uuid4().hex, "strategy_type": strategy_type, "parameters": parameters}
        return int(self.call("post", "/api/trading/strategy-configs/", 201, json=fields)["id"])

    def save_task(self, config: int, dataset: int, **changes: Any) -> int:
        fields = {"name": uuid.uuid4().hex, "config": config, "dataset": dataset, **changes}
        return int(self.call("post", "/api/trading/backtest-tasks/", 201, json=fields)["id"])

    def start(self, task: int) -> int:
        """Start a task; the execution's id."""
        return int(self.call("post", f"/api/trading/backtest-tasks/{task}/start/", 202)["execution_id"])

    def status(self, execution: int) -> dict[str, Any]:
        body: dict[str, Any] = self.get(f"/api/trading/executions/{execution}/status/")
        return body

    def wait(self, execution: int, *statuses: str, processed: int = 0, seconds: float = 60) -> dict[str, Any]:
        """Poll the status until it is one of these (default: a final one) and so many bars are done."""
        until = time.monotonic() + seconds
        while True:
            body = self.status(execution)
            done = self.get(f"/api/trading/executions/{execution}/")["processed"]
            if body["status"] in (statuses or FINAL) and done >= processed:
                return body
            assert time.monotonic() < until, f"still {body['status']} after {seconds} s, {done} bars done"
            time.sleep(0.05)

    def rows(self, execution: int, journal: str, after: int = 0, page_size: int = 1000) -> list[dict[str, Any]]:
        """All rows above `after` that there are by now, by polling since_sequence."""
        found: list[dict[str, Any]] = []
        while True:
            since = found[-1]["sequence"] if found else after
            body = self.get(
                f"/api/trading/executions/{execution}/{journal}/", since_sequence=since, page_size=page_size
            )
            found += body[JOURNALS[journal]]
            if body["next"] is None:
                return found

    def ticket(self) -> str:
        body = self.http.post("/api/accounts/tickets/").json()
        return str(body["ticket"])

    def browse(self) -> dict[str, str]:
        """Sign in by the page, as a browser does; its cookies."""
        with httpx.Client(base_url=self.stack.url, timeout=30) as browser:
            page = browser.get("/sign-in/")
            form = {"username": self.email, "password": PASSWORD, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
            answer = browser.post("/sign-in/", data=form, headers={"Origin": self.stack.url})
            assert (page.status_code, answer.status_code) == (200, 302), answer.text
            return dict(browser.cookies)

    @asynccontextmanager
    async def follow(self, execution: int, **query: Any) -> AsyncIterator["Follower"]:
        """The execution's WebSocket, opened by a one-time ticket."""
        ticket = await asyncio.to_thread(self.ticket)
        words = "&".join(f"{name}={value}" for name, value in {"ticket": ticket, **query}.items())
        url = f"{self.stack.socket_url}/ws/executions/{execution}/?{words}"
        async with websockets.connect(url, max_size=None, open_timeout=20) as socket:
            yield Follower(socket)


class Follower:
    """Keeps what a socket sends, by journal."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.rows: dict[str, list[dict[str, Any]]] = {name: [] for name in JOURNALS}
        self.statuses: list[dict[str, Any]] = []
        self.has_ended = False

    async def read(self, until_rows: int | None = None) -> int | None:
        """Take frames until the socket closes, whose code is returned, or until so many equity points have come."""
        try:
            async for text in self.socket:
                self._take(orjson.loads(text))
                if until_rows is not None and len(self.rows["equity"]) >= until_rows:
                    return None
        except websockets.ConnectionClosed:
            pass
        return int(self.socket.close_code)

    def _take(self, frame: dict[str, Any]) -> None:
        assert not self.has_ended, "a frame after the end"
        if frame["type"] == "rows":
            for name, kept in self.rows.items():
                kept.extend(frame[name])
                assert not kept or kept[-1]["sequence"] <= frame["heads"][name]
        elif frame["type"] == "status":
            self.statuses.append(frame)
        else:
            assert frame == {"type": "end"}
            self.has_ended = True
