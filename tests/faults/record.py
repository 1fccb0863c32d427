"""All that an execution left behind, and what must hold of it whatever went wrong meanwhile."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.acceptance.client import JOURNALS
from tests.faults.tables import Tables
from tests.faults.visitor import EXECUTIONS, Visitor

ONWARD = {
    "created": {"running", "stopped", "failed"},
    "running": {"paused", "stopped", "completed", "failed"},
    "paused": {"running", "stopped"},
    "stopped": set(),
    "completed": set(),
    "failed": set(),
}
"""The documented life cycle, said once more: the suite must not ask the code what the code may do."""

ROW = (
    "status, processed, total, progress, error_message, events_head, trades_head, equity_head, attempt, lease_until,"
    " manifest_hash, tape_hash"
)


@dataclass(frozen=True)
class Record:
    """One execution, from its tables and from the API."""

    execution: int
    row: dict[str, Any]
    snapshot: int | None
    """Bars done at the state to go on from; None: there is none."""
    numbers: dict[str, list[tuple[int, int]]]
    """Of each journal the first and last sequences of its table's rows, in order."""
    bodies: dict[str, list[str]]
    """Events of the market, and trades, as they were written, without sequence and created_at."""
    served: dict[str, list[dict[str, Any]]]
    detail: dict[str, Any]

    @property
    def status(self) -> str:
        return str(self.row["status"])

    @property
    def points(self) -> list[tuple[str, float]]:
        return [(point["timestamp"], point["balance"]) for point in self.served["equity"]]

    @property
    def moves(self) -> list[tuple[str, str]]:
        events = [row["event"] for row in self.served["events"] if row["event_type"] == "status_changed"]
        return [(event["from"], event["to"]) for event in events]

    def shape(self) -> tuple[Any, ...]:
        """What may not change any more once it has ended."""
        return tuple(self.row.items())


def row_of(tables: Tables, execution: int) -> dict[str, Any]:
    values = tables.rows(f"SELECT {ROW} FROM executions_execution WHERE id = %s", execution)[0]
    return dict(zip(ROW.replace(" ", "").split(","), values, strict=True))


def record_of(tables: Tables, visitor: Visitor, execution: int) -> Record:
    snapshot = tables.rows("SELECT processed FROM executions_snapshot WHERE execution_id = %s", execution)
    kept = "FROM {} WHERE execution_id = %s ORDER BY sequence"
    events = tables.rows(f"SELECT sequence, event_type, body {kept.format('events_event')}", execution)
    trades = tables.rows(f"SELECT sequence, body {kept.format('trades_trade')}", execution)
    blocks = tables.rows(f"SELECT sequence, last_sequence {kept.format('equity_equityblock')}", execution)
    return Record(
        execution=execution,
        row=row_of(tables, execution),
        snapshot=snapshot[0][0] if snapshot else None,
        numbers={
            "events": [(sequence, sequence) for sequence, *_ in events],
            "trades": [(sequence, sequence) for sequence, _ in trades],
            "equity": [(first, last) for first, last in blocks],
        },
        bodies={
            "events": [_body(body) for _, event_type, body in events if event_type != "status_changed"],
            "trades": [_body(body) for _, body in trades],
        },
        served={journal: visitor.rows(execution, journal) for journal in JOURNALS},
        detail=visitor.get(f"{EXECUTIONS}/{execution}/"),
    )


def _body(text: str) -> str:
    return text.partition(",")[2].rpartition(',"created_at":')[0]


# What must hold -----------------------------------------------------------------------------------------------------


def violations(record: Record, undisturbed: Record, *, may_stop: bool) -> list[str]:
    """What is wrong with an execution that should have left what the undisturbed one of its manifest left."""
    name = f"execution {record.execution}"
    found = [*_of_status(record, may_stop), *_of_numbers(record), *_of_tape(record, undisturbed), *_of_moves(record)]
    return [f"{name}: {text}" for text in found]


