"""A run that is looked after: what takes too long is interrupted, and nothing of it is written."""

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, ClassVar

import pytest
from django.db import OperationalError, connection

from apps.engine import strategies
from apps.engine.strategy import Int, Strategy
from apps.executions import lifecycle, services
from apps.executions.models import Execution
from apps.runner import recorder
from apps.runner.run import run
from tests.conftest import random_bars
from tests.runner.conftest import footprint, market_rows, tape_of

pytestmark = [pytest.mark.storage, pytest.mark.django_db(transaction=True)]
BARS = 4000


class Dawdler(Strategy):
    """Trades every few bars; from one bar on, each takes its time."""

    slow_from = Int(10**9)
    seconds: ClassVar[float] = 0.0
    dawdled: ClassVar[threading.Event]

    def on_bar(self) -> None:
        if self.index % 5 == 0:
            (self.sell if self.position > 0 else self.buy)(1)
        if self.index >= self.slow_from:
            self.dawdled.set()
            time.sleep(self.seconds)


class Endless(Strategy):
    """Trades every few bars, and never comes back from one of them."""

    stuck_at = Int(0)

    def on_bar(self) -> None:
        if self.index % 5 == 0:
            (self.sell if self.position > 0 else self.buy)(1)
        while self.index == self.stuck_at:
            pass


class Shrug(Strategy):
    """Is slow at one bar, once; whatever comes of it, it carries on, and trades because of it."""

    was_slow: ClassVar[bool] = False

    def on_bar(self) -> None:
        if self.index == 500 and not Shrug.was_slow:
            Shrug.was_slow = True
            try:
                time.sleep(20)
            except Exception:
                self.buy(1)


@pytest.fixture(autouse=True)
def dawdlers(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"dawdler": Dawdler, "endless": Endless, "shrug": Shrug}
    monkeypatch.setattr(strategies, "all", lambda: known)
    monkeypatch.setattr(Dawdler, "seconds", 0.0)
    monkeypatch.setattr(Dawdler, "dawdled", threading.Event(), raising=False)
    monkeypatch.setattr(Shrug, "was_slow", False)


@pytest.fixture
def start(make_task: Any, make_config: Any, import_dataset: Any) -> Callable[..., Any]:
    """start(strategy_type, bars_per_second=None, **parameters): an execution on BARS bars."""
    dataset = import_dataset(random_bars(BARS))

    def begin(strategy_type: str, bars_per_second: float | None = None, **parameters: Any) -> Any:
        name = f"{strategy_type} {time.monotonic_ns()}"
        config = make_config(name=name, strategy_type=strategy_type, parameters=parameters)
        return services.start(make_task(name=name, config=config, dataset=dataset, bars_per_second=bars_per_second))

    return begin


@contextmanager
def meanwhile(deed: Callable[[], None]) -> Iterator[None]:
    """Do this in a thread beside; what it raises is raised at the end."""
    errors: list[Exception] = []

    def go() -> None:
        try:
            deed()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=go)
    thread.start()
    try:
        yield
    finally:
        thread.join()
    if errors:
        raise errors[0]


def wait_until(is_so: Callable[[], bool], seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.002)


def has_begun(execution: Any) -> bool:
    return Execution.objects.filter(pk=execution.pk, status="running").exists()


PACES: dict[str, tuple[float, int, float | None]] = {
    "as fast as it goes": (0.0, 0, None),
    "a millisecond a bar": (0.001, 0, None),
    "expensive all at once": (0.005, 1000, None),
    "one bar that takes long": (30.0, 700, None),
    "slowed down": (0.0, 0, 0.5),
}


@pytest.mark.parametrize("pace", PACES)
def test_a_pause_takes_hold_within_a_quarter_of_a_second_of_work(
    start: Any, pace: str, monkeypatch: pytest.MonkeyPatch, record_property: Any
) -> None:
    seconds, slow_from, bars_per_second = PACES[pace]
    monkeypatch.setattr(Dawdler, "seconds", seconds)
    latencies: list[float] = []

    for number, end in enumerate((lifecycle.pause, lifecycle.stop, lifecycle.pause)):
        Dawdler.dawdled.clear()
        execution = start("dawdler", bars_per_second, slow_from=slow_from)
        answered: list[float] = []
        at_the_answer: list[Any] = []

        def steer(execution: Any = execution, answered: Any = answered, seen: Any = at_the_answer) -> None:
            wait_until(lambda: has_begun(execution))
            if bars_per_second is None:
                wait_until(Dawdler.dawdled.is_set)
            time.sleep(0.05 * number)  # noqa: B023
            stored = Execution.objects.get(pk=execution.pk)
            if stored.status == "running":
                end(stored)  # noqa: B023 - it is over before the next one
                answered.append(time.monotonic())
                seen.append(footprint(execution))

        with meanwhile(steer):
            run(execution.pk)
            let_go = time.monotonic()
        if answered:
            latencies.append(let_go - answered[0])
            assert footprint(execution) == at_the_answer[0]

    if pace != "as fast as it goes":
        assert len(latencies) == 3
    if latencies:
        record_property("pause_p50_seconds", round(statistics.median(latencies), 3))
        record_property("pause_max_seconds", round(max(latencies), 3))
        assert statistics.median(latencies) <= 0.25
        assert max(latencies) <= 1.0  # a busy machine


