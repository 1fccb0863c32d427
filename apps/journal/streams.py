"""Following by server-sent events: `curl -N`, an EventSource, or any program that reads lines.

Django answers who may read what; then the rows are sent from here, because within Django's own handler every stream
would hold a thread for as long as it lasts (asgiref keeps one for each request).
"""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.errors import Unsupported
from apps.executions import services
from apps.journal import cursors, frames
from apps.journal.follower import TOO_SLOW, Follower
from apps.journal.hub import Hub
from apps.journal.lines import LINE, Line, Message, Receive, Send
from apps.queries import refuse_unknown_parameters

WISH = "tapedeck.stream"
MEDIA_TYPE = "text/event-stream"
HEARTBEAT_SECONDS = 15.0  # proxies close what is silent for half a minute or more
RETRY_MILLISECONDS = (500, 3000)  # drawn anew for each stream, so that a thousand clients do not come back at once
PARAMETERS = frozenset({"streams", "since_sequence", *(f"since_{name}" for name in cursors.JOURNALS)})


@dataclass
class Wish:
    """What a request asks for, once Django has granted it: left in the scope by the view, for EventStreams."""

    user_id: int = 0
    streams: tuple[str, ...] = ()
    since: dict[str, int] = field(default_factory=dict)

    @property
    def is_granted(self) -> bool:
        return bool(self.streams)


class OneAnswer(BaseContentNegotiation):
    """Whatever the client accepts, a refusal is the API's JSON: an EventSource accepts nothing but events."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> tuple[Any, str]:
        return renderers[0], renderers[0].media_type


class StreamView(APIView):
    """`GET executions/{id}/stream/`: events `rows`, `status` and, when all is told, `end`."""

    content_negotiation_class = OneAnswer
    http_method_names = ["get", "options"]
    refusals = (422,)  # where the server process cannot stream

    @extend_schema(
        summary="Follow an execution by server-sent events",
        description=(
            "Each `rows` event holds the new rows of the streams asked for and their `heads`; `status` holds what the "
            "status endpoint answers; `end` comes last. The id of an event says where its reader stands, for instance "
            "`e120.t8.q4000`; sent back as `Last-Event-ID` it goes on from there. 204: the end was told already."
        ),
        parameters=[
            OpenApiParameter("streams", str, description=f"Some of {','.join(cursors.STREAMS)}; all when left out."),
            *(OpenApiParameter(name, int) for name in sorted(PARAMETERS - {"streams"})),
            OpenApiParameter("Last-Event-ID", str, OpenApiParameter.HEADER),
        ],
        responses={(200, MEDIA_TYPE): OpenApiTypes.STR, 204: OpenApiResponse(description="All was told.")},
    )
    def get(self, request: Request, pk: int) -> HttpResponse:
        services.find(request.user, pk)
        refuse_unknown_parameters(request, PARAMETERS)
        streams = cursors.streams_of(request.query_params.get("streams", ",".join(cursors.STREAMS)).split(","))
        since, has_ended = cursors.from_query(request.query_params.dict()), False
        if event_id := request.headers.get("Last-Event-ID"):
            known, has_ended = cursors.parse(event_id)
            since |= known
        if has_ended:
            return HttpResponse(status=204)  # upon which an EventSource does not come back
        scope = getattr(request._request, "scope", {})  # noqa: SLF001 - DRF's own way to what it wraps
        if not isinstance(wish := scope.get(WISH), Wish):
            raise Unsupported("This server process cannot stream; poll with since_sequence.")
        wish.user_id, wish.streams, wish.since = int(request.user.pk or 0), streams, since
        headers = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
        return HttpResponse(content_type=MEDIA_TYPE, headers=headers)


class EventStreams:
    """Lets Django answer a request; what it grants is streamed here, under the headers that Django gave."""

    def __init__(self, django: Any, hub: Hub) -> None:
        self.django, self.hub = django, hub

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        wish, start, is_gone = Wish(), None, False

        async def listen() -> Message:
            nonlocal is_gone
            message = await receive()
            is_gone = is_gone or message["type"] == "http.disconnect"
            return message

        async def hold(message: Message) -> None:
            nonlocal start
            if not wish.is_granted:
                await send(message)
            elif message["type"] == "http.response.start":
                start = message

        await self.django({**scope, WISH: wish}, listen, hold)
        if start is not None and not is_gone:
            await send(_without_length(start))
            await self._stream(scope, receive, wish)

    async def _stream(self, scope: dict[str, Any], receive: Receive, wish: Wish) -> None:
        client = _Listener(scope[LINE])
        journals = tuple(name for name in wish.streams if name != cursors.STATUS)
        spelling = frames.EventStream(journals, cursors.STATUS in wish.streams)
        pk = scope["url_route"]["kwargs"]["pk"]
        follower = Follower(client, client.line, spelling, wish.user_id, pk, wish.since)
        client.line.open(follower.push)
        client.line.write(frames.part(f"retry: {random.randint(*RETRY_MILLISECONDS)}\n\n"))  # noqa: S311 - jitter
        self.hub.follow(follower)
        try:
            while not await _has_left(receive):
                if client.line.is_clear and not follower.is_done:
                    client.line.write(frames.part(": heartbeat\n\n"))
        finally:
            self.hub.leave(follower)
            client.line.close()


class _Listener:
    """The client of a stream."""

    def __init__(self, line: Line) -> None:
        self.line = line

    def ended(self, follower: Follower) -> None:
        self.line.write(follower.spelling.end(follower.place))
        self.finish()

    def cut_off(self, follower: Follower, code: int, reason: str) -> None:
        if code == TOO_SLOW:
            self.line.drop()  # it would not read what there is to say
            return
        told = orjson.dumps({"code": code, "error": reason}).decode()
        self.line.write(frames.part(f"event: error\ndata: {told}\n\n"))
        self.finish()

    def finish(self) -> None:
        self.line.close()
        self.line.write({"type": "http.response.body", "body": b"", "more_body": False})


async def _has_left(receive: Receive) -> bool:
    """Whether the client has gone within a heartbeat."""
    try:
        async with asyncio.timeout(HEARTBEAT_SECONDS):
            return (await receive())["type"] == "http.disconnect"
    except TimeoutError:
        return False


def _without_length(start: Message) -> Message:
    return {
        **start,
        "headers": [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"],
    }
