"""The tape hash: of what a run brought, and of nothing that differs from run to run; on both databases."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from apps.equity.models import EquityBlock
from apps.events.journal import HISTORY
from apps.events.models import Event
from apps.executions import lifecycle
from apps.executions.models import Checkpoint, Execution, Snapshot
from apps.executions.services import start
from apps.journal.digest import unpack
from apps.runner import recorder
from apps.runner.tape import digests_of, hash_of
from apps.trades.models import Trade
from tests.runner.conftest import footprint, let_lapse
from tests.runner.test_recorder import begin

pytestmark = [pytest.mark.storage, pytest.mark.django_db]
Advance = Callable[..., bool]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chunks=st.lists(st.tuples(st.integers(1, 120), st.sampled_from(["", "crash", "pause"])), min_size=1, max_size=9))
@example(chunks=[(1, "")])
@example(chunks=[(300, "")])
@example(chunks=[(7, "crash"), (40, "pause")])
def test_any_chunks_pauses_and_crashes_give_the_same_hash(
    finished: Any, advance: Advance, chunks: list[tuple[int, str]]
) -> None:
    execution = start(finished.backtest_task)
    claim, session = begin(execution)

    step = 0
    while not advance(claim, session, chunks[step % len(chunks)][0]):
        happening = chunks[step % len(chunks)][1] if step < 15 else ""
        if happening == "crash":
            let_lapse(execution)
        if happening == "pause":
            lifecycle.pause(execution)
            lifecycle.resume(execution)
        if happening:
            claim, session = begin(execution)
        step += 1

    execution.refresh_from_db()
    assert len(execution.tape_hash) == 64
    assert execution.tape_hash == finished.tape_hash
    assert execution.tape_hash == hash_of(execution)


def test_the_hash_is_of_the_rows_so_far_after_every_record(execution: Any, advance: Advance) -> None:
    claim, session = begin(execution)
    seen = set()

    for bars in (1, 30, 100):
        advance(claim, session, bars)

        stored = Execution.objects.get(pk=execution.pk)
        snapshot = Snapshot.objects.get(execution=execution)
        assert stored.tape_hash == hash_of(stored)
        assert [digest.state for digest in unpack(bytes(snapshot.digests))] == [d.state for d in digests_of(stored)]
        heads = ("events_head", "trades_head", "equity_head")
        assert [getattr(snapshot, head) for head in heads] == [getattr(stored, head) for head in heads]
        seen.add(stored.tape_hash)

    assert len(seen) == 3


@pytest.mark.parametrize("model", [Event, Trade])
def test_one_changed_letter_of_a_row_changes_the_hash_read_back(finished: Any, model: Any) -> None:
    row = model.objects.filter(execution=finished).order_by("sequence").exclude(body__contains="status_changed").first()
    price = row.body.index('price":"') + len('price":"')
    changed = f"{row.body[:price]}9{row.body[price + 1 :]}"
    assert changed != row.body

    model.objects.filter(execution=finished, sequence=row.sequence).update(body=changed)

    assert hash_of(finished) != finished.tape_hash


def test_one_changed_point_changes_the_hash_read_back(finished: Any) -> None:
    from apps.equity.blocks import pack, unpack

    block = EquityBlock.objects.get(execution=finished)
    points = unpack(block.points)
    points["balance"][17] += 1e-9

    EquityBlock.objects.filter(execution=finished).update(points=pack(points))

    assert hash_of(finished) != finished.tape_hash


def test_what_happens_to_an_execution_is_not_part_of_its_result(finished: Any) -> None:
    before = hash_of(finished)

    Event.objects.filter(execution=finished, event_type__in=HISTORY).update(body="{}")

    assert hash_of(finished) == before


def test_a_tape_from_before_there_were_hashes_gets_its_own(finished: Any, advance: Advance) -> None:
    execution = start(finished.backtest_task)
    claim, session = begin(execution)
    advance(claim, session, 100)
    Snapshot.objects.filter(execution=execution).update(digests=b"")
    Execution.objects.filter(pk=execution.pk).update(tape_hash="")

    while not advance(claim, session, 100):
        pass

    execution.refresh_from_db()
    assert execution.tape_hash == finished.tape_hash


def test_rows_before_a_failure_are_kept_and_the_snapshot_stays_the_last_good_one(execution: Any) -> None:
    claim, session = begin(execution)
    recorder.record(claim, session.advance(100), progress(session))
    good = Snapshot.objects.filter(execution=execution).values().get()

    with transaction.atomic():
        recorder.record(claim, session.advance(50), progress(session), keeps_snapshot=True)

    stored = Execution.objects.get(pk=execution.pk)
    assert Snapshot.objects.filter(execution=execution).values().get() == good
    assert (stored.equity_head, good["equity_head"]) == (150, 100)
    assert stored.tape_hash == hash_of(stored)


@pytest.mark.parametrize(
    ("setting", "head"),
    [
        ("EXECUTION_MAX_EVENTS", "events_head"),
        ("EXECUTION_MAX_TRADES", "trades_head"),
        ("EXECUTION_MAX_EQUITY_POINTS", "equity_head"),
    ],
)
def test_a_record_that_would_pass_a_limit_writes_nothing(
    execution: Any, advance: Advance, settings: Any, setting: str, head: str
) -> None:
    claim, session = begin(execution)
    advance(claim, session, 100)
    reached = getattr(Execution.objects.get(pk=execution.pk), head)
    setattr(settings, setting, reached)
    before = footprint(execution)

    with pytest.raises(recorder.OverBudget, match=rf"{reached:,} rows.*{setting}"):
        advance(claim, session, 200)

    assert footprint(execution) == before


def test_an_execution_may_keep_exactly_its_limit(execution: Any, advance: Advance, settings: Any) -> None:
    settings.EXECUTION_MAX_EQUITY_POINTS = 300
    claim, session = begin(execution)

    assert advance(claim, session, 300)


def test_a_run_over_its_limit_fails_with_the_limit_named_and_keeps_its_tape(
    finished: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from apps.runner import pace, run

    settings.EXECUTION_MAX_EQUITY_POINTS = 250
    monkeypatch.setattr(pace, "FIRST_CHUNK_BARS", 100)
    monkeypatch.setattr(pace.Pace, "next", lambda self: 100)
    execution = start(finished.backtest_task)

    run.run(execution.pk)

    execution.refresh_from_db()
    assert execution.status == "failed"
    assert "250 rows of equity" in execution.error_message
    assert "EXECUTION_MAX_EQUITY_POINTS" in execution.error_message
    assert execution.equity_head == execution.processed == 200
    assert execution.tape_hash == hash_of(execution)
    assert Checkpoint.objects.filter(execution=execution).exists()


def progress(session: Any) -> recorder.Progress:
    return recorder.Progress(session.processed, session.total, session.time, session.snapshot(), session.metrics())