def _of_status(record: Record, may_stop: bool) -> Iterator[str]:
    row = record.row
    if record.status not in (("completed", "stopped") if may_stop else ("completed",)):
        yield f"is {record.status} ({row['error_message']})"
    if row["error_message"] is not None:
        yield f"carries the error {row['error_message']!r}"
    if row["lease_until"] is not None:
        yield f"has ended, and is leased until {row['lease_until']}"
    if record.detail["status"] != record.status:
        yield f"is {record.status} in the table and {record.detail['status']} in the API"
    if record.status == "completed" and (row["processed"] != row["total"] or row["progress"] != 100.0):
        yield f"completed with {row['processed']} of {row['total']} bars, {row['progress']} %"
    if record.snapshot != row["processed"] and (record.snapshot is not None or row["processed"]):
        yield f"{row['processed']} bars are recorded, and the state to go on from is that of {record.snapshot}"


def _of_numbers(record: Record) -> Iterator[str]:
    for journal in JOURNALS:
        head, expected = record.row[f"{journal}_head"], 1
        for first, last in record.numbers[journal]:
            if first != expected:
                yield f"{journal}: row {first} where {expected} should be"
                break
            expected = last + 1
        else:
            if expected - 1 != head:
                yield f"{journal}: {expected - 1} rows, and the head says {head}"
        served = [row["sequence"] for row in record.served[journal]]
        if served != list(range(1, head + 1)):
            yield f"{journal}: the API serves {len(served)} rows that are not 1…{head}"
    if record.row["equity_head"] != record.row["processed"]:
        yield f"{record.row['processed']} bars and {record.row['equity_head']} equity points"


def _of_tape(record: Record, undisturbed: Record) -> Iterator[str]:
    is_whole = record.status == "completed"
    pairs = {
        "events": (record.bodies["events"], undisturbed.bodies["events"]),
        "trades": (record.bodies["trades"], undisturbed.bodies["trades"]),
        "equity": (record.points, undisturbed.points),
    }
    for journal, (mine, theirs) in pairs.items():
        if mine != (theirs if is_whole else theirs[: len(mine)]):
            yield f"{journal}: {_difference(mine, theirs)}"
    if record.row["manifest_hash"] != undisturbed.row["manifest_hash"]:
        yield "another manifest hash than the undisturbed run's"
    if is_whole:
        for what, mine, theirs in (
            ("tape hash", record.row["tape_hash"], undisturbed.row["tape_hash"]),
            ("metrics", record.detail["metrics"], undisturbed.detail["metrics"]),
        ):
            if mine != theirs:
                yield f"{what}: {mine!r}, and {theirs!r} undisturbed"
    else:
        yield from _of_last_bar(record, undisturbed)


def _of_last_bar(record: Record, undisturbed: Record) -> Iterator[str]:
    """A tape that was cut short holds all that its bars brought: a bar's rows stand or fall together."""
    last = record.points[-1][0] if record.points else ""
    events = [row for row in undisturbed.served["events"] if row["event_type"] != "status_changed"]
    due = {
        "events": sum(row["timestamp"] <= last for row in events),
        "trades": sum(row["trade"]["exit_time"] <= last for row in undisturbed.served["trades"]),
    }
    for journal, count in due.items():
        if len(record.bodies[journal]) != count:
            yield f"{journal}: {len(record.bodies[journal])} rows up to {last}, where the bars brought {count}"


def _of_moves(record: Record) -> Iterator[str]:
    status = "created"
    for before, after in record.moves:
        if before != status or after not in ONWARD[before]:
            yield f"moves from {before} to {after} while it is {status}: {record.moves}"
            return
        status = after
    if status != record.status:
        yield f"is {record.status}, and its last move was to {status}"


def _difference(mine: list[Any], theirs: list[Any]) -> str:
    for number, (one, other) in enumerate(zip(mine, theirs, strict=False), start=1):
        if one != other:
            return f"row {number} is {one!r}, and {other!r} undisturbed"
    return f"{len(mine)} rows, and {len(theirs)} undisturbed"
