"""The shapes of a journal's answers and the parameters of its list, for the description of the API.

Rows are joined from text that was encoded when they were written; nothing here is run to answer a request.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers

from apps.executions.models import TaskType
from apps.headers import IF_NONE_MATCH

View = TypeVar("View", bound=type)
MAX_PAGE_SIZE = 1000


class RowsSerializer(serializers.Serializer[Any]):
    """What every page of a journal has beside its rows."""

    execution_id = serializers.IntegerField(help_text="Whose rows they are.")
    task_type = serializers.ChoiceField(choices=TaskType.choices, help_text="The kind of its task.")
    task_id = serializers.IntegerField(allow_null=True, help_text="Its task.")
    count = serializers.IntegerField(help_text="How many rows match, on all pages.")
    next = serializers.URLField(allow_null=True, help_text="The next page; null on the last.")
    previous = serializers.URLField(allow_null=True, help_text="The page before; null on the first.")


def whole(name: str, description: str, *, least: int, default: int | None = None) -> OpenApiParameter:
    """A query parameter that is a whole number."""
    schema = {"type": "integer", "minimum": least} | ({} if default is None else {"default": default})
    return OpenApiParameter(name, schema, description=description)


def described(
    page: type[serializers.Serializer[Any]], size: int, filters: Sequence[OpenApiParameter]
) -> Callable[[View], View]:
    """Describe a journal's list: the shape of a page, how many rows it has, and what it can be narrowed by."""
    parameters = [
        whole("since_sequence", "Rows above this number only.", least=0, default=0),
        whole("page", "Which page, from 1 on.", least=1, default=1),
        whole("page_size", f"Rows of a page; more than {MAX_PAGE_SIZE} are {MAX_PAGE_SIZE}.", least=1, default=size),
        *filters,
        IF_NONE_MATCH,
    ]
    return extend_schema_view(get=extend_schema(parameters=parameters, responses=page))
