"""The WebSocket doors: one execution by its address, or several on one connection by what the client asks for."""

import asyncio
import time
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl

import orjson
from channels.db import database_sync_to_async

from apps.accounts.models import User
from apps.accounts.websockets import user_of
from apps.errors import AccessDenied, Conflict, DomainError, Invalid, NotFound
from apps.executions import services
from apps.journal import cursors, frames
from apps.journal.follower import BAD_QUERY, NOT_AUTHENTICATED, NOT_YOURS, TOO_MANY, TOO_SLOW, UNKNOWN, Follower
from apps.journal.hub import ROUND_SECONDS, STUCK_SECONDS, Hub
from apps.journal.lines import LINE, Line, Message, Receive, Send

WHOLE = frames.Socket()
MOST_SUBSCRIPTIONS = 50  # on one connection
LONGEST_FRAME = 16 * 1024
FRAMES_AT_ONCE, FRAMES_A_SECOND = 200, 20.0  # a client that asks more often is closed


class FollowSocket:
    """`/ws/executions/{id}/?since_sequence=N`: rows above N of each journal, then every new one, then the end.

    `since_events`, `since_trades` and `since_equity` override since_sequence for one journal. Nothing that the client
    says changes what it is sent.
    """

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        client = _Watcher(scope[LINE])
        user = await _welcome(scope, receive, send)
        if user is None:
            return
        try:
            since = cursors.from_query(dict(parse_qsl(scope["query_string"].decode(errors="replace"))))
            pk = (await database_sync_to_async(services.find)(user, scope["url_route"]["kwargs"]["pk"])).pk
        except (Invalid, NotFound, AccessDenied) as refusal:
            await send(_closing(_close_code(refusal), refusal.message))
            return
        follower = Follower(client, client.line, WHOLE, user.pk, pk, since)
        client.line.open(follower.push)
        self.hub.follow(follower)
        try:
            while (await receive())["type"] != "websocket.disconnect":
                pass
        finally:
            self.hub.leave(follower)
            client.line.close()


class _Watcher:
    """The client of a socket that is for one execution."""

    def __init__(self, line: Line) -> None:
        self.line = line

    def ended(self, follower: Follower) -> None:
        self.line.write(follower.spelling.end(follower.place))
        self.line.write(_closing(1000))

    def cut_off(self, follower: Follower, code: int, reason: str) -> None:
        self.line.write(_closing(code, reason))


class SubscriptionSocket:
    """`/ws/executions/`: the client subscribes to executions and unsubscribes, by frames of JSON.

    {"action": "subscribe", "execution": 7, "streams": ["events", "status"], "since": {"events": 120}}
    {"action": "unsubscribe", "execution": 7}

    Every frame that it is sent has a `type` (subscribed, unsubscribed, rows, status, end, error) and its `execution`.
    """

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        user = await _welcome(scope, receive, send)
        if user is not None:
            await _Subscriber(self.hub, scope[LINE], user).serve(receive)


