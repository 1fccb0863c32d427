"""Runs on ticks: what is kept of them, and the laws that hold for bars hold for them."""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.engine import strategies
from apps.engine.listing import Listing
from apps.engine.series.quotes import TICK
from apps.engine.series.timeframes import Timeframe
from apps.engine.session import Session
from apps.engine.strategy import Strategy
from apps.engine.types import Instrument
from apps.equity.journal import equity
from apps.events.models import Event
from apps.executions.models import BacktestTask, Execution
from apps.executions.services import retry, start, update_backtest_task
from apps.keeping.archiving import archive_execution
from apps.market.quality import Checked
from apps.market.services import import_rows
from apps.runner import feeds
from apps.runner.run import run
from apps.runner.verify import verify
from tests.conftest import MONDAY
from tests.runner.conftest import let_lapse, market_rows, tape_of
from tests.runner.test_recorder import begin

pytestmark = [pytest.mark.storage, pytest.mark.django_db]
Advance = Callable[..., bool]
COUNT = 600
EVERY = 7
EURUSD = {"kind": "forex", "quote_currency": "USD", "price_increment": 1e-5, "pip_size": 1e-4, "quantity_step": 1.0}


class Scalper(Strategy):
    """Buys a dip of three pips at a tick and sells two pips higher; at each closed bar it turns its hand once."""

    fails_at: ClassVar[int | None] = None

    def init(self) -> None:
        self.anchor = 0.0
        self.bars_seen = self.ticks_seen = 0

    def on_tick(self, bid: float, ask: float) -> None:
        self.anchor = max(self.anchor, ask)
        if self.ticks_seen == Scalper.fails_at:
            raise ZeroDivisionError("not today")
        self.ticks_seen += 1
        if self.position == 0 and ask <= self.anchor - 0.0003:
            self.buy(1000)
        elif self.position > 0 and bid >= self.average_price + 0.0002:
            self.close_position()
            self.anchor = ask

    def on_bar(self) -> None:
        self.bars_seen += 1
        if self.bars_seen % 4 == 0:
            self.close_position()


def random_ticks(count: int = COUNT, seed: int = 1) -> np.ndarray:
    """Ticks of a pair, some of which share a time; a few seconds lie between the others."""
    generator = np.random.default_rng(seed)
    ticks = np.empty(count, TICK)
    ticks["time"] = MONDAY + np.cumsum(generator.integers(0, 6_000, count)) * 1_000
    middle = np.round(1.1 + np.cumsum(generator.normal(0, 5e-5, count)), 5)
    ticks["bid"] = middle
    ticks["ask"] = np.round(middle + generator.integers(1, 9, count) * 1e-5, 5)
    return ticks


@pytest.fixture
def tick_task(
    make_task: Any, make_config: Any, owner: Any, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> Callable[..., BacktestTask]:
    """tick_task(**changes): a task that trades on 600 random ticks, of which each seventh becomes an event."""
    monkeypatch.setattr(strategies, "all", lambda: {"scalper": Scalper})
    monkeypatch.setattr(Scalper, "fails_at", None)
    settings.TICK_EVENT_EVERY = EVERY

    def make(ticks: np.ndarray | None = None, **changes: Any) -> BacktestTask:
        rows = random_ticks() if ticks is None else ticks
        version = import_rows(
            owner=owner, name="ticks", symbol="EUR_USD", layout="ticks", checked=Checked(rows, {}), instrument=EURUSD
        )
        config = make_config(strategy_type="scalper", parameters={})
        task: BacktestTask = make_task(dataset=version.dataset, config=config, **{"timeframe": "1m", **changes})
        return task

    return make


def done(task: BacktestTask) -> Execution:
    execution = start(task)
    run(execution.pk)
    execution.refresh_from_db()
    assert execution.status == "completed", execution.error_message
    return execution


def received(execution: Any) -> list[dict[str, Any]]:
    rows = Event.objects.filter(execution=execution, event_type="tick_received").order_by("sequence")
    return [orjson.loads(row.body)["event"] for row in rows]


def test_a_run_on_ticks_brings_what_the_engine_brings(tick_task: Any) -> None:
    execution = done(tick_task())
    session = Session(
        Scalper,
        {},
        Listing(Instrument("EUR_USD", price_increment=1e-5, pip_size=1e-4), random_ticks()),
        cash=10_000.0,
        timeframe=Timeframe.parse("1m"),
        equity_seconds=60.0,
    )

    rows = session.advance(COUNT)

    points = equity.points(execution.pk, 1, 10**6)
    assert points["balance"].tobytes() == rows.equity["equity"].tobytes()
    assert points["time"].tobytes() == rows.equity["time"].tobytes()
    assert execution.trades_head == len(rows.trades) > 3
    assert Event.objects.filter(execution=execution, event_type="trade_executed").count() == len(rows.fills)
    assert (execution.processed, execution.total, execution.progress) == (COUNT, COUNT, 100.0)
    checkpoint = execution.checkpoints.first()
    assert checkpoint is not None
    assert {name: value for name, value in session.metrics().items() if checkpoint.metrics[name] != value} == {}


def test_each_tick_of_so_many_becomes_an_event_of_its_number(tick_task: Any) -> None:
    execution, ticks = done(tick_task()), random_ticks()

    events = received(execution)

    assert [event["bid"] for event in events] == [f"{bid:.5f}" for bid in ticks["bid"][EVERY - 1 :: EVERY]]
    assert {event["instrument"] for event in events} == {"EUR_USD"}
    assert execution.manifest["ticks"] == {"equity_seconds": 60, "event_every": EVERY}


def test_the_manifest_says_how_many_ticks_become_events_whatever_the_server_says_later(
    tick_task: Any, settings: Any
) -> None:
    execution = start(tick_task())
    settings.TICK_EVENT_EVERY = 0

    run(execution.pk)

    assert len(received(execution)) == COUNT // EVERY
    assert verify(execution).outcome == "equal"


def test_no_tick_becomes_an_event_where_none_is_asked_for(tick_task: Any, settings: Any) -> None:
    task = tick_task()
    settings.TICK_EVENT_EVERY = 0

    execution = done(task)

    assert received(execution) == []
    assert execution.trades_head > 3


def test_a_warm_up_is_not_received(tick_task: Any) -> None:
    ticks = random_ticks()
    first = int(np.flatnonzero(np.diff(ticks["time"]) > 0)[100]) + 1  # the first tick of its time
    begins = np.datetime_as_string(ticks["time"][first].astype("datetime64[us]")) + "+00:00"

    execution = done(tick_task(start_time=begins, warm_up_bars=50))

    assert execution.total == COUNT - first
    assert [event["bid"] for event in received(execution)] == [
        f"{bid:.5f}" for bid in ticks["bid"][first + EVERY - 1 :: EVERY]
    ]
    assert verify(execution).outcome == "equal"


@pytest.mark.parametrize("seconds", [0, 1, 60, 3600])
def test_the_equity_has_a_point_at_the_last_tick_of_each_period(tick_task: Any, seconds: int) -> None:
    execution, times = done(tick_task(equity_seconds=seconds)), random_ticks()["time"]

    periods = times // (seconds * 1_000_000) if seconds else np.arange(COUNT)

    last = np.append(np.diff(periods) > 0, True)
    assert equity.points(execution.pk, 1, 10**6)["time"].tolist() == times[last].tolist()


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    chunks=st.lists(st.tuples(st.integers(1, 250), st.booleans()), min_size=1, max_size=10),
    seconds=st.sampled_from([0, 1, 60]),
)
def test_any_chunking_and_any_crash_gives_the_same_tape(
    tick_task: Any, advance: Advance, chunks: list[tuple[int, bool]], seconds: int
) -> None:
    task = BacktestTask.objects.first() or tick_task()
    update_backtest_task(task, equity_seconds=seconds)
    whole, execution = done(task), start(task)
    claim, session = begin(execution)

    step = 0
    while True:
        ticks, crashes = chunks[step % len(chunks)]
        if advance(claim, session, ticks):
            break
        if crashes and step < 15:
            let_lapse(execution)
            claim, session = begin(execution)
        step += 1

    assert tape_of(execution) == tape_of(whole)
    assert verify(execution).outcome == "equal"


