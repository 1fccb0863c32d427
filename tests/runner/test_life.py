"""Random actors steer, claim, record, fail, restart and retry: every answer and every row is what the table says."""

from dataclasses import dataclass, field
from itertools import count
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from apps.errors import Conflict
from apps.events.models import Event
from apps.executions import lifecycle, services
from apps.executions.models import Execution, Snapshot
from apps.runner import feeds, recorder, retries
from apps.runner.recorder import Superseded
from tests.runner.conftest import let_lapse, market_rows, tape_of

pytestmark = [pytest.mark.storage, pytest.mark.django_db]

# the documented statuses and changes, written down anew: the code's own table is what is tested
MOVES = {
    "pause": {"running": "paused"},
    "resume": {"paused": "running"},
    "stop": {"created": "stopped", "running": "stopped", "paused": "stopped"},
}
UNFINISHED = {"created", "running", "paused"}
PLACES = st.integers(0, 100)


@dataclass
class Run:
    """What an execution has to be."""

    execution: Any
    number: int
    status: str = "created"
    attempt: int = 0
    is_held: bool = False
    path: list[tuple[str, str]] = field(default_factory=list)

    def move(self, status: str) -> None:
        self.path.append((self.status, status))
        self.status = status
        if status != "running":
            self.is_held = False


@dataclass
class Worker:
    """Somebody who once claimed an execution, and may not know that others did after it."""

    run: Run
    claim: Any
    session: Any
    is_at: int  # the bars of the tape as far as it knows


def machine_of(make_task: Any, advance: Any, whole: Any) -> type[RuleBasedStateMachine]:
    names = count()

    class Life(RuleBasedStateMachine):
        @initialize()
        def begin(self) -> None:
            config, dataset = whole.backtest_task.config, whole.backtest_task.dataset
            self.task = make_task(name=f"task {next(names)}", config=config, dataset=dataset)
            self.runs: list[Run] = []
            self.workers: list[Worker] = []

        def one(self, place: int) -> Run:
            return self.runs[place % len(self.runs)]

        def make(self, deed: Any, is_allowed: bool) -> None:
            """Do what makes a new execution, if none is unfinished; else be refused."""
            if is_allowed and not any(each.status in UNFINISHED for each in self.runs):
                self.runs.append(Run(deed(), len(self.runs) + 1))
                return
            with pytest.raises(Conflict):
                deed()

        @rule()
        def start(self) -> None:
            self.make(lambda: services.start(self.task), True)

        @precondition(lambda self: self.runs)
        @rule(place=PLACES)
        def restart(self, place: int) -> None:
            self.make(lambda: services.restart(self.one(place).execution), True)

        @precondition(lambda self: self.runs)
        @rule(place=PLACES)
        def retry(self, place: int) -> None:
            one = self.one(place)
            self.make(lambda: services.retry(one.execution), one.status == "failed")

        @precondition(lambda self: self.runs)
        @rule(place=PLACES, name=st.sampled_from(sorted(MOVES)))
        def steer(self, place: int, name: str) -> None:
            one = self.one(place)
            after = MOVES[name].get(one.status)
            if after is None:
                with pytest.raises(Conflict, match=one.status):
                    getattr(lifecycle, name)(one.execution)
                return
            getattr(lifecycle, name)(one.execution)
            one.move(after)

        @precondition(lambda self: self.runs)
        @rule(place=PLACES)
        def take_up(self, place: int) -> None:
            one = self.one(place)
            claim = recorder.claim(one.execution.pk)
            assert (claim is not None) == (one.status in {"created", "running"} and not one.is_held)
            if claim is None:
                return
            one.attempt, one.is_held = one.attempt + 1, True
            if one.status == "created":
                one.move("running")
            assert retries.carry_over(claim)
            session = feeds.session_of(claim.execution.manifest)
            if snapshot := Snapshot.objects.filter(execution=one.execution).first():
                session.restore(bytes(snapshot.state))
            self.workers.append(Worker(one, claim, session, session.processed))

        @precondition(lambda self: self.runs)
        @rule(place=PLACES)
        def lapse(self, place: int) -> None:
            one = self.one(place)
            if one.is_held:
                let_lapse(one.execution)
                one.is_held = False

        def may_write(self, worker: Worker) -> bool:
            return worker.run.status == "running" and worker.claim.attempt == worker.run.attempt

        @precondition(lambda self: self.workers)
        @rule(place=PLACES, bars=st.sampled_from([1, 50, 150]))
        def record(self, place: int, bars: int) -> None:
            worker = self.workers[place % len(self.workers)]
            if worker.session.finished:
                return
            if not self.may_write(worker):
                with pytest.raises(Superseded):
                    advance(worker.claim, worker.session, bars)
                self.workers.remove(worker)
                return
            worker.run.is_held = True
            if advance(worker.claim, worker.session, bars):
                worker.run.move("completed")

        @precondition(lambda self: self.workers)
        @rule(place=PLACES)
        def fail(self, place: int) -> None:
            worker = self.workers[place % len(self.workers)]
            if not self.may_write(worker):
                with pytest.raises(Superseded):
                    recorder.fail(worker.claim, "out of luck", {"error_type": "Luck"})
                return
            recorder.fail(worker.claim, "out of luck", {"error_type": "Luck"})
            worker.run.move("failed")

        def teardown(self) -> None:
            for each in getattr(self, "runs", ()):
                self.compare(each)

        def compare(self, one: Run) -> None:
            stored = Execution.objects.get(pk=one.execution.pk)
            history = Event.objects.filter(execution=stored, event_type="status_changed").order_by("sequence")
            changes = [orjson.loads(row.body)["event"] for row in history]
            errors = Event.objects.filter(execution=stored, event_type="error_occurred").count()
            assert (stored.status, stored.attempt) == (one.status, one.attempt)
            assert stored.execution_number == one.number
            assert [(change["from"], change["to"]) for change in changes] == one.path
            assert errors == (one.status == "failed")
            events, trades, times, balances = market_rows(tape_of(stored))  # whose numbers are dense
            expected = market_rows(tape_of(whole))
            assert events == expected[0][: len(events)]
            assert trades == expected[1][: len(trades)]
            assert (times, balances) == (expected[2][: len(times)], expected[3][: len(balances)])
            if one.status == "completed":
                assert market_rows(tape_of(stored)) == expected
                assert stored.tape_hash == whole.tape_hash

    return Life


def test_any_life_of_a_task_goes_by_the_table(make_task: Any, advance: Any, finished: Any) -> None:
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    rules = settings(max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=checks)

    run_state_machine_as_test(machine_of(make_task, advance, finished), settings=rules)
