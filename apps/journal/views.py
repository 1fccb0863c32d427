"""One list view for all journals: visible or refused, numbers parsed, one range scan, bytes joined."""

from dataclasses import dataclass
from typing import Any, ClassVar

import orjson
from django.db.models import Q
from django.http import HttpResponse, QueryDict
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.errors import Invalid
from apps.executions import conditional, presentation, services
from apps.executions.models import Execution
from apps.journal.journal import Journal, RowJournal

MAX_SEQUENCE = 2**62


@dataclass(frozen=True)
class Window:
    """The part of a journal that a request asks for."""

    since: int
    page: int
    size: int

    @property
    def start(self) -> int:
        """How many rows above `since` come before this page."""
        return (self.page - 1) * self.size

    @classmethod
    def of(cls, query: QueryDict, default_size: int, max_size: int = 1000) -> "Window":
        return cls(
            since=whole_number(query, "since_sequence", default=0, least=0),
            page=whole_number(query, "page", default=1, least=1),
            size=min(whole_number(query, "page_size", default=default_size, least=1), max_size),
        )


def whole_number(query: QueryDict, name: str, *, default: int, least: int) -> int:
    """A query parameter as an integer of at least `least`; Invalid names the parameter."""
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and least <= int(text) <= MAX_SEQUENCE):
        raise Invalid(f"Invalid {name} parameter", fields={name: [f"It must be a whole number from {least} on."]})
    return int(text)


class JournalView(APIView):
    """`GET executions/{id}/<journal>/`: rows above since_sequence, by pages, ascending."""

    journal: ClassVar[Journal]
    member: ClassVar[str]
    """The member of the answer that holds the rows."""
    default_page_size: ClassVar[int] = 1000
    filters: ClassVar[tuple[str, ...]] = ()

    def get(self, request: Request, pk: int) -> HttpResponse:
        execution = services.find(request.user, pk)
        self.check(request.query_params)
        window = Window.of(request.query_params, self.default_page_size)
        tag = self.tag(request, execution)
        is_final = conditional.is_over(execution)
        return conditional.answer(request, tag, lambda: self.page(request, execution, window), is_final=is_final)

    def check(self, query: QueryDict) -> None:
        """Raise Invalid for what no answer can be given to."""
        self.refuse_unknown(query)

    def tag(self, request: Request, execution: Execution) -> str:
        """Rows up to a head never change, and an answer shows none above it."""
        return conditional.tag_of(request, execution, (self.journal.head(execution),))

    def page(self, request: Request, execution: Execution, window: Window) -> HttpResponse:
        rows, count = self.read(execution, window, request.query_params)
        return self.answer(request, execution, window, rows, count)

    def read(self, execution: Execution, window: Window, query: QueryDict) -> tuple[list[str], int]:
        """The rows of the window and the number of all rows above `since`; unfiltered, both are arithmetic.

        None is above the head that the execution was read with: a page, its count and its tag are of one moment.
        """
        head = self.journal.head(execution)
        chosen = [self.matching(execution, name, str(query[name])) for name in self.filters if name in query]
        if chosen and isinstance(self.journal, RowJournal):
            bodies = self.journal.bodies(execution.pk, window.since)
            return _filtered(bodies.filter(*chosen, sequence__lte=head), window)
        count = max(0, head - window.since)
        if window.start >= count:
            return [], count
        size = min(window.size, count - window.start)
        return list(self.journal.since(execution.pk, window.since + window.start, size)), count

    def matching(self, execution: Execution, name: str, value: str) -> Q:
        """The rows that a filter is for."""
        return Q((name, value))

    def answer(
        self, request: Request, execution: Execution, window: Window, rows: list[str], count: int, **more: Any
    ) -> HttpResponse:
        heading = orjson.dumps(presentation.heading(execution))[:-1]
        foot = {
            "count": count,
            "next": _page_url(request, window.page + 1) if window.start + window.size < count else None,
            "previous": _page_url(request, window.page - 1) if window.page > 1 else None,
            **more,
        }
        body = b"".join(
            (heading, f',"{self.member}":['.encode(), ",".join(rows).encode(), b"],", orjson.dumps(foot)[1:])
        )
        return HttpResponse(body, content_type="application/json")

    def refuse_unknown(self, query: QueryDict) -> None:
        known = {"since_sequence", "page", "page_size", *self.filters}
        if unknown := sorted(set(query) - known):
            raise Invalid(
                f"Unknown parameter: {', '.join(unknown)}. There are {', '.join(sorted(known))}.",
                fields={name: ["There is no such parameter."] for name in unknown},
            )


def _filtered(bodies: Any, window: Window) -> tuple[list[str], int]:
    """The window's part of the matching rows, and how many there are."""
    count = bodies.count()
    if window.start >= count:
        return [], count
    if window.start:
        # the index alone leads to the page: no body is read only to be passed over
        first = list(bodies.values_list("sequence", flat=True)[window.start : window.start + 1])
        bodies = bodies.filter(sequence__gte=first[0]) if first else bodies[:0]
    return list(bodies[: window.size]), count


def _page_url(request: Request, page: int) -> str:
    query = request.query_params.copy()
    query["page"] = str(page)
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
