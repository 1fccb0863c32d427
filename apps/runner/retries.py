"""A retry begins with the tape of the execution that failed, up to its last snapshot.

It is copied as a run is recorded: piece by piece, each in one fenced transaction, so that a pause is exact and the next
worker goes on where the last one was lost. The failed one's own history stays behind: the retry has one of its own.
"""

from dataclasses import dataclass

import numpy as np
from django.db import transaction
from django.utils import timezone

from apps.equity.blocks import POINT
from apps.equity.journal import equity
from apps.errors import Conflict
from apps.events.journal import events
from apps.executions.models import Execution, Snapshot
from apps.journal.digest import pack, tape_hash
from apps.journal.journal import NewRows, RowJournal, content
from apps.journal.text import iso_time
from apps.runner import handover, recorder
from apps.runner.patience import patiently
from apps.runner.recorder import Claim
from apps.runner.tape import digests_of
from apps.trades.journal import trades

PIECE_ROWS = 5000
PIECE_POINTS = 65_536


class TapeIncomplete(Conflict):
    code = "tape_incomplete"


@dataclass
class Place:
    """How far the rows of a journal are copied.

    after: the number of the last one in the failed execution. head: of the retry's journal then; where it is another
    one, rows came that this does not know of.
    """

    after: int = 0
    head: int = -1


def carry_over(claim: Claim) -> bool:
    """Copy what there is to copy; False when the worker was told to stop meanwhile.

    Raises Superseded, and TapeIncomplete when the tape cannot be had as it was.
    """
    own = claim.execution
    if Snapshot.objects.filter(execution=own).exists():
        return True
    source = Snapshot.objects.filter(execution=own.retry_of_id).first() if own.retry_of_id else None
    if source is None:
        if own.equity_head or own.trades_head:
            raise _incomplete(own)
        return True
    while own.equity_head < source.equity_head and not handover.is_requested():
        patiently(lambda: _copy_points(claim, source))
    for journal in (trades, events):
        place, last = Place(), getattr(source, journal.head_field)
        while place.after < last and not handover.is_requested():
            patiently(lambda journal=journal, place=place: _copy_rows(claim, source, journal, place))  # type: ignore[misc]
    if handover.is_requested():
        return False
    patiently(lambda: _adopt(claim, source))
    return True


def _copy_points(claim: Claim, source: Snapshot) -> None:
    with transaction.atomic():
        held = recorder.hold(claim)
        first = held.equity_head + 1
        last = min(held.equity_head + PIECE_POINTS, source.equity_head)
        numbered = equity.points(source.execution_id, first, last)
        if len(numbered) != max(last - first + 1, 0):
            raise _incomplete(claim.execution)
        points = np.empty(len(numbered), POINT)
        points["time"], points["balance"] = numbered["time"], numbered["balance"]
        equity.write(held.pk, first, points)
        Execution.objects.filter(pk=held.pk).update(equity_head=last)
    claim.execution.equity_head = last


def _copy_rows(claim: Claim, source: Snapshot, journal: RowJournal, place: Place) -> None:
    with transaction.atomic():
        held = recorder.hold(claim)
        head = journal.head(held)
        if head != place.head:
            place.after = _copied(journal, held, source)
        results = journal.model._default_manager.filter(journal.results, execution_id=source.execution_id)
        piece = results.filter(sequence__gt=place.after, sequence__lte=getattr(source, journal.head_field))
        rows = list(piece.order_by("sequence").values_list("sequence", *journal.columns, "body")[:PIECE_ROWS])
        if rows:
            _, *columns, bodies = zip(*rows, strict=True)
            contents = [content(body).decode().rstrip("\n") for body in bodies]
            journal.append(held.pk, NewRows(tuple(columns), contents, iso_time(timezone.now())))
    place.after = rows[-1][0] if rows else getattr(source, journal.head_field)
    place.head = head + len(rows)


def _copied(journal: RowJournal, held: Execution, source: Snapshot) -> int:
    """The number, in the failed execution, of the last row that the retry has."""
    results = journal.model._default_manager.filter(journal.results)
    done = results.filter(execution_id=held.pk).count()
    if not done:
        return 0
    numbers = results.filter(execution_id=source.execution_id).order_by("sequence").values_list("sequence", flat=True)
    number = numbers[done - 1 : done].first()
    if number is None:
        raise _incomplete(held)
    return int(number)


def _adopt(claim: Claim, source: Snapshot) -> None:
    """Go on from the snapshot, once the copied tape is that of its moment."""
    with transaction.atomic():
        if not Snapshot.objects.filter(execution=claim.execution, processed=source.processed).exists():
            held = recorder.hold(claim)
            digests = digests_of(held)
            if source.digests and pack(digests) != bytes(source.digests):
                raise _incomplete(claim.execution)
            heads = {name: getattr(held, name) for name in ("events_head", "trades_head", "equity_head")}
            Snapshot.objects.create(
                execution=claim.execution,
                processed=source.processed,
                state=bytes(source.state),
                digests=pack(digests),
                **heads,
            )
            total = Execution.objects.values_list("total", flat=True).get(pk=source.execution_id)
            Execution.objects.filter(pk=held.pk).update(
                processed=source.processed,
                total=total,
                progress=100.0 * source.processed / max(total or 0, 1),
                tape_hash=tape_hash(digests),
            )
    claim.processed = source.processed


def _incomplete(execution: Execution) -> TapeIncomplete:
    return TapeIncomplete(
        f"The tape that execution {execution.pk} was to go on from is not there as it was; restart the task instead."
    )
