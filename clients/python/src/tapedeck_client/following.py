"""Following an execution: over a WebSocket as long as that works, by polling otherwise, from the last rows seen.

Whatever is cut, the rows seen are the execution's rows, each once: the place in each journal is kept here, and every
new beginning asks for what comes after it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tapedeck_client.calls import create, get
from tapedeck_client.errors import AccessDenied, BadAnswer, ServerFailed, TooManyRequests, Unreachable
from tapedeck_client.exchange import Exchange
from tapedeck_client.records import EquityPoint, EventRow, Status, TradeRow
from tapedeck_client.steps import Close, Give, Open, Receive, Sleep, SocketClosed, SocketRefused, Steps, Stream, Tale
from tapedeck_client.tape import JOURNALS, PAGE_ROWS, Cursor, Gap, drain

AnyRow = EventRow | TradeRow | EquityPoint
OUTAGE = (Unreachable, ServerFailed, TooManyRequests)
MOST_OUTAGES = 20  # in a row, each of them several tries: after that a server is gone
MOST_IN_VAIN = 3  # sockets that end without having told anything, while the rest of the server answers
REFUSALS = frozenset({4400, 4403, 4404})  # polling is refused in the same way, in words
OVERLOADED = frozenset({429, 502, 503, 504})
BEYOND = 2**62
LONGEST_PAUSE = 10.0  # seconds without a socket: rows are waited for
STATUS = "status"


@dataclass(frozen=True)
class Intervals:
    """Seconds between two polls of the status and of each journal: the documented ones."""

    status: float = 3.0
    events: float = 5.0
    trades: float = 10.0
    equity: float = 10.0

    def __post_init__(self) -> None:
        if min(self.status, self.events, self.trades, self.equity) <= 0:
            raise ValueError("An interval is more than 0 seconds.")


@dataclass
class Following:
    """One execution as one reader sees it. cursors: by the journal's name. tells_status: between the rows."""

    exchange: Exchange
    execution_id: int
    cursors: Mapping[str, Cursor[Any]]
    intervals: Intervals = field(default_factory=Intervals)
    page_size: int = PAGE_ROWS
    tells_status: bool = False
    shown: Status | None = None

    def steps(self, *, sockets: bool) -> Stream[AnyRow | Status]:
        """Rows and, if asked for, changes of the status, until the execution is over."""
        has_ended = False
        if sockets:
            has_ended = yield from self._over_sockets()
        if not has_ended:
            yield from self._by_polling()

    # Sockets --------------------------------------------------------------------------------------------------------

    def _over_sockets(self) -> Tale[bool]:
        """Whether the end was told; False when sockets do not work here."""
        in_vain = cuts = outages = 0
        while in_vain < MOST_IN_VAIN:
            try:
                ticket = yield from self._ticket()
            except OUTAGE:
                outages += 1
                if outages >= MOST_OUTAGES:
                    raise
                yield Sleep(self._pause(outages))
                continue
            except AccessDenied:
                return False  # an API key that may only read gets no ticket
            outages, has_heard, before = 0, False, self._place()
            try:
                yield Open(self._address(ticket))
                while True:
                    frame = _parsed((yield Receive()))
                    if frame.get("type") == "end":
                        return True
                    yield from self._tell(frame)
                    has_heard = True
            except SocketRefused as refusal:
                if refusal.status not in OVERLOADED:
                    return False
            except SocketClosed as closed:
                if closed.code in REFUSALS:
                    return False
            except Gap:
                has_heard = False  # the next socket begins at the last row that was seen
            except Unreachable:
                pass
            yield Close()
            in_vain = 0 if has_heard else in_vain + 1
            cuts = 1 if self._place() != before else cuts + 1
            yield Sleep(self._pause(cuts))
        return False

    def _ticket(self) -> Steps[str]:
        body = yield from self.exchange.ask(create("/api/accounts/tickets/"))
        if not isinstance(body, dict) or not isinstance(body.get("ticket"), str):
            raise BadAnswer("The server gave no ticket for a socket.")
        return str(body["ticket"])

    def _address(self, ticket: str) -> str:
        """Of the socket: a journal that is not followed is asked for from beyond its end."""
        places = {name: self.cursors[name].sequence if name in self.cursors else BEYOND for name in JOURNALS}
        since = {f"since_{name}": sequence for name, sequence in places.items()}
        return self.exchange.socket_url(f"/ws/executions/{self.execution_id}/", ticket=ticket, **since)

    def _tell(self, frame: Mapping[str, Any]) -> Stream[AnyRow | Status]:
        """Frames of other types are of a newer server."""
        if frame.get("type") == "rows":
            for name, cursor in self.cursors.items():
                yield from cursor.take(frame.get(name, ()))
        elif frame.get("type") == STATUS:
            yield Give(self._changed({name: value for name, value in frame.items() if name != "type"}))

    def _pause(self, failures: int) -> float:
        return min(LONGEST_PAUSE, self.exchange.patience.wait(failures))

    # Polling --------------------------------------------------------------------------------------------------------

    def _by_polling(self) -> Stream[AnyRow | Status]:
        due = dict.fromkeys((STATUS, *self.cursors), 0.0)
        now, outages = 0.0, 0
        while True:
            name = min(due, key=lambda each: due[each])
            if due[name] > now:
                yield Sleep(due[name] - now)
                now = due[name]
            due[name] = now + getattr(self.intervals, name)
            try:
                if name != STATUS:
                    yield from self._drain(name)
                elif (yield from self._finish()):
                    return
                outages = 0
            except OUTAGE:
                outages += 1
                if outages >= MOST_OUTAGES:
                    raise

    def _finish(self) -> Tale[bool]:
        """Look at the status; when it is a final one, all rows are there: read them. Whether it was."""
        path = f"/api/trading/executions/{self.execution_id}/status/"
        body = yield from self.exchange.ask(get(path))
        is_over = Status.of(body).is_over
        if is_over:
            for name in self.cursors:
                yield from self._drain(name)
        yield Give(self._changed(body))
        return is_over

    def _drain(self, name: str) -> Stream[AnyRow]:
        return drain(self.exchange, self.execution_id, self.cursors[name], page_size=self.page_size)

    # ----------------------------------------------------------------------------------------------------------------

    def _changed(self, body: Mapping[str, Any]) -> list[Status]:
        """The status, if it is asked for and differs from the one before."""
        status = Status.of(body)
        if self.shown is not None and self.shown.body == status.body:
            return []
        self.shown = status
        return [status] if self.tells_status else []

    def _place(self) -> object:
        return [cursor.sequence for cursor in self.cursors.values()], self.shown


def _parsed(text: Any) -> Mapping[str, Any]:
    try:
        frame = json.loads(text)
    except ValueError as error:
        raise BadAnswer("The server sent a frame that is not JSON.") from error
    if not isinstance(frame, dict):
        raise BadAnswer("The server sent a frame that is no object.")
    return frame
