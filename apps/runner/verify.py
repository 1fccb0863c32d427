"""Verify an execution: is what went in still what it was, and does it bring the same tape again?"""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.db import DatabaseError, InterfaceError

from apps.brokers.paper import Paper
from apps.engine.errors import EngineError, StrategyError
from apps.engine.session import Session
from apps.errors import DomainError, NotFound
from apps.executions import manifests
from apps.executions.models import Execution, Status
from apps.journal.rowfile import FileDamaged
from apps.market import store
from apps.runner import comparison, feeds, tape
from apps.runner.comparison import Comparison
from apps.runner.findings import Findings

FIRST_CHUNK_BARS = 8  # a strategy may take its time
MAX_CHUNK_BARS = 20_000  # a chunk's rows are all that is held of the repeated tape
OPENING_BARS = 10  # to load the data takes as long as so many bars of a slow strategy, at most
GROWTH = 8
CHUNK_SECONDS = 0.25
REPORT_SECONDS = 1.0

Progress = Callable[[float], None]
Limit = Callable[[int], AbstractContextManager[None]]


def verify(
    execution: Execution,
    on_progress: Progress = lambda done: None,
    limit: Limit = lambda bars: nullcontext(),
) -> Findings:
    """Everything that can be found about an execution that is paused or over; it writes nothing.

    on_progress: called about once a second with the share of the bars that is done, in per cent. What it raises goes
    through. limit: what the author's code is called within, for so many bars. Raises NotFound.
    """
    stored = Execution.objects.with_tasks().filter(pk=execution.pk).first()
    if stored is None:
        raise NotFound(f"Execution {execution.pk} not found")
    findings = Findings()
    _check_seal(stored, findings)
    _check_data(stored, findings)
    _check_code(stored, findings)
    _check_rows(stored, findings, on_progress, limit)
    _check_hash(stored, findings)
    return findings


# What went in


def _check_seal(execution: Execution, findings: Findings) -> None:
    if not execution.manifest_hash:
        findings.unchecked.append("seal")
        return
    values = manifests.leaves_of(execution.manifest)
    for path in manifests.broken_fields(execution.manifest, execution.manifest_hash, execution.seal):
        findings.add("sealed", path, None, values.get(path))


def _check_data(execution: Execution, findings: Findings) -> None:
    recorded = str(manifests.leaves_of(execution.manifest).get("data.content_hash"))
    try:
        found = store.rehash(recorded)
    except store.DataDamaged as damage:
        findings.reason = damage.message
        return
    if found != recorded:
        findings.add("data", "data.content_hash", recorded, found)


def _check_code(execution: Execution, findings: Findings) -> None:
    changed, unknown = manifests.changed_code(execution.manifest)
    findings.unchecked += unknown
    for path, (then, now) in changed.items():
        findings.add("code", path, then, now)


# What came out


def _check_hash(execution: Execution, findings: Findings) -> None:
    if not execution.tape_hash:
        findings.unchecked.append("tape_hash")
        return
    try:
        found = tape.hash_of(execution)
    except (DatabaseError, InterfaceError):
        raise
    except Exception as error:  # what stands in the rows may be anything
        found = f"{type(error).__name__}: the rows cannot be read"
    if found != execution.tape_hash:
        findings.add("result", "tape_hash", execution.tape_hash, found)


def _check_rows(execution: Execution, findings: Findings, on_progress: Progress, limit: Limit) -> None:
    try:
        with limit(OPENING_BARS):
            broker = Paper(lambda *change: feeds.session_of(execution.manifest, *change))
    except Exception as error:  # a manifest that was tampered with may hold anything
        if not _failed_with(execution, error):
            findings.reason = _told(error)
        return
    try:
        comparisons = comparison.comparisons_of(execution)
        failure = _repeat(broker, execution, comparisons, findings, on_progress, limit)
        for each in comparisons:
            each.close()
    except FileDamaged as damage:
        findings.add("result", "archive", None, damage.message)
        return
    findings.rows += [each.difference for each in comparisons if each.difference]
    findings.compared = {"bars": broker.session.processed, **{each.name: each.compared for each in comparisons}}
    if failure and execution.status != Status.FAILED:
        findings.add("result", "status", _told(failure), execution.status)


def _repeat(
    broker: Paper,
    execution: Execution,
    comparisons: list[Comparison],
    findings: Findings,
    on_progress: Progress,
    limit: Limit,
) -> Exception | None:
    """Run it again as far as it came; what it failed with, if it did."""
    checkpoint = execution.checkpoints.first()
    shown = {checkpoint.processed: checkpoint.metrics} if checkpoint else {}
    bars, reported = FIRST_CHUNK_BARS, time.monotonic()
    stops = [*shown, execution.processed, *filter(None, [execution.closing_from])]
    while not _is_over(broker.session, execution, comparisons):
        if broker.session.processed == execution.closing_from:
            broker.close()
        session = broker.session
        started, before = time.monotonic(), session.processed
        chunk = min([bars, *(stop - before for stop in stops if stop > before)])
        rows, failure = None, None
        try:
            with limit(chunk):
                rows = session.advance(chunk)
        except StrategyError as error:
            rows, failure = error.rows, error
        except EngineError as error:
            return error
        for each in comparisons:
            if rows is not None:
                each.take(rows)
        if metrics := shown.get(session.processed):
            _compare_metrics(session, metrics, findings)
        if failure:
            return failure
        seconds = max(time.monotonic() - started, 1e-6)
        bars = min(max(int((session.processed - before) * CHUNK_SECONDS / seconds), 1), bars * GROWTH, MAX_CHUNK_BARS)
        if time.monotonic() - reported >= REPORT_SECONDS:
            reported = time.monotonic()
            on_progress(100.0 * session.processed / max(execution.processed, 1))
    return None


def _is_over(session: Session, execution: Execution, comparisons: list[Comparison]) -> bool:
    if session.finished or all(each.difference for each in comparisons):
        return True
    if session.processed < execution.processed:
        return False
    # the rows that a failing bar had booked before its failure come when the repetition fails, too
    return execution.status != Status.FAILED or all(each.is_exhausted() for each in comparisons)


def _compare_metrics(session: Session, shown: Mapping[str, Any], findings: Findings) -> None:
    for name, value in session.metrics().items():
        if name in shown and shown[name] != value:
            findings.add("result", f"metrics.{name}", value, shown[name])


def _failed_with(execution: Execution, error: Exception) -> bool:
    """Whether this is the failure that it ended with before its first bar: then it has been repeated."""
    return (
        execution.status == Status.FAILED and not execution.processed and str(error) in (execution.error_message or "")
    )


def _told(error: Exception) -> str:
    if isinstance(error, DomainError | EngineError):
        return str(error)
    return f"its manifest cannot be carried out ({type(error).__name__}: {error})"
