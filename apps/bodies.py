"""What the shapes of request bodies share: no member that is silently ignored."""

from collections.abc import Mapping
from typing import Any

from rest_framework.serializers import ValidationError

MOST_NAMED, LONGEST_NAME = 20, 100  # of what a body may have thousands of


class KnownMembers:
    """Refuses a body with members that the shape does not have: a typo is no wish.

    One that the shape only shows may be sent back as it came, and is not written.
    """

    def to_internal_value(self, data: Any) -> Any:
        fields: Mapping[str, Any] = self.fields  # type: ignore[attr-defined]  # the serializer's
        unknown = sorted(set(data) - set(fields)) if isinstance(data, Mapping) else []
        if not unknown:
            return super().to_internal_value(data)  # type: ignore[misc]
        there_are = ", ".join(name for name, field in fields.items() if not field.read_only)
        problems: dict[str, Any] = {
            str(name)[:LONGEST_NAME]: [f"There is no such member. There are {there_are}."]
            for name in unknown[:MOST_NAMED]
        }
        try:
            super().to_internal_value(data)  # type: ignore[misc]
        except ValidationError as error:
            problems = {**error.detail, **problems} if isinstance(error.detail, dict) else problems
        raise ValidationError(problems)
