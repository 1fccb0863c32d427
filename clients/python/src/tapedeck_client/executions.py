"""Runs: the list of them, and one of them to read, follow and steer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from tapedeck_client import frames
from tapedeck_client.calls import act, create, get
from tapedeck_client.errors import TimedOut
from tapedeck_client.following import AnyRow, Following, Intervals
from tapedeck_client.operations import D, Resource, operation, stream
from tapedeck_client.records import (
    EquityPoint,
    EventRow,
    ExecutionDetail,
    ExecutionSummary,
    Metrics,
    Started,
    Status,
    TradeRow,
    Verification,
)
from tapedeck_client.resources import iso
from tapedeck_client.steps import Give, Sleep, Steps, Stream, gathered
from tapedeck_client.tape import EQUITY, EVENTS, JOURNALS, PAGE_ROWS, TRADES, Cursor, drain, listed, thinned

if TYPE_CHECKING:
    from datetime import datetime

    from pandas import DataFrame

    from tapedeck_client.exchange import Exchange

EXECUTIONS = "/api/trading/executions/"
FIRST_LOOK_SECONDS = 0.2
LOOK_SECONDS = 3.0
Since = int | Mapping[str, int]


class Executions(Resource[D]):
    @stream
    def list(self, *, status: str | None = None, task_id: int | None = None) -> Stream[ExecutionSummary]:
        """Runs of all tasks, newest first."""
        yield from listed(self._exchange, EXECUTIONS, ExecutionSummary, status=status, task_id=task_id)


class Execution(Resource[D]):
    """One run. Making this object asks the server nothing."""

    def __init__(self, driver: D, exchange: Exchange, execution_id: int) -> None:
        super().__init__(driver, exchange)
        self.id = execution_id
        self._path = f"{EXECUTIONS}{execution_id}/"

    # What it is -----------------------------------------------------------------------------------------------------

    @operation
    def detail(self) -> Steps[ExecutionDetail]:
        return ExecutionDetail.of((yield from self._exchange.ask(get(self._path))))

    @operation
    def status(self) -> Steps[Status]:
        return Status.of((yield from self._exchange.ask(get(f"{self._path}status/"))))

    @operation
    def metrics(self) -> Steps[Metrics]:
        return Metrics.of((yield from self._exchange.ask(get(f"{self._path}metrics/latest/"))))

    # Steering -------------------------------------------------------------------------------------------------------

    @operation
    def pause(self) -> Steps[Status]:
        """Let no further row be written: after the answer, none is."""
        return Status.of((yield from self._exchange.ask(act(f"{self._path}pause/"))))

    @operation
    def resume(self) -> Steps[Status]:
        return Status.of((yield from self._exchange.ask(act(f"{self._path}resume/"))))

    @operation
    def stop(self) -> Steps[Status]:
        """End it for good; what it wrote so far stays."""
        return Status.of((yield from self._exchange.ask(act(f"{self._path}stop/"))))

    @operation
    def restart(self) -> Steps[Started]:
        """Run its task again, from the first bar."""
        return Started.of((yield from self._exchange.ask(create(f"{self._path}restart/"))))

    @operation
    def retry(self) -> Steps[Started]:
        """Go on, as a new execution, from the last good state of this one, which failed."""
        return Started.of((yield from self._exchange.ask(create(f"{self._path}retry/"))))

    @operation
    def verify(self, timeout_seconds: float | None = None) -> Steps[Verification]:
        """Have the server repeat it, and wait for what that brings. Raises TimedOut after so many seconds."""
        found = Verification.of((yield from self._exchange.ask(act(f"{self._path}verify/"))))
        waited, pause = 0.0, FIRST_LOOK_SECONDS
        while not found.is_over:
            if timeout_seconds is not None and waited + pause > timeout_seconds:
                raise TimedOut(f"Execution {self.id} is still being verified after {timeout_seconds} s.")
            yield Sleep(pause)
            waited, pause = waited + pause, min(LOOK_SECONDS, pause * 1.5)
            found = Verification.of((yield from self._exchange.ask(get(f"{self._path}verify/"))))
        return found

    # Its rows -------------------------------------------------------------------------------------------------------

    @stream
    def events(self, since: int = 0, *, event_type: str | None = None, page_size: int = PAGE_ROWS) -> Stream[EventRow]:
        """Events above `since` that there are by now."""
        cursor = Cursor(EVENTS, since, is_dense=event_type is None)
        yield from drain(self._exchange, self.id, cursor, page_size=page_size, event_type=event_type)

    @stream
    def trades(
        self,
        since: int = 0,
        *,
        instrument: str | None = None,
        direction: str | None = None,
        page_size: int = PAGE_ROWS,
    ) -> Stream[TradeRow]:
        """Closed trades above `since` that there are by now. direction: long or short."""
        cursor = Cursor(TRADES, since, is_dense=instrument is None and direction is None)
        filters = {"instrument": instrument, "direction": direction}
        yield from drain(self._exchange, self.id, cursor, page_size=page_size, **filters)

    @stream
    def equity(
        self,
        since: int = 0,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        max_points: int | None = None,
        page_size: int = PAGE_ROWS,
    ) -> Stream[EquityPoint]:
        """Points of the equity curve above `since` that there are by now.

        start, end: of their times, both inclusive. max_points: let the server thin the curve to so many, keeping its
        extremes.
        """
        times = {"start_time": iso(start), "end_time": iso(end)}
        if max_points is not None:
            yield from thinned(self._exchange, self.id, since_sequence=since, max_points=max_points, **times)
            return
        cursor = Cursor(EQUITY, since, is_dense=start is None and end is None)
        yield from drain(self._exchange, self.id, cursor, page_size=page_size, **times)

    # As files -------------------------------------------------------------------------------------------------------

    @stream
    def export(
        self, /, journal: str = "trades", file_format: str = "csv", *, since: int = 0, **filters: str | int | None
    ) -> Stream[bytes]:
        """The rows above `since` that there are by now, as the bytes of one file, as they come.

        file_format: csv, ndjson, parquet or arrow. filters: what the list of the journal is narrowed by.
        """
        if journal not in JOURNALS:
            raise ValueError(f"There is no journal {journal}; there are {', '.join(JOURNALS)}.")
        path = f"{self._path}{journal}/export/"
        yield from self._exchange.fetch(get(path, format=file_format, since_sequence=since or None, **filters))

    @stream
    def bundle(self) -> Stream[bytes]:
        """The bytes of a zip with all of it: manifest, figures, the three journals, and a page that tells the names."""
        yield from self._exchange.fetch(get(f"{self._path}bundle/"))

    # Following ------------------------------------------------------------------------------------------------------

    @stream
    def follow(
        self,
        since: Since = 0,
        *,
        journals: Iterable[str] = tuple(JOURNALS),
        sockets: bool = True,
        intervals: Intervals | None = None,
        page_size: int = PAGE_ROWS,
    ) -> Stream[AnyRow]:
        """Every row above `since`, as it comes, until the execution is over: each once, in order within its journal.

        since: the last sequence that you have, of all journals or by journal: `{"events": 120, "equity": 900}`.
        sockets: use a WebSocket as long as that works. intervals: those of polling, when it does not.
        A lost connection is taken up again by itself. Raises Unreachable when the server stays away for long.
        """
        following = self._following(since, journals, intervals, page_size)
        yield from following.steps(sockets=sockets)  # type: ignore[misc]  # it tells no status

    @stream
    def updates(
        self,
        since: Since = 0,
        *,
        journals: Iterable[str] = tuple(JOURNALS),
        sockets: bool = True,
        intervals: Intervals | None = None,
        page_size: int = PAGE_ROWS,
    ) -> Stream[AnyRow | Status]:
        """What `follow` gives, and between the rows each Status that differs from the one before."""
        following = self._following(since, journals, intervals, page_size)
        following.tells_status = True
        yield from following.steps(sockets=sockets)

    @stream
    def statuses(self) -> Stream[Status]:
        """Each status that differs from the one before, by polling, until the execution is over."""
        shown: Status | None = None
        pause = FIRST_LOOK_SECONDS
        while shown is None or not shown.is_over:
            status = yield from Execution.status.steps(self)
            if status.body != (shown and shown.body):
                shown = status
                yield Give([status])
            if not status.is_over:
                yield Sleep(pause)
                pause = min(LOOK_SECONDS, pause * 1.5)

    @operation
    def wait(self, timeout_seconds: float | None = None) -> Steps[Status]:
        """The status with which it ended. Raises TimedOut after so many seconds of waiting."""
        waited, pause = 0.0, FIRST_LOOK_SECONDS
        while True:
            status = yield from Execution.status.steps(self)
            if status.is_over:
                return status
            if timeout_seconds is not None and waited + pause > timeout_seconds:
                raise TimedOut(f"Execution {self.id} is still {status.status} after {timeout_seconds} s.")
            yield Sleep(pause)
            waited, pause = waited + pause, min(LOOK_SECONDS, pause * 1.5)

    # As tables ------------------------------------------------------------------------------------------------------

    @operation
    def events_frame(self, since: int = 0, *, event_type: str | None = None) -> Steps[DataFrame]:
        """A row an event, by sequence; the members of `event` are columns. Needs pandas."""
        frames.require_pandas()
        rows = yield from gathered(Execution.events.steps(self, since, event_type=event_type))
        return frames.of_events(rows)

    @operation
    def trades_frame(self, since: int = 0, *, direction: str | None = None) -> Steps[DataFrame]:
        """A row a trade, by sequence; prices and results are float64. Needs pandas."""
        frames.require_pandas()
        rows = yield from gathered(Execution.trades.steps(self, since, direction=direction))
        return frames.of_trades(rows)

    @operation
    def equity_frame(self, since: int = 0, *, max_points: int | None = None) -> Steps[DataFrame]:
        """A row a point, by sequence: timestamp and balance. Needs pandas."""
        frames.require_pandas()
        rows = yield from gathered(Execution.equity.steps(self, since, max_points=max_points))
        return frames.of_equity(rows)

    def _following(
        self, since: Since, journals: Iterable[str], intervals: Intervals | None, page_size: int
    ) -> Following:
        names = tuple(journals)
        given = set(since) if isinstance(since, Mapping) else set()
        if unknown := sorted((set(names) | given) - set(JOURNALS)):
            raise ValueError(f"There is no journal {', '.join(unknown)}; there are {', '.join(JOURNALS)}.")
        places = since if isinstance(since, Mapping) else dict.fromkeys(names, since)
        cursors = {name: Cursor(JOURNALS[name], places.get(name, 0)) for name in names}
        return Following(self._exchange, self.id, cursors, intervals or Intervals(), page_size)
