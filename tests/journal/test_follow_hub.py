"""The hub on real databases: one reader however many follow, no gap, and an end for those who may not go on."""

import asyncio
import gc
import threading
import weakref
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from django.conf import settings
from django.db import OperationalError, connections, transaction
from django.utils import timezone

from apps.executions import lifecycle
from apps.executions.models import Execution, Status
from apps.executions.services import start
from apps.journal import doorbell, hub
from apps.journal.endings import end
from apps.journal.hub import Hub
from apps.journal.reader import Reader
from tests.journal.following import Notebook, a_follower, counted_statements, in_thread

pytestmark = [pytest.mark.storage, pytest.mark.django_db(transaction=True)]
Append = Callable[[str, int], None]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No bell rings in these tests unless they say so: readers look by themselves, often."""
    monkeypatch.setattr(settings, "IDLE_SECONDS", 0.05)
    monkeypatch.setattr(hub, "ROUND_SECONDS", 0.05)
    monkeypatch.setattr(hub, "ACCESS_SECONDS", 0.1)
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)  # or the database could not be dropped


@pytest_asyncio.fixture
async def the_hub(execution: Any) -> AsyncIterator[Hub]:
    from apps.equity.journal import equity
    from apps.events.journal import events
    from apps.trades.journal import trades

    made = Hub((events, trades, equity))
    yield made
    for follower in made.followers:
        made.leave(follower)
    await asyncio.sleep(0.1)  # reads that are under way come to their ends
    assert made.readers == {}


def follow(the_hub: Hub, execution: Any, **since: int) -> Notebook:
    notes = Notebook()
    the_hub.follow(a_follower(notes, execution, **since))
    return notes


async def test_a_client_gets_past_and_present_without_a_bell(the_hub: Hub, execution: Any, append: Append) -> None:
    await in_thread(append)("events", 3)

    notes = follow(the_hub, execution, trades=1)
    await notes.until_has("events", 3)
    for journal in ("events", "trades", "equity"):
        await in_thread(append)(journal, 4)
    await notes.until_has("equity", 4)
    await notes.until_has("trades", 4)

    assert notes.sequences("events") == [1, 2, 3, 4, 5, 6, 7]
    assert notes.sequences("trades") == [2, 3, 4]
    assert notes.sequences("equity") == [1, 2, 3, 4]


async def test_fifty_clients_ask_the_database_as_often_as_one(
    the_hub: Hub, execution: Any, append: Append, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "IDLE_SECONDS", 60.0)
    monkeypatch.setattr(hub, "ACCESS_SECONDS", 60.0)
    held = {"status": Status.RUNNING, "lease_until": timezone.now() + timedelta(hours=1)}  # as one that a worker has
    await Execution.objects.filter(pk=execution.pk).aupdate(**held)

    async def statements_of_one_commit(people: list[Notebook], head: int) -> int:
        await in_thread(append)("events", 2)
        with counted_statements(monkeypatch) as statements:
            the_hub.readers[execution.pk].rung.set()
            for notes in people:
                await notes.until_has("events", head)
        return statements.count

    first = follow(the_hub, execution)
    await first.until(lambda: bool(first.statuses))
    for_one = await statements_of_one_commit([first], 2)
    others = [follow(the_hub, execution, events=2) for _ in range(49)]
    for_fifty = await statements_of_one_commit([first, *others], 4)

    assert for_fifty == for_one <= 2  # execution, events
    assert len(the_hub.readers) == 1


async def test_a_storm_of_clients_that_come_back_shares_its_reads(
    the_hub: Hub, execution: Any, append: Append, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "IDLE_SECONDS", 60.0)
    monkeypatch.setattr(hub, "ACCESS_SECONDS", 60.0)
    await in_thread(append)("events", 2500)
    first = follow(the_hub, execution, events=2500)
    await first.until(lambda: bool(first.statuses))

    with counted_statements(monkeypatch) as statements:
        people = [follow(the_hub, execution, events=10) for _ in range(100)]
        for notes in people:
            await notes.until_has("events", 2500)

    assert all(notes.sequences("events") == list(range(11, 2501)) for notes in people)
    assert statements.count <= 20  # three pages, not three hundred


async def test_one_who_joins_in_the_middle_of_a_commit_misses_nothing(
    the_hub: Hub, execution: Any, append: Append
) -> None:
    is_written, may_commit = threading.Event(), threading.Event()

    def commit_slowly() -> None:
        with transaction.atomic():
            append("events", 3)
            is_written.set()
            assert may_commit.wait(20)
        connections.close_all()

    writing = threading.Thread(target=commit_slowly)
    writing.start()
    await asyncio.to_thread(is_written.wait, 20)
    notes = follow(the_hub, execution)
    await notes.until(lambda: bool(notes.statuses))
    before = notes.sequences("events")
    may_commit.set()
    await notes.until_has("events", 3)
    await asyncio.to_thread(writing.join)

    assert before == []
    assert notes.sequences("events") == [1, 2, 3]


async def test_a_bell_brings_rows_at_once(
    the_hub: Hub, execution: Any, append: Append, monkeypatch: pytest.MonkeyPatch, require_services: Any
) -> None:
    monkeypatch.setattr(settings, "IDLE_SECONDS", 60.0)
    monkeypatch.setattr(settings, "CHANNEL_REDIS_URL", f"{require_services.require_redis()}/15")
    monkeypatch.setattr(doorbell, "_deaf_until", 0.0)  # an earlier test's Redis may be away still

    def commit(count: int) -> None:
        with transaction.atomic():
            append("events", count)
            doorbell.ring(execution.pk)

    notes = follow(the_hub, execution)
    await notes.until(lambda: bool(notes.statuses))
    for head in (2, 4, 6):
        await in_thread(commit)(2)
        await notes.until_has("events", head)

    assert notes.sequences("events") == [1, 2, 3, 4, 5, 6]


async def test_a_redis_that_is_away_only_slows_things_down(
    the_hub: Hub, execution: Any, append: Append, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "CHANNEL_REDIS_URL", "redis://127.0.0.1:1/0")

    def commit() -> None:
        with transaction.atomic():
            append("events", 2)
            doorbell.ring(execution.pk)

    notes = follow(the_hub, execution)
    await notes.until(lambda: bool(notes.statuses))
    await in_thread(commit)()
    await notes.until_has("events", 2)

    assert notes.code == 0


async def test_a_redis_that_never_answers_holds_up_nobody(
    the_hub: Hub, execution: Any, make_task: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def take_and_be_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    def another() -> Any:
        task = execution.backtest_task
        return start(make_task(name="another", config=task.config, dataset=task.dataset))

    other = await in_thread(another)()
    async with await asyncio.start_server(take_and_be_silent, "127.0.0.1", 0) as silent:
        port = silent.sockets[0].getsockname()[1]
        monkeypatch.setattr(settings, "CHANNEL_REDIS_URL", f"redis://127.0.0.1:{port}/0")
        for followed in (execution, other):
            notes = follow(the_hub, followed)
            async with asyncio.timeout(3.0):
                await notes.until(lambda notes=notes: bool(notes.statuses))
            await asyncio.sleep(0.3)  # the listener has its line by now, and waits for an answer

    assert len(the_hub.readers) == 2


async def test_the_end_comes_after_the_last_row(the_hub: Hub, execution: Any, append: Append) -> None:
    await in_thread(append)("events", 1)
    notes = follow(the_hub, execution)
    await notes.until_has("events", 1)

    await in_thread(lifecycle.stop)(execution)
    await notes.until(lambda: notes.has_ended)
    late = follow(the_hub, execution)
    await late.until(lambda: late.has_ended)

    assert notes.sequences("events") == late.sequences("events") == [1, 2]
    assert notes.statuses[-1]["status"] == late.statuses[-1]["status"] == "stopped"


async def test_a_client_that_takes_nothing_is_told_to_come_back(
    the_hub: Hub, execution: Any, append: Append, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "STUCK_SECONDS", 0.2)
    stuck, well = follow(the_hub, execution), follow(the_hub, execution)
    await stuck.until(lambda: bool(stuck.statuses and well.statuses))

    stuck.is_clear = False
    await in_thread(append)("events", 2)
    await well.until_has("events", 2)
    await stuck.until(lambda: stuck.code != 0)

    assert (stuck.code, well.code) == (4408, 0)
    assert stuck.sequences("events") == []


async def test_who_is_shut_out_is_closed(the_hub: Hub, execution: Any, owner: Any) -> None:
    notes = follow(the_hub, execution)
    await notes.until(lambda: bool(notes.statuses))

    owner.is_active = False
    await in_thread(owner.save)()
    await notes.until(lambda: notes.code != 0)

    assert notes.code == 4403


async def test_a_deleted_execution_closes_its_followers(the_hub: Hub, execution: Any) -> None:
    notes = follow(the_hub, execution)
    await notes.until(lambda: bool(notes.statuses))

    await in_thread(execution.delete)()
    await notes.until(lambda: notes.code != 0)

    assert notes.code == 4404


@pytest.mark.parametrize(("failures", "code"), [(2, 0), (3, 1011)])
async def test_a_database_that_is_away_is_asked_three_times(
    the_hub: Hub, execution: Any, append: Append, monkeypatch: pytest.MonkeyPatch, failures: int, code: int
) -> None:
    notes = follow(the_hub, execution)
    await notes.until(lambda: bool(notes.statuses))
    look, left = Reader._look, [failures]

    def failing(self: Reader, positions: Any) -> Any:
        left[0] -= 1
        if left[0] >= 0:
            raise OperationalError("server closed the connection unexpectedly")
        return look(self, positions)

    monkeypatch.setattr(Reader, "_look", failing)
    await in_thread(append)("events", 1)
    await notes.until(lambda: bool(notes.sequences("events")) or notes.code != 0)

    assert notes.code == code


async def test_a_task_that_is_ended_is_held_until_it_has_cleared_up() -> None:
    waits_for: list[weakref.ref[asyncio.Future[None]]] = []
    has_cleared_up = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            farewell = asyncio.get_running_loop().create_future()
            waits_for.append(weakref.ref(farewell))
            await farewell
            has_cleared_up.set()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    end(task)
    del task
    while not waits_for:
        await asyncio.sleep(0)
    gc.collect()
    farewell = waits_for[0]()

    assert farewell is not None, "the task was collected"
    farewell.set_result(None)
    async with asyncio.timeout(5):
        await has_cleared_up.wait()
