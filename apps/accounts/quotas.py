"""How much of the server one user may take: the settings, and what an administrator says instead.

What a user takes is counted by the rooms that give it; this one knows the limits, and how a count is kept exact.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings

from apps.accounts.models import Quota, User
from apps.errors import DomainError


class QuotaExceeded(DomainError):
    """No more of it until something is given back; the message says what."""

    code = "quota_exceeded"
    status = 429


@dataclass(frozen=True)
class Limits:
    """0: no limit.

    running: executions that workers carry out at once; more wait. unfinished: executions that wait, run or are paused.
    rows: events, trades and equity points kept.
    """

    running: int
    unfinished: int
    rows: int


def limits_of(user_ids: Iterable[int]) -> dict[int, Limits]:
    """The limits of each of these users."""
    ids = list(user_ids)
    found = {quota.pk: quota for quota in Quota.objects.filter(pk__in=ids)}
    return {user_id: _limits(found.get(user_id)) for user_id in ids}


def hold(user_id: int) -> None:
    """Let nobody else count or take what is this user's until the transaction ends."""
    locked = User.objects.select_for_update(no_key=True).filter(pk=user_id)
    list(locked.order_by().values_list("pk", flat=True))


def _limits(quota: Quota | None) -> Limits:
    return Limits(
        *(
            usual if quota is None or (own := getattr(quota, name)) is None else own
            for name, usual in (
                ("running", settings.QUOTA_RUNNING),
                ("unfinished", settings.QUOTA_UNFINISHED),
                ("rows", settings.QUOTA_ROWS),
            )
        )
    )
