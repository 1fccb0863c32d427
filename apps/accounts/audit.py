"""The audit: each change of a thing's state, with who made it and from where, in the transaction that makes it."""

from collections.abc import Iterable
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from apps import origin
from apps.accounts.limits import address_of
from apps.accounts.models import ApiKey, AuditEntry

MOST_FIELDS = 50


def note(
    owner_id: int | None,
    action: str,
    kind: str,
    subject: int,
    *,
    before: str = "",
    after: str = "",
    fields: Iterable[str] = (),
) -> None:
    """Write down what happens to a thing of this owner, within the caller's transaction."""
    AuditEntry.objects.create(
        owner_id=owner_id,
        action=action,
        kind=kind,
        subject=subject,
        before=before,
        after=after,
        fields=sorted(fields)[:MOST_FIELDS],
        **_origin(),
    )


def sweep() -> int:
    """End the entries that are older than AUDIT_DAYS; returns how many."""
    if not settings.AUDIT_DAYS:
        return 0
    old = AuditEntry.objects.filter(at__lt=timezone.now() - timedelta(days=settings.AUDIT_DAYS))
    return QuerySet(AuditEntry).filter(pk__in=list(old.order_by("pk").values_list("pk", flat=True)[:1000])).delete()[0]


def _origin() -> dict[str, Any]:
    asked = origin.request.get()
    if asked is None:
        return {}
    user, key = getattr(asked, "user", None), getattr(asked, "auth", None)
    return {
        "actor_id": user.pk if user is not None and user.is_authenticated else None,
        "key": key if isinstance(key, ApiKey) else None,
        "address": _address(asked),
        "request_id": str(asked.META.get("tapedeck.request_id", "")),
    }


def _address(asked: HttpRequest) -> str | None:
    """As the limits know it; of IPv6 the network."""
    text = address_of(asked).partition("/")[0]
    try:
        return str(ip_address(text))
    except ValueError:
        return None
