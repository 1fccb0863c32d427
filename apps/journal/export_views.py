"""One export view for all journals: the rows that a list shows, in one answer that is made while it is sent."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

from django.http import QueryDict, StreamingHttpResponse
from django.utils.cache import patch_vary_headers
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import exceptions
from rest_framework.request import Request

from apps.errors import Invalid, NotFound
from apps.executions import conditional, services
from apps.executions.models import Execution
from apps.headers import IF_NONE_MATCH
from apps.journal.exports import FORMATS, Column, Format
from apps.journal.journal import RowJournal
from apps.journal.shapes import View, whole
from apps.journal.streams import OneAnswer
from apps.journal.views import JournalView, whole_number

PIECE_ROWS = 5000
CHOICE = OpenApiParameter(
    "format", str, enum=list(FORMATS), description="The file's; else as `Accept` says, else ndjson."
)
SINCE = whole("since_sequence", "Rows above this number only.", least=0, default=0)


def exported(filters: Sequence[OpenApiParameter]) -> Callable[[View], View]:
    """Describe an export: what it can be narrowed by, and its formats."""
    answers: Any = {(200, each.media_type): OpenApiTypes.BINARY for each in FORMATS.values()}
    parameters = [CHOICE, SINCE, *filters, IF_NONE_MATCH]
    return extend_schema_view(get=extend_schema(parameters=parameters, responses=answers))


class ExportView(JournalView):
    """`GET executions/{id}/<journal>/export/`: all rows above since_sequence that there are by now, as a file."""

    content_negotiation_class = OneAnswer
    own_parameters = frozenset({"since_sequence", "format"})
    columns: ClassVar[tuple[Column, ...]]

    def get(self, request: Request, pk: int) -> Any:
        execution = services.find(request.user, pk)
        self.check(request.query_params)
        chosen = format_of(request)
        chosen.check()
        tag = conditional.tag_of(request, execution, (self.journal.head(execution), chosen.name))
        answer = conditional.answer(
            request,
            tag,
            lambda: self.file(execution, chosen, request.query_params),
            is_final=conditional.is_over(execution),
        )
        patch_vary_headers(answer, ["Accept"])
        return answer

    def check(self, query: QueryDict) -> None:
        super().check(query)
        since_of(query)

    def file(self, execution: Execution, chosen: Format, query: QueryDict) -> StreamingHttpResponse:
        pieces = chosen.encode(self.columns, self.pieces(execution, query))
        name = f"execution-{execution.pk}-{self.journal.name}.{chosen.name}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingHttpResponse(pieces, content_type=chosen.content_type, headers=headers)

    def pieces(self, execution: Execution, query: QueryDict) -> Iterator[Sequence[str]]:
        """The rows up to the head of now, a few thousand at a time: each piece is a short question of its own."""
        filters = {name: str(query[name]) for name in self.filters if name in query}
        since, head = since_of(query), self.journal.head(execution)
        while since < head:
            if filters:
                assert isinstance(self.journal, RowJournal)
                rows = self.journal.bodies(execution.pk, since, **filters).filter(sequence__lte=head)
                piece = list(rows[:PIECE_ROWS])
            else:
                piece = self.journal.since(execution.pk, since, min(PIECE_ROWS, head - since))
            if not piece:
                break
            yield piece
            since = sequence_of(piece[-1])
        refuse_deleted(execution)


def format_of(request: Request) -> Format:
    """What the request asks for, by name or by Accept. Raises Invalid, NotAcceptable."""
    name = request.query_params.get("format")
    if name is not None:
        if name not in FORMATS:
            raise Invalid("Invalid format parameter", fields={"format": [f"It must be one of {', '.join(FORMATS)}."]})
        return FORMATS[name]
    by_type = {each.media_type: each for each in FORMATS.values()}
    asked = request._request.get_preferred_type(list(by_type))  # noqa: SLF001 - DRF's own way to what it wraps
    if asked is None:
        raise exceptions.NotAcceptable(f"An export is of one of the types {', '.join(by_type)}.")
    return by_type[asked]


def since_of(query: QueryDict) -> int:
    return whole_number(query, "since_sequence", default=0, least=0)


def sequence_of(row: str) -> int:
    """The number of a row, which is its first member."""
    return int(row[row.index(":") + 1 : row.index(",")])


def refuse_deleted(execution: Execution) -> None:
    """Raise NotFound when the rows that were just read may lack some, which were swept meanwhile."""
    if not Execution.objects.filter(pk=execution.pk).exists():
        raise NotFound(f"Execution {execution.pk} was deleted while it was read.")
