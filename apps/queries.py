"""What endpoints share: pages of a bounded size, and no parameter and no body that is silently ignored."""

from dataclasses import dataclass
from typing import Any, ClassVar

from django_filters.rest_framework import DjangoFilterBackend, NumberFilter
from rest_framework.pagination import PageNumberPagination
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from apps.errors import Invalid

LARGEST_ID = 10**18 - 1  # no database gives a larger one, and some take none


class Pages(PageNumberPagination):
    """`page` and `page_size`: 20 rows unless asked for up to 100."""

    page_size = 20
    page_size_query_param = "page_size"
    max_page_size = 100

    def get_paginated_response(self, data: Any) -> Response:
        answer = super().get_paginated_response(data)
        if links := link_header(answer.data["next"], answer.data["previous"]):
            answer["Link"] = links
        return answer

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["count", "next", "previous", "results"],
            "properties": {"count": {"type": "integer"}, "next": link, "previous": dict(link), "results": schema},
        }


def link_header(following: str | None, previous: str | None) -> str:
    """The pages beside this one as RFC 8288 says them; empty where there are none."""
    links = (("next", following), ("prev", previous))
    return ", ".join(f'<{url}>; rel="{relation}"' for relation, url in links if url)


class IdFilter(NumberFilter):  # type: ignore[misc]  # the library carries no types
    """Those that belong to the thing of this id."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, min_value=1, max_value=LARGEST_ID, decimal_places=0, **options)


class AsDescribed(BasePermission):
    """Refuses what the description of the API does not have: a query parameter by that name, a body where none is read.

    So whatever a view reads is described.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """Raises Invalid."""
        is_read = request.method in SAFE_METHODS
        if (is_read and not request.query_params) or (described := _described(view)) is None:
            return True
        refuse_unknown_parameters(request, described.parameters)
        if marred := [name for name, values in request.query_params.lists() if any("\0" in value for value in values)]:
            names, problem = ", ".join(marred), "It holds a NUL, which is no text."  # and PostgreSQL takes none
            raise Invalid(f"Invalid {names} parameter", fields={name: [problem] for name in marred})
        if request.method == "POST" and not described.takes_body and request.data:
            raise Invalid("The request has a body, and none is read here; send it without.")
        return True


class KnownParametersMixin:
    """Refuses a list request with a query parameter that neither paging nor a filter knows: a typo is no answer.

    known_parameters: those that the view reads by itself.
    """

    known_parameters: ClassVar[frozenset[str]] = frozenset()
    paging: ClassVar[frozenset[str]] = frozenset({"page", "page_size"})

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        refuse_unknown_parameters(request, self.known_parameters | self.paging | _filters_of(self))
        return super().list(request, *args, **kwargs)  # type: ignore[misc]


def refuse_unknown_parameters(request: Request, known: frozenset[str]) -> None:
    """Raise Invalid, naming the query parameters that are not among the known ones."""
    if unknown := sorted(set(request.query_params) - known):
        raise Invalid(
            f"Unknown parameter: {', '.join(unknown)}. There are {', '.join(sorted(known)) or 'none'}.",
            fields={name: ["There is no such parameter."] for name in unknown},
        )


@dataclass(frozen=True)
class Described:
    """What the description of one operation says of its input."""

    parameters: frozenset[str]
    takes_body: bool


_KNOWN: dict[tuple[type, str], Described] = {}


def _described(view: Any) -> Described | None:
    """Looked up once for each handler of a view; None where there is no handler: the view will say so."""
    method = "get" if view.request.method == "HEAD" else str(view.request.method).lower()
    name = getattr(view, "action", None) or method
    if method == "options" or (handler := getattr(view, name, None)) is None:
        return None
    key = type(view), f"{method} {name}"
    if key not in _KNOWN:
        own = getattr(handler, "kwargs", {}).get("schema")
        schema = own() if own else type(type(view).schema)()
        _KNOWN[key] = Described(*schema.input_of(view, method.upper()))
    return _KNOWN[key]


def _filters_of(view: Any) -> frozenset[str]:
    filterset = DjangoFilterBackend().get_filterset_class(view, view.get_queryset())
    return frozenset(filterset.base_filters) if filterset else frozenset()
