"""A server in this process: it answers like the real one, in pages of any size, and fails on demand."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import websockets
from websockets.frames import Close
from websockets.http11 import Response

from tapedeck_client import AsyncTapedeck, Patience, Tapedeck, TokenAuthentication, Tokens

MEMBERS = {"events": "events", "trades": "trades", "equity": "equity_curve"}
TIME = "2024-01-01T00:00:00Z"
URL = "http://deck.test"


def row(journal: str, sequence: int) -> dict[str, Any]:
    if journal == "equity":
        return {"sequence": sequence, "timestamp": TIME, "balance": 10_000.0 + sequence}
    if journal == "events":
        more = {"event_type": "strategy_signal", "strategy_type": "sma_cross", "timestamp": TIME}
        return {"sequence": sequence, **more, "event": {"price": str(sequence)}, "created_at": TIME}
    trade = {"instrument": "XYZ", "direction": "long", "units": 1, "entry_time": TIME, "entry_price": "1.0"}
    trade |= {"exit_time": TIME, "exit_price": "1.1", "pnl": "0.10", "pips": "10.0", "details": {"fees": "0.00"}}
    return {"sequence": sequence, "trade": trade, "created_at": TIME}


def problem(status: int, detail: str = "no", **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"error": detail, "detail": detail, "code": "refused"}, headers=headers)


class PretendServer:
    """An execution that grows by `pace` rows a journal with every request and every frame.

    heads: how many rows there will be. most_rows: of a page or a frame, whatever is asked for. trouble: what befalls
    the next requests, one word each: `cut`, `503`, `429`, `ok`. cuts: what befalls the next sockets: after how many
    frames they are cut, and a word how: `line`, a close code, `double`, `gap`.
    """

    def __init__(
        self,
        heads: dict[str, int],
        *,
        most_rows: int = 1000,
        pace: int = 10**6,
        trouble: Iterable[str] = (),
        cuts: Iterable[tuple[int, str]] = (),
    ) -> None:
        self.heads, self.most_rows, self.pace = heads, most_rows, pace
        self.trouble, self.cuts = iter(trouble), iter(cuts)
        self.age = 0
        self.asked: Counter[str] = Counter()
        self.socket_refusal: int | None = None
        self.places: list[dict[str, str]] = []

    @property
    def present(self) -> dict[str, int]:
        return {name: min(head, self.age * self.pace) for name, head in self.heads.items()}

    def status(self) -> dict[str, Any]:
        is_over = self.present == self.heads
        return {
            "execution_id": 7, "task_type": "backtest", "task_id": 3, "execution_number": 1,
            "status": "completed" if is_over else "running", "progress": 100.0 if is_over else float(min(self.age, 99)),
            "started_at": TIME, "completed_at": None, "error_message": None, "has_checkpoint": False,
            "checkpoint": None,
        }  # fmt: skip

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.age += 1
        name = request.url.path.rstrip("/").rpartition("/")[2]
        self.asked[name] += 1
        match next(self.trouble, "ok"):
            case "cut":
                raise httpx.ReadError("cut", request=request)
            case "503":
                return problem(503)
            case "429":
                return problem(429, **{"Retry-After": "1"})
        if name == "tickets":
            return httpx.Response(201, json={"ticket": "once", "expires_in": 30})
        if name == "status":
            return httpx.Response(200, json=self.status())
        return httpx.Response(200, json=self.page(name, request.url.params))

    def page(self, name: str, query: httpx.QueryParams) -> dict[str, Any]:
        since, size = int(query["since_sequence"]), min(int(query["page_size"]), self.most_rows)
        head = self.present[name]
        rows = [row(name, sequence) for sequence in range(since + 1, min(head, since + size) + 1)]
        following = f"{URL}/elsewhere?page=2" if since + size < head else None
        return {"execution_id": 7, MEMBERS[name]: rows, "count": head - since, "next": following, "previous": None}

    def connect(self, url: str, **options: Any) -> "PretendSocket":
        """places: where each socket was asked to begin."""
        self.asked["socket"] += 1
        if self.socket_refusal is not None:
            raise websockets.InvalidStatus(Response(self.socket_refusal, "", websockets.Headers()))
        query = dict(parse_qsl(urlsplit(url).query))
        assert query.pop("ticket") == "once"
        assert self.asked["farewell"] == self.asked["socket"] - 1  # no more than one at a time
        self.places.append(query)
        return PretendSocket(self, {name: int(query[f"since_{name}"]) for name in MEMBERS})


class PretendSocket:
    def __init__(self, server: PretendServer, cursors: dict[str, int]) -> None:
        self.server, self.cursors = server, cursors
        self.frames_left, self.how = next(server.cuts, (10**6, "line"))
        self.has_ended = False

    def recv(self) -> str:
        self.server.age += 1
        if self.frames_left == 0 and self.how not in ("double", "gap"):
            frame = None if self.how == "line" else Close(int(self.how), "")
            raise websockets.ConnectionClosedError(frame, None)
        self.frames_left -= 1
        if self.has_ended:
            raise websockets.ConnectionClosedOK(Close(1000, ""), None)
        is_cut = self.frames_left == -1
        if is_cut and self.how == "gap":
            present = self.server.present  # what was left out shows in the row after it
            self.cursors = {name: cursor + (cursor + 1 < present[name]) for name, cursor in self.cursors.items()}
        if is_cut and self.how == "double":
            self.cursors = {name: max(0, cursor - 2) for name, cursor in self.cursors.items()}
        rows = {name: self._rows(name) for name in MEMBERS}
        if any(rows.values()):
            return json.dumps({"type": "rows", **rows, "heads": self.server.present})
        status = self.server.status()
        if status["status"] == "completed":
            self.has_ended = True
            return json.dumps({"type": "end"})
        return json.dumps({"type": "status", **status})

    def __enter__(self) -> "PretendSocket":
        return self

    def __exit__(self, *_: object) -> None:
        self.server.asked["farewell"] += 1

    def _rows(self, name: str) -> list[dict[str, Any]]:
        first = self.cursors[name] + 1
        last = min(self.server.present[name], self.cursors[name] + self.server.most_rows)
        self.cursors[name] = max(self.cursors[name], last)
        return [row(name, sequence) for sequence in range(first, last + 1)]


class AwaitedSocket:
    def __init__(self, socket: PretendSocket) -> None:
        self.socket = socket

    async def recv(self) -> str:
        return self.socket.recv()

    async def __aenter__(self) -> "AwaitedSocket":
        return self

    async def __aexit__(self, *_: object) -> None:
        self.socket.__exit__()


Handler = Callable[[httpx.Request], httpx.Response]


def client_of(handler: Handler, **more: Any) -> tuple[Tapedeck, list[float]]:
    """A client of this server that never waits, and how long it would have waited each time."""
    waits: list[float] = []
    settings = {"authentication": TokenAuthentication(Tokens("good", "again")), "patience": Patience(), **more}
    client = Tapedeck(URL, transport=httpx.MockTransport(handler), **settings)
    client._driver.sleep = waits.append
    if isinstance(handler, PretendServer):
        client._driver.connect = handler.connect
    return client, waits


def awaiting_client_of(handler: Handler, **more: Any) -> AsyncTapedeck:
    async def sleep(seconds: float) -> None:
        pass

    def connect(url: str, **options: Any) -> AwaitedSocket:
        assert isinstance(handler, PretendServer)
        return AwaitedSocket(handler.connect(url))

    settings = {"authentication": TokenAuthentication(Tokens("good", "again")), **more}
    client = AsyncTapedeck(URL, transport=httpx.MockTransport(handler), **settings)
    client._driver.sleep = sleep
    client._driver.connect = connect
    return client


def sequences(rows: Iterable[Any]) -> dict[str, list[int]]:
    """By journal, in the order in which they came."""
    names = {"EventRow": "events", "TradeRow": "trades", "EquityPoint": "equity"}
    found: dict[str, list[int]] = {name: [] for name in MEMBERS}
    for one in rows:
        found[names[type(one).__name__]].append(one.sequence)
    return found


def answers(*given: httpx.Response | Exception) -> tuple[Handler, list[httpx.Request]]:
    """A handler that gives these answers, one a request, and the requests it got."""
    waiting: Iterator[httpx.Response | Exception] = iter(given)
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        answer = next(waiting)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return handler, seen