def test_a_changed_tick_event_is_found(tick_task: Any) -> None:
    execution = done(tick_task())
    event = Event.objects.filter(execution=execution, event_type="tick_received")[3]
    Event.objects.filter(execution=execution, sequence=event.sequence).update(
        body=event.body.replace('"bid":"1.', '"bid":"2.')
    )

    findings = verify(execution)

    assert findings.outcome == "different"
    assert [(row["journal"], row["sequence"], row["differs"]["member"]) for row in findings.rows] == [
        ("events", event.sequence, "event.bid")
    ]


@pytest.mark.parametrize("tick", [0, 6, 350, COUNT - 1])
def test_a_retry_goes_on_from_the_last_snapshot(tick_task: Any, monkeypatch: pytest.MonkeyPatch, tick: int) -> None:
    monkeypatch.setattr("apps.runner.run.Pace.next", lambda pace: 100)
    task = tick_task()
    whole = done(task)
    monkeypatch.setattr(Scalper, "fails_at", tick)
    failed = start(task)
    run(failed.pk)
    failed.refresh_from_db()
    assert failed.status == "failed"
    assert (failed.processed, failed.failure["bar"]) == (tick, tick)
    assert len(received(failed)) == failed.processed // EVERY
    assert verify(failed).outcome == "equal"
    monkeypatch.setattr(Scalper, "fails_at", None)

    retried = retry(failed)
    run(retried.pk)

    assert market_rows(tape_of(retried)) == market_rows(tape_of(whole))
    assert received(retried) == received(whole)


def test_the_archive_keeps_the_ticks_that_became_events(tick_task: Any) -> None:
    execution = done(tick_task())
    before = [row for row in execution_rows(execution) if '"tick_received"' in row]

    archive_execution(execution)

    execution.refresh_from_db()
    assert execution.archived_at is not None
    assert [row for row in execution_rows(execution) if '"tick_received"' in row] == before
    assert len(before) == COUNT // EVERY
    assert verify(execution).outcome == "equal"


def execution_rows(execution: Execution) -> list[str]:
    from apps.events.journal import events

    return events.since(execution.pk, 0, 10**6)


def test_hours_choose_ticks(tick_task: Any) -> None:
    execution = start(tick_task(session="00:05-00:10 UTC"))

    session = feeds.session_of(execution.manifest)

    times = random_ticks()["time"] - MONDAY
    assert session.total == int(np.sum((times >= 300_000_000) & (times < 600_000_000))) > 50


def test_a_period_without_a_tick_fails_in_words(tick_task: Any) -> None:
    execution = start(tick_task(start_time="2030-01-01T00:00:00+00:00"))

    run(execution.pk)

    execution.refresh_from_db()
    assert execution.status == "failed"
    assert "no tick in the period" in (execution.error_message or "")
