"""`/ws`, which three documents claim: who is meant is told by what the client brings."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

import orjson

from apps.dialects.models import Surface

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]
FIRST_FRAME_SECONDS = 1.0


class Crossroads:
    """A `?token=` leads to Jesse; else the socket is opened: a first frame with an `action` leads to Cracktrader, and
    any other, or silence for FIRST_FRAME_SECONDS, to the agents.

    Jesse's application is given the socket as it comes. The other two find it accepted: theirs is to send frames, and
    to receive from the client's first one on. Where only one of them is served, it is meant.
    """

    def __init__(self, claims: Mapping[str, Application]) -> None:
        self.claims = claims

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        query = parse_qs(scope["query_string"].decode(errors="replace"))
        jesse = self.claims.get(Surface.JESSE)
        others = [name for name in (Surface.CRACKTRADER, Surface.AGENTS) if name in self.claims]
        if jesse is not None and ("token" in query or not others):
            await jesse(scope, receive, send)
            return
        await receive()  # websocket.connect
        await send({"type": "websocket.accept"})
        heard: list[Message] = []
        chosen = others[0]
        if len(others) > 1:
            heard = await _first(receive)
            chosen = Surface.CRACKTRADER if _has_action(heard) else Surface.AGENTS
        await self.claims[chosen](scope, _again(heard, receive), send)


async def _first(receive: Receive) -> list[Message]:
    """The client's first message, none when it says nothing for a while."""
    waiting = asyncio.ensure_future(receive())
    done, _ = await asyncio.wait([waiting], timeout=FIRST_FRAME_SECONDS)
    if done:
        return [waiting.result()]
    waiting.cancel()
    return []


def _again(heard: list[Message], receive: Receive) -> Receive:
    """Messages that were read already, and then those that come."""

    async def next_message() -> Message:
        return heard.pop(0) if heard else await receive()

    return next_message


def _has_action(heard: list[Message]) -> bool:
    text = heard[0].get("text") if heard else None
    try:
        frame = orjson.loads(text) if text else None
    except orjson.JSONDecodeError:
        return False
    return isinstance(frame, dict) and "action" in frame
