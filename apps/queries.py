"""What all list endpoints share: pages of a bounded size, and no parameter that is silently ignored."""

from typing import Any, ClassVar

from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request

from apps.errors import Invalid


class Pages(PageNumberPagination):
    """`page` and `page_size`: 20 rows unless asked for up to 100."""

    page_size = 20
    page_size_query_param = "page_size"
    max_page_size = 100


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
            f"Unknown parameter: {', '.join(unknown)}. There are {', '.join(sorted(known))}.",
            fields={name: ["There is no such parameter."] for name in unknown},
        )


def _filters_of(view: Any) -> frozenset[str]:
    filterset = DjangoFilterBackend().get_filterset_class(view, view.get_queryset())
    return frozenset(filterset.base_filters) if filterset else frozenset()
