"""What goes wrong, kind by kind: each is done to a stage and may say what has to be done when it is over."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import redis

from tests.faults import points
from tests.faults.deck import LEASE_SECONDS, WORKERS
from tests.faults.schedules import Fault
from tests.faults.tables import Away, PostgresTables

if TYPE_CHECKING:
    from tests.faults.stage import Stage

Undo = Callable[[], None]
Deed = Callable[["Stage", Fault], "tuple[float, Undo] | None"]
BOTH, SERVED = ("served", "embedded"), ("served",)


@dataclass(frozen=True)
class Kind:
    """A kind of fault: how often it is drawn, where it can be done, and what it is."""

    weight: float
    stacks: tuple[str, ...]
    deed: Deed


KINDS: dict[str, Kind] = {}


def kind(weight: float, stacks: tuple[str, ...] = BOTH) -> Callable[[Deed], Deed]:
    """Enter a deed among the kinds, under its own name."""

    def enter(deed: Deed) -> Deed:
        KINDS[deed.__name__] = Kind(weight, stacks, deed)
        return deed

    return enter


def weights_of(stack: str, *, only: tuple[str, ...] = (), without: tuple[str, ...] = ()) -> dict[str, float]:
    """How often each kind of a stack is drawn."""
    names = only or tuple(KINDS)
    return {name: KINDS[name].weight for name in names if stack in KINDS[name].stacks and name not in without}


# Processes ----------------------------------------------------------------------------------------------------------


@kind(3)
def kill_child(stage: "Stage", fault: Fault) -> None:
    """A worker's child is killed, as the kernel does when memory runs out."""
    _signal(stage, fault, signal.SIGKILL)


@kind(1.2)
def kill_parent(stage: "Stage", fault: Fault) -> None:
    """The worker's parent is killed; its children go on without it."""
    stage.deck.kill(WORKERS[fault.target % 2], again_after=fault.seconds / 2)


@kind(0.8)
def kill_worker(stage: "Stage", fault: Fault) -> None:
    """The worker is killed with its children."""
    name = WORKERS[fault.target % 2]
    pid = stage.deck.processes[name]
    stage.deck.kill(name, again_after=fault.seconds / 2)
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


@kind(0.7)
def kill_web(stage: "Stage", fault: Fault) -> None:
    stage.deck.kill("web", again_after=fault.seconds / 2)


@kind(0.5)
def kill_beat(stage: "Stage", fault: Fault) -> None:
    stage.deck.kill("beat", again_after=fault.seconds / 2)


@kind(1)
def deploy(stage: "Stage", fault: Fault) -> None:
    """A new worker comes up, and the old one is asked to leave."""
    stage.deck.replace(WORKERS[fault.target % 2])


@kind(1.5, SERVED)  # a process that is stopped while it holds SQLite's lock would stop everybody
def stop_child(stage: "Stage", fault: Fault) -> tuple[float, Undo] | None:
    """A worker's child sleeps past its lease, wherever it is, and wakes as a zombie."""
    pid = _signal(stage, fault, signal.SIGSTOP)
    if pid is None:
        return None

    def wake() -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)

    return LEASE_SECONDS + 0.3 + fault.seconds, wake


def _signal(stage: "Stage", fault: Fault, number: int) -> int | None:
    """Send a signal to the child that carries out the aimed-at run, else to any; its process id."""
    pids = stage.deck.children()
    aimed = stage.worker_of(stage.aim(fault))
    if aimed in pids:
        pids = [aimed]
    if not pids:
        return None
    pid = pids[fault.target % len(pids)]
    with suppress(ProcessLookupError):
        os.kill(pid, number)
        stage.say(f"signal {number} to {pid}")
    return pid


# Points -------------------------------------------------------------------------------------------------------------


def _at(point: str, deed: str) -> Deed:
    def arm(stage: "Stage", fault: Fault) -> None:
        stage.arm(point, deed)

    return arm


for _name, _weight, _stacks, _point, _deed in (
    ("die_in_rows", 1.5, BOTH, points.ROWS, points.DIE),
    ("die_at_snapshot", 1.0, BOTH, points.SNAPSHOT, points.DIE),
    ("die_at_checkpoint", 1.0, BOTH, points.CHECKPOINT, points.DIE),
    ("die_before_commit", 1.0, BOTH, points.BEFORE_COMMIT, points.DIE),
    ("die_after_commit", 1.5, BOTH, points.AFTER_COMMIT, points.DIE),
    ("die_after_claim", 1.0, BOTH, points.CLAIMED, points.DIE),
    ("die_before_acknowledging", 1.0, BOTH, points.ACKNOWLEDGE, points.DIE),
    ("lose_reply", 1.2, SERVED, points.AFTER_COMMIT, points.LOSE),
    ("oversleep", 1.5, BOTH, points.BEFORE_RECORD, points.SLEEP),
):
    KINDS[_name] = Kind(_weight, _stacks, _at(_point, _deed))


