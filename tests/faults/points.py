"""Points in a worker at which a test can let it die, sleep or lose its connection; loaded by the nursery alone.

A point is armed by a file of its name whose text is the deed; whichever process comes there first takes the file away
and does it. Production code knows nothing of this: the points are between its statements and the database.

With `TAPEDECK_ABLATION` a safeguard is taken out instead, so that the suite can show that it would see the damage.
"""

import os
import re
import signal
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

FOLDER = "TAPEDECK_FAULT_POINTS"
ABLATION = "TAPEDECK_ABLATION"
JOURNALS = ("events_event", "trades_trade", "equity_equityblock")
ROWS_BETWEEN = 8  # asking costs a system call
LOCK_MILLISECONDS = 1000  # shorter than in production: a schedule has no time to wait for ten seconds

ROWS, SNAPSHOT, CHECKPOINT, BEFORE_COMMIT, AFTER_COMMIT, CLAIMED, BEFORE_RECORD, ACKNOWLEDGE = POINTS = (
    "rows",  # some rows of a journal are sent
    "snapshot",  # written, in the transaction
    "checkpoint",  # written, in the transaction
    "before_commit",  # of a record
    "after_commit",  # of a record: neither the bell has rung nor the message is acknowledged
    "claimed",  # the claim is committed, and nothing else
    "before_record",  # the rows are made, and no transaction is open
    "acknowledge",  # in the worker's parent process
)
DIE, SLEEP, LOSE = "die", "sleep", "lose"
RECORD = "a record"


class Points:
    """The points of one process, found armed in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rewrite: Callable[[str], str] = str
        """An ablation may change what the database is asked."""
        self.written: set[str] = set()
        self.has_recorded = False

    def reach(self, point: str) -> bool:
        """Do what is armed here, once; True when a lost connection is asked for, which is the caller's to raise."""
        taken = self.folder / f"{point}.{os.getpid()}"
        try:
            (self.folder / point).rename(taken)
        except FileNotFoundError:
            return False
        deed = taken.read_text()
        if deed == DIE:
            os.kill(os.getpid(), signal.SIGKILL)
        elif deed == SLEEP:
            os.kill(os.getpid(), signal.SIGSTOP)  # all its threads; who armed the point wakes it
        return deed == LOSE

    def begun(self) -> None:
        self.written.clear()
        if self.has_recorded:
            self.reach(BEFORE_RECORD)

    def watch(self, execute: Callable[..., Any], sql: str, parameters: Any, many: bool, context: Any) -> Any:
        """A wrapper of Django's cursors: notes what a transaction writes."""
        if many and any(journal in sql for journal in JOURNALS):
            parameters = self.sent(parameters)
        answer = execute(self.rewrite(sql), parameters, many, context)
        if not sql.startswith("SELECT"):
            for table in ("executions_snapshot", "executions_checkpoint", "executions_execution"):
                if f'"{table}"' in sql.partition(" SET ")[0].partition("(")[0]:
                    self.written.add(table)
                    if '"equity_head" = ' in sql:
                        self.written.add(RECORD)
                    if point := {"executions_snapshot": SNAPSHOT, "executions_checkpoint": CHECKPOINT}.get(table):
                        self.reach(point)
        return answer

    def sent(self, rows: Iterable[Any]) -> Iterator[Any]:
        for number, row in enumerate(rows):
            if number % ROWS_BETWEEN == 1:
                self.reach(ROWS)
            yield row

    def commit(self, connection: Any, commit: Callable[[Any], None]) -> None:
        is_record = RECORD in self.written
        is_claim = not is_record and "executions_execution" in self.written
        if is_record:
            self.reach(BEFORE_COMMIT)
        commit(connection)
        self.written.clear()
        self.has_recorded = is_record
        if is_record and self.reach(AFTER_COMMIT):
            from django.db import OperationalError

            connection.connection.close()
            raise OperationalError("the reply to COMMIT was lost")
        if is_claim:
            self.reach(CLAIMED)


def install() -> None:
    """Put the points, and the ablation that the environment names, into this process and those it forks."""
    from celery.worker.request import Request
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.backends.signals import connection_created

    points = Points(Path(os.environ[FOLDER]))

    def prepare(sender: Any, connection: Any, **more: Any) -> None:
        if points.watch not in connection.execute_wrappers:
            connection.execute_wrappers.append(points.watch)
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(f"SET lock_timeout = {LOCK_MILLISECONDS}")
            else:
                cursor.execute(f"PRAGMA busy_timeout = {LOCK_MILLISECONDS}")

    connection_created.connect(prepare, weak=False)
    commit, set_autocommit = BaseDatabaseWrapper._commit, BaseDatabaseWrapper.set_autocommit
    acknowledge = Request.acknowledge

    @wraps(set_autocommit)
    def begin_or_end(connection: Any, autocommit: bool, *more: Any, **options: Any) -> None:
        if not autocommit:
            points.begun()
        set_autocommit(connection, autocommit, *more, **options)

    @wraps(acknowledge)
    def acknowledge_late(request: Any) -> None:
        points.reach(ACKNOWLEDGE)
        acknowledge(request)

    BaseDatabaseWrapper._commit = lambda connection: points.commit(connection, commit)
    BaseDatabaseWrapper.set_autocommit = begin_or_end
    Request.acknowledge = acknowledge_late
    _watch_copies(points)
    if ablation := os.environ.get(ABLATION):
        ABLATIONS[ablation](points)


def _watch_copies(points: Points) -> None:
    import psycopg

    write, write_row = psycopg.Copy.write, psycopg.Copy.write_row

    @wraps(write)
    def watched(copy: Any, piece: Any) -> None:
        write(copy, piece)
        points.reach(ROWS)

    @wraps(write_row)
    def watched_row(copy: Any, row: Any) -> None:
        write_row(copy, row)
        copy.rows_sent = getattr(copy, "rows_sent", 0) + 1
        if copy.rows_sent % ROWS_BETWEEN == 1:
            points.reach(ROWS)

    psycopg.Copy.write, psycopg.Copy.write_row = watched, watched_row  # type: ignore[method-assign]


# Safeguards taken out -----------------------------------------------------------------------------------------------


def without_fence(points: Points) -> None:
    """Whoever once claimed an execution may go on writing to it: whatever asks for its attempt is always true."""
    attempt = '"executions_execution"."attempt" = '
    condition = re.compile(r'"executions_execution"\."(attempt|status|processed)" = (%s|\d+)')
    points.rewrite = lambda sql: condition.sub(r"(\g<0> OR TRUE)", sql) if attempt in sql else sql


def in_two_transactions(points: Points) -> None:
    """The state to go on from is written after the rows are committed."""
    from django.db import transaction

    from apps.runner import recorder

    save = recorder._save
    recorder._save = lambda *values, **named: transaction.on_commit(lambda: save(*values, **named))


ABLATIONS: dict[str, Callable[[Points], None]] = {"fence": without_fence, "transaction": in_two_transactions}
