"""Changes that are made only if nobody else has made one meanwhile: ETag, If-Match and If-None-Match."""

import hashlib
from typing import Any

import orjson
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponseNotModified
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.errors import DomainError
from apps.headers import IF_MATCH, IF_NONE_MATCH

CHANGES = ("update", "partial_update", "destroy")
# one browser may have two users, one after the other; and a 304 is too short for the middleware that compresses
VARY = ("Authorization", "X-API-Key", "Cookie", "Accept-Encoding")


class ChangedMeanwhile(DomainError):
    """Another change came first; `current` is the thing as it is, and `tag` its name."""

    code = "changed_meanwhile"
    status = 412

    def __init__(self, current: Any, tag: str) -> None:
        super().__init__("It is not as you have it: somebody has changed it meanwhile. `current` says how it is now.")
        self.current = current
        self.tag = tag


class TagRequired(DomainError):
    """This server wants to know on which state a change is based."""

    code = "if_match_required"
    status = 428


class PreconditionsMixin:
    """For a ModelViewSet: reads are named by an ETag, and a change is refused whose If-Match is another.

    The row is locked from the comparison to the change, so that of two who change the same state one is refused.
    """

    action: str

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        found: QuerySet[Any] = super().filter_queryset(queryset)  # type: ignore[misc]
        return found.select_for_update(of=("self",)) if self.action in CHANGES else found

    @extend_schema(parameters=[IF_NONE_MATCH])
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        data = self._shown()
        tag = tag_of(data)
        if tag in _sent(request, "If-None-Match"):
            answer: Any = HttpResponseNotModified()
        else:
            answer = Response(data)
        answer["ETag"], answer["Cache-Control"] = tag, "private, no-cache"
        patch_vary_headers(answer, VARY)
        return answer

    @extend_schema(parameters=[IF_MATCH])
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        return self._change(request, super().update, *args, **kwargs)  # type: ignore[misc]

    @extend_schema(parameters=[IF_MATCH])
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        return super().partial_update(request, *args, **kwargs)  # type: ignore[misc]

    @extend_schema(parameters=[IF_MATCH])
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        return self._change(request, super().destroy, *args, **kwargs)  # type: ignore[misc]

    def _change(self, request: Request, change: Any, *args: Any, **kwargs: Any) -> Response:
        try:
            with transaction.atomic():
                self._refuse_changed(request)
                answer: Response = change(request, *args, **kwargs)
                if self.action != "destroy":
                    answer["ETag"] = tag_of(self._shown())
                return answer
        except ChangedMeanwhile as refusal:
            answer = self.handle_exception(refusal)  # type: ignore[attr-defined]
            answer.data["current"] = refusal.current
            answer["ETag"] = refusal.tag
            return answer

    def _refuse_changed(self, request: Request) -> None:
        """Raise ChangedMeanwhile or TagRequired, or Http404 where there is nothing to change."""
        if "If-Match" not in request.headers:
            if settings.REQUIRE_IF_MATCH:
                self._shown()
                raise TagRequired("Send the ETag of what you change as If-Match; this server asks for it.")
            return
        current = self._shown()
        tag = tag_of(current)
        sent = _sent(request, "If-Match")
        if tag not in sent and "*" not in sent:
            raise ChangedMeanwhile(current, tag)

    def _shown(self) -> Any:
        """As a read shows it; for a change, with its row locked."""
        return self.get_serializer(self.get_object()).data  # type: ignore[attr-defined]


def tag_of(data: Any) -> str:
    """The ETag of a thing that is shown like this."""
    spelt = orjson.dumps(data, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return f'"{hashlib.blake2b(spelt, digest_size=16).hexdigest()}"'


def _sent(request: Request, header: str) -> list[str]:
    """The tags of a header; what compresses an answer on its way makes a strong tag weak, and it is the same here."""
    return [tag.removeprefix("W/") for tag in parse_etags(request.headers.get(header, ""))]