# Messages -----------------------------------------------------------------------------------------------------------


@kind(2)
def deliver_twice(stage: "Stage", fault: Fault) -> None:
    """The message of a run comes again, several times."""
    for _ in range(1 + fault.target % 3):
        stage.send(stage.aim(fault).execution)


@kind(1)
def deliver_late(stage: "Stage", fault: Fault) -> None:
    """A message comes for an execution that ended long ago."""
    if stage.ended:
        stage.send(stage.ended[fault.target % len(stage.ended)])


@kind(1)
def flush_broker(stage: "Stage", fault: Fault) -> None:
    with suppress(redis.RedisError, OSError), redis.Redis.from_url(stage.deck.redis_url, socket_timeout=1) as client:
        client.flushall()


@kind(1)
def restart_broker(stage: "Stage", fault: Fault) -> tuple[float, Undo] | None:
    """Redis dies with all it held; a new one is there a little later."""
    if stage.deck.broker is None:
        return None
    stage.deck.kill_broker()
    return fault.seconds * 0.6, stage.deck.start_broker


# Database -----------------------------------------------------------------------------------------------------------


@kind(1, SERVED)
def restart_database(stage: "Stage", fault: Fault) -> None:
    """The server crashes and recovers."""
    cluster = stage.deck.cluster
    assert cluster is not None

    def crash() -> None:
        with stage.server:
            cluster.crash()
            time.sleep(fault.seconds * 0.5)
            cluster.start()

    stage.soon(crash)


@kind(1.5, SERVED)
def cut_connections(stage: "Stage", fault: Fault) -> None:
    """All sessions of the server but ours are ended, or every second one."""
    stage.deck.tables.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE backend_type = 'client backend' AND application_name <> 'faults' AND pid %% 2 IN (0, %s)",
        fault.target % 2,
    )


@kind(1.5)
def hold_lock(stage: "Stage", fault: Fault) -> None:
    """Another session holds the lock of a run's row; on SQLite that of the file."""
    tables, execution = stage.deck.tables, stage.aim(fault).execution

    def hold() -> None:
        connection: Any = tables.connect()  # type: ignore[attr-defined]
        try:
            if isinstance(tables, PostgresTables):
                connection.execute("BEGIN")
                connection.execute("SELECT 1 FROM executions_execution WHERE id = %s FOR UPDATE", [execution])
            else:
                connection.execute("BEGIN IMMEDIATE")
            time.sleep(0.2 + 1.6 * fault.seconds)
            connection.execute("ROLLBACK")
        finally:
            connection.close()

    stage.soon(hold)


@kind(1)
def fill_disk(stage: "Stage", fault: Fault) -> tuple[float, Undo] | None:
    """Files cannot grow for a while: those of the database server, or on SQLite those of all our processes."""
    cluster, deck = stage.deck.cluster, stage.deck
    if cluster is None:
        deck.limit_files(True)
        return 0.3 + fault.seconds, lambda: deck.limit_files(False)
    with stage.server, suppress(OSError):  # a server that is down just now has no process to starve
        cluster.fill_disk()

    def free() -> None:
        with stage.server, suppress(OSError):
            cluster.free_disk()

    return 0.3 + fault.seconds, free


@kind(1)
def clock_forward(stage: "Stage", fault: Fault) -> None:
    """The database's clock jumps an hour ahead: every lease looks lapsed."""
    _shift(stage, -1)


@kind(1)
def clock_back(stage: "Stage", fault: Fault) -> None:
    """The database's clock falls back by an hour: every lease looks as if it held for long."""
    _shift(stage, 1)


def _shift(stage: "Stage", hours: int) -> None:
    def shift() -> None:
        for playing in stage.playing:
            with suppress(Away):
                stage.deck.tables.shift(playing.execution, hours)

    stage.soon(shift)


# People -------------------------------------------------------------------------------------------------------------


@kind(2)
def storm(stage: "Stage", fault: Fault) -> None:
    """Somebody pauses and resumes in quick succession."""
    stage.soon(lambda: stage.storm(stage.aim(fault), 2 + fault.target % 4, 0.02 + 0.2 * fault.seconds))


@kind(1)
def stop(stage: "Stage", fault: Fault) -> None:
    """The owner stops a run for good."""
    stage.soon(lambda: stage.stop(stage.aim(fault)))
