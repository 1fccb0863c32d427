"""What the suite calls a violation: each is shown to a record that has it."""

from dataclasses import replace
from typing import Any

import pytest

from tests.faults.record import Record, violations

MOVES = [("created", "running"), ("running", "completed")]


def record(bars: int = 3, status: str = "completed", moves: list[tuple[str, str]] = MOVES, **row: Any) -> Record:
    """An execution whose every bar brought one event, one trade and one equity point."""
    times = [f"2024-01-01T00:0{bar}:00Z" for bar in range(bars)]
    changes = [
        {"event_type": "status_changed", "timestamp": "now", "event": {"from": before, "to": after}}
        for before, after in moves
    ]
    market = [{"event_type": "strategy_signal", "timestamp": time, "event": {}} for time in times]
    events = [
        {"sequence": number, **event} for number, event in enumerate([changes[0], *market, *changes[1:]], start=1)
    ]
    values = {
        "status": status,
        "processed": bars,
        "total": 3,
        "progress": 100.0 * bars / 3,
        "error_message": None,
        "events_head": len(events),
        "trades_head": bars,
        "equity_head": bars,
        "attempt": 1,
        "lease_until": None,
        "manifest_hash": "m",
        "tape_hash": "t",
    }
    rows = [(number, number) for number in range(1, bars + 1)]
    return Record(
        execution=1,
        row={**values, **row},
        snapshot=bars,
        numbers={"events": [(n, n) for n in range(1, len(events) + 1)], "trades": rows, "equity": [(1, bars)]},
        bodies={"events": [f"signal at {time}" for time in times], "trades": [f"trade at {time}" for time in times]},
        served={
            "events": events,
            "trades": [{"sequence": n, "trade": {"exit_time": time}} for n, time in enumerate(times, start=1)],
            "equity": [{"sequence": n, "timestamp": time, "balance": 1.0 * n} for n, time in enumerate(times, start=1)],
        },
        detail={"status": row.get("status", status), "metrics": {"sharpe": 1.5}},
    )


def of(mine: Record, *, may_stop: bool = False) -> str:
    return "; ".join(violations(mine, record(), may_stop=may_stop))


def test_an_undisturbed_record_violates_nothing():
    assert of(record()) == ""


def test_a_stopped_one_may_be_a_beginning():
    stopped = record(2, "stopped", [("created", "running"), ("running", "stopped")])

    assert of(stopped, may_stop=True) == ""
    assert "is stopped" in of(stopped)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"status": "failed", "error_message": "no disk"}, "is failed (no disk)"),
        ({"lease_until": "tomorrow"}, "leased until tomorrow"),
        ({"processed": 2}, "completed with 2 of 3 bars"),
        ({"equity_head": 4}, "equity: 3 rows, and the head says 4"),
        ({"tape_hash": "another"}, "tape hash: 'another'"),
        ({"manifest_hash": "another"}, "another manifest hash"),
    ],
)
def test_a_wrong_row_is_a_violation(row, words):
    assert words in of(record(**row))


def test_a_gap_is_a_violation():
    mine = record()

    assert "trades: row 3 where 2 should be" in of(
        replace(mine, numbers={**mine.numbers, "trades": [(1, 1), (3, 3), (4, 4)]})
    )


def test_a_doubled_or_changed_row_is_a_violation():
    mine = record()
    twice = [*mine.bodies["trades"], mine.bodies["trades"][-1]]

    assert "trades: 4 rows, and 3 undisturbed" in of(replace(mine, bodies={**mine.bodies, "trades": twice}))
    assert "trades: row 1 is 'x'" in of(replace(mine, bodies={**mine.bodies, "trades": ["x", *twice[1:3]]}))


def test_another_balance_is_a_violation():
    mine = record()
    mine.served["equity"][1]["balance"] += 1e-9

    assert "equity: row 2" in of(mine)


def test_a_bar_that_was_recorded_in_part_is_a_violation():
    mine = record(2, "stopped", [("created", "running"), ("running", "stopped")])
    cut = replace(mine, bodies={**mine.bodies, "trades": mine.bodies["trades"][:1]})

    assert "trades: 1 rows up to 2024-01-01T00:01:00Z, where the bars brought 2" in of(cut, may_stop=True)


def test_a_state_of_another_bar_is_a_violation():
    assert "the state to go on from is that of 2" in of(replace(record(), snapshot=2))


def test_a_move_that_the_life_cycle_does_not_know_is_a_violation():
    assert "moves from created to paused" in of(record(moves=[("created", "paused"), ("paused", "completed")]))
    assert "its last move was to running" in of(record(moves=[("created", "running")]))


def test_other_metrics_are_a_violation():
    mine = replace(record(), detail={"status": "completed", "metrics": {"sharpe": 1.6}})

    assert "metrics" in of(mine)
