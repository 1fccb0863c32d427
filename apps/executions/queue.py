"""Whose execution a worker takes up next, and what one that waits is told about it.

Users take turns: first comes whose executions hold the fewest workers, of several such whose turn is longest ago; and
of a user's own the one that has waited longest. A message to the workers says only that there is work.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from apps.accounts import quotas
from apps.executions.models import Execution, Status, Turn, Verification

MOVING = (Status.CREATED, Status.RUNNING)
REASONS = ("next", "workers_busy", "no_worker", "worker_lost", "quota", "paused")
MAX_ATTEMPTS = 10
HOPELESS = Q(workers_lost__gte=MAX_ATTEMPTS - 1)  # the lapsed lease is that of the last worker it may take down
NEVER = datetime(1, 1, 1, tzinfo=UTC)

Order = tuple[int, int, datetime, int]


@dataclass(frozen=True)
class Share:
    """One user's part of the queue."""

    owner_id: int
    waiting: int
    held: int
    """Executions that a worker carries out now."""
    limit: int
    """How many of them there may be; 0: any number."""
    turn: datetime
    """When a worker last took one up."""

    @property
    def is_full(self) -> bool:
        return bool(self.limit) and self.held >= self.limit

    def order(self, place: int = 1) -> Order:
        """By which the user's place-th waiting execution stands among those of all users.

        Who holds as many has taken turns just now for all places but the first, one after the other.
        """
        return self.held + place, place, self.turn, self.owner_id

    def before(self, order: Order) -> int:
        """How many of the waiting ones stand before that."""
        last = order[0] - self.held
        ahead = last if self.order(last) < order else last - 1
        may_go = self.limit - self.held if self.limit else self.waiting
        return max(0, min(ahead, self.waiting, may_go))


@dataclass(frozen=True)
class Place:
    """Where an execution stands that no worker carries out.

    position: 1 for the next one; None where no worker would take it up. reason: of REASONS; message says the same.
    """

    position: int | None
    reason: str
    message: str
    since: datetime


def has_lapsed() -> Q:
    """No worker gives itself a lease that ends so late: where one does, the database's clock was set back since."""
    return Q(lease_until__lt=Now()) | Q(lease_until__gt=Now() + timedelta(seconds=2 * settings.LEASE_SECONDS))


def is_free() -> Q:
    """No worker holds it, and one may take it up."""
    return Q(lease_until=None) | (has_lapsed() & ~HOPELESS)


def is_queued() -> Q:
    """It is free, and stands in the queue; what waits for a row of a feed is looked after when that comes."""
    return Q(due_at=None) & is_free()


def is_held() -> Q:
    """A worker carries it out."""
    return Q(status=Status.RUNNING) & Q(lease_until__isnull=False) & ~has_lapsed()


def next_up(passed: Collection[int] = ()) -> tuple[int, int] | None:
    """Owner and id of the execution whose turn it is, but for these; None when none waits that may be taken up."""
    for share in shares(passed):
        if not share.is_full:
            found = (
                _waiting().filter(owner_id=share.owner_id).exclude(pk__in=passed).values_list("pk", flat=True).first()
            )
            if found is not None:
                return share.owner_id, found
    return None


def take_turn(owner_id: int) -> bool:
    """Begin a turn of this user, whose others wait until the transaction ends; False when no more of it may run."""
    turn = Turn(owner_id=owner_id, taken_at=Now())
    Turn.objects.bulk_create([turn], update_conflicts=True, unique_fields=["owner"], update_fields=["taken_at"])
    limit = quotas.limits_of([owner_id])[owner_id].running
    return not limit or Execution.objects.filter(is_held(), owner_id=owner_id).count() < limit


def should_yield(execution: Execution) -> bool:
    """Whether another one would be taken up before this one, if its worker gave it back now."""
    found = {share.owner_id: share for share in shares()}
    own = found.pop(execution.owner_id, None)
    held = own.held if own else 1
    return bool(own and own.waiting) or any(share.held < held and not share.is_full for share in found.values())


def place_of(execution: Execution) -> Place | None:
    """None for one that is over, or that a worker carries out."""
    return places_of([execution])[execution.pk]


