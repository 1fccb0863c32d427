"""One deed for one wish: a POST that is sent again with its `Idempotency-Key` is answered again, and not done again.

The key is claimed in a transaction of its own, so that of many who send it at once one goes on. Its work and its answer
are committed together: whatever dies half-way, the deed is done and its answer is known, or neither.
"""

import hashlib
from collections.abc import Callable
from contextlib import nullcontext, suppress
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar

import orjson
from django.core.files.uploadedfile import UploadedFile
from django.db import InterfaceError, OperationalError, transaction
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, status
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import KeyedRequest, User
from apps.errors import DomainError, Invalid

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
LONGEST = 200
CLAIM_LIFETIME = timedelta(minutes=1)  # longer than a statement may take; a process that is later than that is fenced
ANSWER_LIFETIME = timedelta(hours=24)
LATER = (status.HTTP_401_UNAUTHORIZED, status.HTTP_429_TOO_MANY_REQUESTS)  # may be answered otherwise the next time
PARAMETER = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    description=(
        f"Up to {LONGEST} printable characters of your choice. Sent again with the same key within 24 hours, the "
        f"request gets the same answer (with `{REPLAYED}: true`) and nothing is done twice; 409 with Retry-After while "
        "the first is under way, 422 when the key came with another request."
    ),
)
Handler = TypeVar("Handler", bound=Callable[..., Any])


class KeyReused(DomainError):
    """The key belongs to another request."""

    code = "idempotency_key_reused"
    status = status.HTTP_422_UNPROCESSABLE_ENTITY


class UnderWay(exceptions.APIException):
    """The first request with this key has not been answered yet."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "under_way"
    wait = 0  # answered as Retry-After: 1, the next whole second

    def __init__(self, key: str) -> None:
        super().__init__(f"The request with {HEADER} {key} is under way; ask again in a second.")


def idempotent(*, in_transaction: bool = True) -> Callable[[Handler], Handler]:
    """Let a view's handler know the Idempotency-Key. It stands above `@extend_schema` and `@action`.

    in_transaction: commit work and answer together; False for what takes too long for one transaction, and is harmless
    when it is done again after a crash between the two.
    """

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        def answer(view: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if (key := request.headers.get(HEADER)) is None:
                return handler(view, request, *args, **kwargs)
            assert isinstance(request.user, User)
            mine = claim(request.user, _checked(key), digest_of(request))
            if mine.status is not None:
                return _again(mine)
            try:
                return _answer(view, mine, in_transaction, lambda: handler(view, request, *args, **kwargs))
            except BaseException:
                release(mine)
                raise

        return extend_schema(parameters=[PARAMETER])(answer)  # type: ignore[return-value]

    return decorate


def claim(user: User, key: str, digest: str) -> KeyedRequest:
    """The request of this key; where its answer is not known yet (no status), the caller has to do the work.

    Raises UnderWay while another process is at it, KeyReused when the key came with another request.
    """
    mine = KeyedRequest(user=user, key=key, digest=digest)
    KeyedRequest.objects.bulk_create([mine], ignore_conflicts=True)
    row = KeyedRequest.objects.filter(user=user, key=key).first()
    if row is None:  # swept this very moment
        raise UnderWay(key)
    if row.claim == mine.claim:
        return row
    age = mine.claimed_at - row.claimed_at
    if age < ANSWER_LIFETIME:
        if row.digest != digest:
            raise KeyReused(f"{HEADER} {key} was sent with another request before; take a new key for a new request.")
        if row.status is not None:
            return row
        if age < CLAIM_LIFETIME:
            raise UnderWay(key)
    return _take_over(row, mine)


def store(mine: KeyedRequest, view: Any, response: Response) -> bool:
    """Keep the answer; False when the claim has lapsed and another process has taken it over."""
    renderer = view.request.accepted_renderer
    body = renderer.render(response.data, renderer.media_type, view.get_renderer_context())
    content_type = response.content_type or renderer.media_type
    location = response.get("Location", "")
    answer = {"status": response.status_code, "body": body.decode(), "content_type": content_type, "location": location}
    return bool(_held(mine).update(**answer))


def release(mine: KeyedRequest) -> None:
    """Give a key back whose work has failed; not where the answer was committed after all."""
    with suppress(OperationalError, InterfaceError):  # then the claim lapses by itself
        _held(mine).delete()


def sweep() -> int:
    """Forget answers that are too old to be asked for; returns how many."""
    return KeyedRequest.objects.filter(claimed_at__lte=timezone.now() - ANSWER_LIFETIME).delete()[0]


def digest_of(request: Request) -> str:
    """SHA-256 of what is asked for: method, path with its query, and the body's fields and files."""
    data: Any = request.data
    if isinstance(data, QueryDict):
        data = {name: [_content(value) for value in values] for name, values in data.lists()}
    try:
        body = orjson.dumps(data, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:
        raise Invalid(f"With {HEADER}, a body is nested less deeply and is all Unicode: {error}.") from error
    head = f"{request.method} {request.get_full_path()}\n".encode()
    return hashlib.sha256(head + body).hexdigest()


def _content(value: Any) -> Any:
    if not isinstance(value, UploadedFile):
        return value
    digest = hashlib.sha256()
    for chunk in value.chunks():
        digest.update(chunk)
    value.seek(0)
    return {"name": value.name, "sha256": digest.hexdigest()}


def _checked(key: str) -> str:
    if not 0 < len(key) <= LONGEST or not key.isprintable():
        problem = f"It must have 1 to {LONGEST} printable characters."
        raise Invalid(f"{HEADER}: {problem}", fields={HEADER: [problem]})
    return key


def _take_over(row: KeyedRequest, mine: KeyedRequest) -> KeyedRequest:
    seen = KeyedRequest.objects.filter(pk=row.pk, claim=row.claim, status=row.status)
    claimed = {"digest": mine.digest, "claim": mine.claim, "claimed_at": mine.claimed_at, "status": None}
    if not seen.update(**claimed, body="", content_type="", location=""):
        raise UnderWay(row.key)  # somebody was faster
    mine.pk = row.pk
    return mine


def _held(mine: KeyedRequest) -> Any:
    return KeyedRequest.objects.filter(pk=mine.pk, claim=mine.claim, status__isnull=True)


def _answer(view: Any, mine: KeyedRequest, in_transaction: bool, work: Callable[[], Response]) -> Response:
    try:
        with transaction.atomic() if in_transaction else nullcontext():
            response = work()
            if not store(mine, view, response) and in_transaction:
                raise UnderWay(mine.key)  # rolls back: the other's work counts
            return response
    except Exception as error:
        response = view.handle_exception(error)  # raises it again when it is no refusal
        if response.status_code in LATER or response.status_code >= status.HTTP_500_INTERNAL_SERVER_ERROR:
            release(mine)
        else:
            store(mine, view, response)
        return response


def _again(known: KeyedRequest) -> HttpResponse:
    headers = {REPLAYED: "true"}
    if known.location:
        headers["Location"] = known.location
    return HttpResponse(known.body, status=known.status, content_type=known.content_type, headers=headers)
