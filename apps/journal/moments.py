"""Times as query parameters."""

from datetime import UTC, datetime, timedelta

from django.http import QueryDict
from django.utils.dateparse import parse_datetime

from apps.errors import Invalid

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(query: QueryDict, name: str) -> datetime | None:
    """The time of this name, UTC unless it says another zone. Raises Invalid for what is no ISO 8601 time."""
    text = query.get(name)
    if text is None:
        return None
    try:
        found = parse_datetime(text)
        if found is not None:
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Invalid(f"Invalid {name} parameter", fields={name: ["It must be an ISO 8601 time, 2026-01-12T10:00:00Z."]})


def microseconds(query: QueryDict, name: str) -> int | None:
    """`moment`, as journals keep times: microseconds since 1970 UTC."""
    found = moment(query, name)
    return None if found is None else (found - EPOCH) // timedelta(microseconds=1)
