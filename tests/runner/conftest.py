"""Runs taken apart: an execution, its session, and its tape as plain values."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.utils import timezone

from apps.equity.journal import equity
from apps.equity.models import EquityBlock
from apps.events.models import Event
from apps.executions.models import Checkpoint, Execution, Snapshot
from apps.trades.models import Trade


@dataclass(frozen=True)
class Tape:
    """All rows of an execution, without the times at which they were written."""

    events: list[dict[str, Any]]
    trades: list[dict[str, Any]]
    times: bytes
    balances: bytes
    heads: tuple[int, int, int]


def tape_of(execution: Any) -> Tape:
    stored = Execution.objects.get(pk=execution.pk)
    points = equity.points(execution.pk, 1, 10**9)
    assert points["sequence"].tolist() == list(range(1, len(points) + 1))
    return Tape(
        events=[_timeless(body) for body in _bodies(Event, execution)],
        trades=[_timeless(body) for body in _bodies(Trade, execution)],
        times=points["time"].tobytes(),
        balances=points["balance"].tobytes(),
        heads=(stored.events_head, stored.trades_head, stored.equity_head),
    )


def market_rows(tape: Tape) -> tuple[Any, ...]:
    """What the strategy caused, without changes of status and so without the events' numbers."""
    events = [
        {**row, "sequence": None} for row in tape.events if row["event_type"] in ("strategy_signal", "trade_executed")
    ]
    return events, tape.trades, tape.times, tape.balances


def footprint(execution: Any) -> tuple[Any, ...]:
    """Everything that a recorded chunk changes."""
    values = ("events_head", "trades_head", "equity_head", "processed", "progress", "simulated_at", "status", "attempt")
    return (
        Execution.objects.values_list(*values).get(pk=execution.pk),
        [model.objects.filter(execution=execution).count() for model in (Event, Trade, EquityBlock, Checkpoint)],
        [(row.processed, bytes(row.state)) for row in Snapshot.objects.filter(execution=execution)],
    )


def let_lapse(execution: Any) -> None:
    """The worker of this execution has been silent for longer than its lease."""
    Execution.objects.filter(pk=execution.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def _bodies(model: Any, execution: Any) -> list[dict[str, Any]]:
    rows = list(model.objects.filter(execution=execution).order_by("sequence"))
    bodies = [orjson.loads(row.body) for row in rows]
    assert [row.sequence for row in rows] == list(range(1, len(rows) + 1))
    assert [body["sequence"] for body in bodies] == [row.sequence for row in rows]
    return bodies


def _timeless(body: dict[str, Any]) -> dict[str, Any]:
    """Without the times of writing; a change of status happens in the server's time, the rest in the market's."""
    del body["created_at"]
    if body.get("event_type") == "status_changed":
        del body["timestamp"]
    return body


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Ids of the executions whose messages went to the workers."""
    from celery import current_app

    ids: list[int] = []

    def send_task(name: str, arguments: list[int], *, queue: str, **more: Any) -> None:
        assert (name, queue) == ("run_execution", "backtests")
        ids.extend(arguments)

    monkeypatch.setattr(current_app, "send_task", send_task)
    return ids


@pytest.fixture
def advance() -> Callable[..., bool]:
    """advance(claim, session, bars): record the next chunk; whether that was the last one."""

    def step(claim: Any, session: Any, bars: int) -> bool:
        from apps.runner import recorder

        rows = session.advance(bars)
        progress = recorder.Progress(
            session.processed, session.total, session.time, session.snapshot(), session.metrics()
        )
        recorder.record(claim, rows, progress, is_finished=session.finished)
        return bool(session.finished)

    return step


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The clock of every feed stands still, unless the test turns it."""
    from tests.runner.clocks import World

    return World(monkeypatch)