def places_of(executions: Collection[Execution]) -> dict[int, Place | None]:
    """`place_of` of each, by its id; a few queries, however many they are."""
    now = timezone.now()
    waiting = [execution for execution in executions if _waits(execution, now)]
    found: dict[int, Place | None] = {
        execution.pk: Place(None, "paused", "It is paused; resume it.", _since(execution))
        if execution.status == Status.PAUSED
        else None
        for execution in executions
    }
    if waiting:
        line = {share.owner_id: share for share in shares()}
        places, crew = _places_among_own(waiting), _crew(line.values())
        for execution in waiting:
            if execution.pk in places:  # else it was taken up this very moment
                found[execution.pk] = _place(execution, places[execution.pk], line, crew)
    return found


def shares(passed: Collection[int] = ()) -> list[Share]:
    """Of the users with waiting executions, or, as `held` alone, with ones that run; whose turn it is first."""
    waiting, held = Count("pk", filter=is_queued() & ~Q(pk__in=passed)), Count("pk", filter=is_held())
    moving = Execution.objects.filter(status__in=MOVING).order_by()
    rows = list(
        moving.values("owner_id").annotate(waiting=waiting, held=held).values_list("owner_id", "waiting", "held")
    )
    owners = [owner_id for owner_id, _, _ in rows]
    limits = quotas.limits_of(owners)
    turns = dict(Turn.objects.filter(owner_id__in=owners).values_list("owner_id", "taken_at"))
    found = [
        Share(owner_id, waiting, held, limits[owner_id].running, turns.get(owner_id, NEVER))
        for owner_id, waiting, held in rows
    ]
    return sorted(found, key=Share.order)


@dataclass(frozen=True)
class _Crew:
    """What is known of the workers: how many executions and verifications they hold, when one last took one up."""

    holds: int
    taken_at: datetime


def _crew(line: Iterable[Share]) -> _Crew:
    verified = Verification.objects.filter(lease_until__gt=Now()).count()
    taken_at = Turn.objects.order_by("-taken_at").values_list("taken_at", flat=True).first()
    return _Crew(sum(share.held for share in line) + verified, taken_at or NEVER)


def _place(execution: Execution, place: int, line: Mapping[int, Share], crew: _Crew) -> Place:
    """Of the place-th of its owner's that wait."""
    own, since = line[execution.owner_id], _since(execution)
    if own.limit and own.held + place > own.limit:
        return Place(None, "quota", f"Of your executions {own.limit} may run at once; others of yours go first.", since)
    order = own.order(place)
    position = place + sum(share.before(order) for share in line.values() if share is not own)
    return Place(position, *_reason(execution, position, crew), since)


def _reason(execution: Execution, position: int, crew: _Crew) -> tuple[str, str]:
    if execution.lease_until is not None:
        return "worker_lost", "Its worker does not answer any more; another one goes on from the last recorded row."
    if crew.holds:
        before = "it is next" if position == 1 else f"{position - 1} before it"
        return "workers_busy", f"The workers are busy, {crew.holds} under way; {before}."
    sent_at = execution.sent_at or execution.created_at
    silent = (timezone.now() - max(sent_at, crew.taken_at)).total_seconds()
    if silent < settings.RESEND_SECONDS:
        return "next", "It was sent to the workers a moment ago."
    return "no_worker", f"No worker has taken anything up for {int(silent)} seconds: is one running?"


def _waits(execution: Execution, now: datetime) -> bool:
    """Whether it stands in the queue: a worker should carry it out and none does."""
    is_held = execution.lease_until is not None and execution.lease_until >= now
    return execution.status in MOVING and execution.due_at is None and not is_held


def _since(execution: Execution) -> datetime:
    return execution.queued_at or execution.created_at


def _waiting() -> QuerySet[Execution]:
    """What waits, the longest first."""
    waiting = Execution.objects.filter(is_queued(), status__in=MOVING)
    return waiting.annotate(since=Coalesce("queued_at", "created_at")).order_by("since", "pk")


def _places_among_own(executions: Iterable[Execution]) -> dict[int, int]:
    """1 for what its owner has had waiting the longest; without those that wait no more."""
    earlier = Q(since__lt=OuterRef("since")) | Q(since=OuterRef("since"), pk__lt=OuterRef("pk"))
    ahead = _waiting().filter(earlier, owner_id=OuterRef("owner_id")).order_by().values("owner_id")
    counted = Coalesce(Subquery(ahead.annotate(count=Count("pk")).values("count")), 0)
    wanted = _waiting().filter(pk__in=[execution.pk for execution in executions]).order_by()
    return {pk: 1 + before for pk, before in wanted.annotate(before=counted).values_list("pk", "before")}
