"""Two at once, on real connections: exactly one wins, and the other does no harm."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from apps.errors import Conflict
from apps.executions import lifecycle, services
from apps.executions.models import Execution
from apps.runner import recorder
from apps.runner.recorder import Superseded
from tests.runner.conftest import footprint, let_lapse, market_rows, tape_of
from tests.runner.test_recorder import begin

pytestmark = [pytest.mark.storage, pytest.mark.django_db(transaction=True)]
CONTENDERS = 4


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    """What each deed returned or raised, all begun at the same moment on connections of their own."""
    start, outcomes = threading.Barrier(len(deeds)), [None] * len(deeds)

    def contend(number: int, deed: Callable[[], Any]) -> None:
        try:
            start.wait()
            outcomes[number] = deed()
        except Exception as error:
            outcomes[number] = error  # type: ignore[call-overload]
        finally:
            connection.close()

    threads = [threading.Thread(target=contend, args=pair) for pair in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_of_several_claims_one_wins(execution: Any) -> None:
    for attempt in (1, 2, 3):
        outcomes = at_once(*[lambda: recorder.claim(execution.pk)] * CONTENDERS)

        assert [type(outcome).__name__ for outcome in outcomes if outcome is not None] == ["Claim"], outcomes
        assert Execution.objects.get(pk=execution.pk).attempt == attempt
        let_lapse(execution)


@pytest.mark.case("T76")
def test_of_several_starts_one_wins(make_task: Any) -> None:
    task = make_task()

    outcomes = at_once(*[lambda: services.start(task)] * CONTENDERS)

    refusals = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert len(refusals) == CONTENDERS - 1
    assert all(isinstance(refusal, Conflict) for refusal in refusals), refusals
    assert [execution.execution_number for execution in Execution.objects.all()] == [1]


def test_of_a_stop_and_a_completion_one_wins(execution: Any) -> None:
    begin(execution)

    outcomes = at_once(
        lambda: lifecycle.stop(Execution.objects.get(pk=execution.pk)),
        lambda: lifecycle.complete(Execution.objects.get(pk=execution.pk)),
    )

    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 1, outcomes
    assert Execution.objects.get(pk=execution.pk).status in ("stopped", "completed")
    assert tape_of(execution).heads[0] == 2


def test_no_row_is_written_after_the_answer_to_a_pause(execution: Any, advance: Any) -> None:
    claim, session = begin(execution)
    writing = threading.Event()
    ended: list[type[BaseException]] = []

    def write() -> None:
        try:
            while not advance(claim, session, 1):
                writing.set()
        except Superseded:
            ended.append(Superseded)
        finally:
            connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    assert writing.wait(20)
    lifecycle.pause(Execution.objects.get(pk=execution.pk))
    at_the_answer = footprint(execution)
    thread.join()

    assert ended == [Superseded]
    assert footprint(execution) == at_the_answer


def test_two_deliveries_give_one_tape(finished: Any) -> None:
    from apps.runner.run import run

    execution = services.start(finished.backtest_task)

    outcomes = at_once(*[lambda: run(execution.pk)] * CONTENDERS)

    assert outcomes == [None] * CONTENDERS
    assert market_rows(tape_of(execution)) == market_rows(tape_of(finished))
    assert Execution.objects.get(pk=execution.pk).attempt == 1


@pytest.mark.case("T19", "T31")
def test_readers_beside_a_writer_never_see_a_gap(execution: Any, advance: Any) -> None:
    from apps.equity.journal import equity
    from apps.events.journal import events

    claim, session = begin(execution)
    seen: list[bool] = []

    def write() -> None:
        while not advance(claim, session, 3):
            pass

    def read() -> None:
        while True:
            stored = Execution.objects.get(pk=execution.pk)
            seen.append(len(events.since(execution.pk, 0, stored.events_head)) == stored.events_head)
            seen.append(len(equity.since(execution.pk, 0, stored.equity_head)) == stored.equity_head)
            if stored.status == "completed":
                return

    outcomes = at_once(write, read, read)

    assert outcomes == [None, None, None]
    assert all(seen)