class _Subscriber:
    """The client of a socket that is for several executions."""

    def __init__(self, hub: Hub, line: Line, user: User) -> None:
        self.hub, self.line, self.user = hub, line, user
        self.followers: dict[int, Follower] = {}
        self.is_closed, self.has_cleared = False, asyncio.Event()
        self.frames_left, self.asked_at = float(FRAMES_AT_ONCE), time.monotonic()

    async def serve(self, receive: Receive) -> None:
        self.line.open(self.push)
        try:
            while (message := await receive())["type"] != "websocket.disconnect":
                if self.is_closed:
                    continue  # what it said before it knew
                if not self.may_ask():
                    self.close(TOO_MANY, "Too many frames")
                    continue
                await self.answer(message)
                await self.until_clear()
        finally:
            self.is_closed = True
            for follower in self.followers.values():
                self.hub.leave(follower)
            self.line.close()

    def push(self) -> None:
        self.has_cleared.set()
        for follower in list(self.followers.values()):
            follower.push()

    def may_ask(self) -> bool:
        now = time.monotonic()
        self.frames_left = min(FRAMES_AT_ONCE, self.frames_left + FRAMES_A_SECOND * (now - self.asked_at)) - 1.0
        self.asked_at = now
        return self.frames_left >= 0.0

    async def until_clear(self) -> None:
        """Listen to no further frame while the client does not take the answers to those before."""
        while not (self.line.is_clear or self.line.is_gone or self.is_closed):
            if time.monotonic() - self.line.full_since > STUCK_SECONDS:
                self.close(TOO_SLOW, "Too slow: come back with the last sequences")
            self.has_cleared.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(ROUND_SECONDS):
                    await self.has_cleared.wait()

    async def answer(self, message: Message) -> None:
        request: dict[str, Any] = {}
        try:
            request = _request_of(message)
            pk = _execution_of(request)
            if request["action"] == "subscribe":
                await self.subscribe(pk, request)
            else:
                self.unsubscribe(pk)
        except DomainError as refusal:
            named = {"execution": request["execution"]} if isinstance(request.get("execution"), int) else {}
            self.line.write(frames.json({"type": "error", **named, "code": refusal.code, "error": refusal.message}))

    async def subscribe(self, pk: int, request: dict[str, Any]) -> None:
        if pk in self.followers:
            raise Conflict(f"Execution {pk} is subscribed to already; unsubscribe first.")
        if len(self.followers) >= MOST_SUBSCRIPTIONS:
            raise Conflict(f"One connection can follow {MOST_SUBSCRIPTIONS} executions; unsubscribe from one first.")
        streams, since = _streams_of(request), _since_of(request)
        await database_sync_to_async(services.find)(self.user, pk)
        journals = tuple(name for name in streams if name != cursors.STATUS)
        spelling = frames.Socket(journals, cursors.STATUS in streams, pk)
        follower = Follower(
            self, self.line, spelling, self.user.pk, pk, {name: since.get(name, 0) for name in journals}
        )
        self.followers[pk] = follower
        told = {"type": "subscribed", "execution": pk, "streams": streams, "since": follower.place}
        self.line.write(frames.json(told))
        self.hub.follow(follower)

    def unsubscribe(self, pk: int) -> None:
        follower = self.followers.pop(pk, None)
        if follower is None:
            raise NotFound(f"Execution {pk} is not subscribed to.")
        self.hub.leave(follower)
        self.line.write(frames.json({"type": "unsubscribed", "execution": pk}))

    def ended(self, follower: Follower) -> None:
        self.line.write(follower.spelling.end(follower.place))
        self.drop(follower)

    def cut_off(self, follower: Follower, code: int, reason: str) -> None:
        if code in (TOO_SLOW, NOT_YOURS):  # which is about the connection or its user
            self.close(code, reason)
            return
        kind = "not_found" if code == UNKNOWN else "failed"
        error = {"type": "error", "execution": follower.execution_id, "code": kind, "error": reason or "It failed here"}
        self.line.write(frames.json(error))
        self.drop(follower)

    def drop(self, follower: Follower) -> None:
        self.followers.pop(follower.execution_id, None)
        self.hub.leave(follower)

    def close(self, code: int, reason: str) -> None:
        if not self.is_closed:
            self.is_closed = True
            for follower in self.followers.values():
                follower.leave()
            self.line.write(_closing(code, reason))


class UnknownAddress:
    """Tells a client that nothing is to be followed there, where the router would only fail."""

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await send(_closing(UNKNOWN, "There is no such address"))


async def _welcome(scope: dict[str, Any], receive: Receive, send: Send) -> User | None:
    """Accept the socket; its user, or None when it is closed again for want of one."""
    await receive()
    await send({"type": "websocket.accept"})  # a refusal must be accepted first, or a browser never learns its code
    user = await user_of(scope)
    if user is None:
        await send(_closing(NOT_AUTHENTICATED))
    return user


def _closing(code: int, reason: str = "") -> Message:
    return {"type": "websocket.close", "code": code, "reason": reason}


def _close_code(refusal: DomainError) -> int:
    return {NotFound: UNKNOWN, AccessDenied: NOT_YOURS}.get(type(refusal), BAD_QUERY)


# What a subscriber may say -------------------------------------------------------------------------------------------


def _request_of(message: Message) -> dict[str, Any]:
    words = message.get("text")
    if words is None or len(words) > LONGEST_FRAME:
        raise Invalid(f"A frame is text of at most {LONGEST_FRAME} characters.")
    try:
        request = orjson.loads(words)
    except orjson.JSONDecodeError:
        raise Invalid("A frame is a JSON object.") from None
    if not isinstance(request, dict):
        raise Invalid("A frame is a JSON object.")
    known = {"subscribe": {"action", "execution", "streams", "since"}, "unsubscribe": {"action", "execution"}}
    action = request.get("action")
    if not isinstance(action, str) or action not in known:
        raise Invalid("There is no such action; there are subscribe and unsubscribe.")
    if unknown := sorted(set(request) - known[action]):
        raise Invalid(f"Unknown member: {', '.join(unknown)[:200]}. There are {', '.join(sorted(known[action]))}.")
    return request


def _execution_of(request: dict[str, Any]) -> int:
    return cursors.sequence(request.get("execution"), "execution")


def _streams_of(request: dict[str, Any]) -> tuple[str, ...]:
    streams = request.get("streams", list(cursors.STREAMS))
    if not isinstance(streams, list):
        raise Invalid(f"streams is a list of some of {', '.join(cursors.STREAMS)}.")
    return cursors.streams_of(streams)


def _since_of(request: dict[str, Any]) -> dict[str, int]:
    since = request.get("since", {})
    if not isinstance(since, dict) or not set(since) <= set(cursors.JOURNALS):
        raise Invalid(f"since is an object of the last sequences of {', '.join(cursors.JOURNALS)}.")
    return {name: cursors.sequence(value, f"since.{name}") for name, value in since.items()}