def test_bars_that_get_expensive_all_at_once_are_done_in_smaller_chunks(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = start("dawdler")
    run(undisturbed.pk)
    monkeypatch.setattr(Dawdler, "seconds", 0.005)
    monkeypatch.setattr("apps.runner.run.MAX_CHUNK_SECONDS", 0.4)
    times: list[float] = []
    real = recorder.record

    def record(*arguments: Any, **more: Any) -> None:
        times.append(time.monotonic())
        real(*arguments, **more)

    monkeypatch.setattr(recorder, "record", record)
    execution = start("dawdler", slow_from=3600)
    run(execution.pk)

    gaps = [after - before for before, after in pairwise(times)]
    assert market_rows(tape_of(execution)) == market_rows(tape_of(undisturbed))
    assert len(gaps) > 8
    assert max(gaps) < 1.2
    assert statistics.median(gaps[-5:]) < 0.4


def test_an_endless_loop_fails_with_its_bar_and_its_line(start: Any, settings: Any) -> None:
    settings.EXECUTION_MAX_SECONDS_PER_BAR = 0.5
    execution = start("endless", stuck_at=1234)

    run(execution.pk)

    execution.refresh_from_db()
    source = __file__
    assert execution.status == "failed"
    assert "bar 1234" in execution.error_message
    assert "EXECUTION_MAX_SECONDS_PER_BAR" in execution.error_message
    assert (execution.failure["file"], execution.failure["bar"]) == (source, 1234)
    assert execution.failure["error_type"] == "TimeLimit"
    assert execution.failure["time"] == "2024-01-01T20:34:00Z"
    assert execution.processed == 1234  # all bars before it
    assert tape_of(execution).heads[2] == 1234


def test_what_a_strategy_made_of_an_interruption_is_not_recorded(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.runner.run.MAX_CHUNK_SECONDS", 0.3)
    execution = start("shrug")

    run(execution.pk)

    execution.refresh_from_db()
    assert Shrug.was_slow
    assert (execution.status, execution.error_message) == ("completed", None)
    assert tape_of(execution).trades == []
    assert [row for row in tape_of(execution).events if row["event_type"] != "status_changed"] == []


def test_a_bar_that_takes_longer_than_the_lease_keeps_it(
    start: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LEASE_SECONDS = 0.8
    monkeypatch.setattr(Dawdler, "seconds", 2.5)
    execution = start("dawdler", slow_from=BARS - 1)
    claims: list[Any] = []

    def contend() -> None:
        wait_until(Dawdler.dawdled.is_set)
        for _ in range(20):
            claims.append(recorder.claim(execution.pk))
            time.sleep(0.1)

    with meanwhile(contend):
        run(execution.pk)

    execution.refresh_from_db()
    assert claims == [None] * 20
    assert (execution.status, execution.attempt) == ("completed", 1)


def test_reading_the_data_for_longer_than_the_lease_keeps_it(
    start: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from apps.runner import feeds

    settings.LEASE_SECONDS = 0.8
    real = feeds.session_of

    def slowly(manifest: Any) -> Any:
        time.sleep(2.0)
        return real(manifest)

    monkeypatch.setattr(feeds, "session_of", slowly)
    execution = start("dawdler")
    claims: list[Any] = []

    def contend() -> None:
        wait_until(lambda: has_begun(execution))
        for _ in range(15):
            claims.append(recorder.claim(execution.pk))
            time.sleep(0.1)

    with meanwhile(contend):
        run(execution.pk)

    execution.refresh_from_db()
    assert claims == [None] * 15
    assert (execution.status, execution.attempt) == ("completed", 1)


def test_a_database_that_does_not_answer_the_watch_interrupts_nothing(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def away(claim: Any) -> None:
        asked.append(claim)
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(recorder, "refuse_superseded", away)
    monkeypatch.setattr(Dawdler, "seconds", 0.5)
    execution = start("dawdler", slow_from=BARS - 1)

    run(execution.pk)

    execution.refresh_from_db()
    assert asked
    assert execution.status == "completed"
