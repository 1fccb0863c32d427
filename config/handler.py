"""Django behind ASGI in one hop: a request runs whole in one of a few threads, which keep their database connections.

Django's own handler goes into a thread and back for nearly every middleware, 3 ms a request here, and starts a thread
for each request, which opens a connection of its own.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import Context, copy_context
from functools import partial
from typing import IO, Any, TypeVar

import structlog
from django.conf import settings
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.urls import set_script_prefix

from apps.journal.lines import LINE, Line, Message, Receive, Send

log = structlog.get_logger("http")
STUCK_SECONDS = 60.0  # a client that takes nothing of a long answer for so long is cut off
T = TypeVar("T")


class Handler(ASGIHandler):
    """Views and middlewares are plain functions; of a streaming answer no more is made than the client takes."""

    def __init__(self) -> None:
        BaseHandler.__init__(self)
        self.load_middleware(is_async=False)
        self._threads = ThreadPoolExecutor(settings.WEB_THREADS, thread_name_prefix="request")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        run = partial(self._run, copy_context())
        with body:
            response = await run(lambda: self._respond(scope, body))
            if not response.streaming:
                await self.send_response(response, send)
                return
            try:
                await self._stream(response, scope, receive, send, run)
            finally:
                await self._run(copy_context(), response.close)  # a piece that nobody waits for may still be made

    def _respond(self, scope: Any, body: IO[bytes]) -> HttpResponseBase:
        """The answer; one that does not stream is complete, and closed in the thread that made it."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, refusal = self.create_request(scope, body)
        response: Any = refusal if request is None else self.get_response(request)
        response._handler_class = self.__class__  # noqa: SLF001 - as Django's own handlers do
        if isinstance(response, FileResponse):
            response.block_size = self.chunk_size
        if isinstance(response, HttpResponse):
            response.close()
        return response

    async def _stream(self, response: Any, scope: Any, receive: Receive, send: Send, run: Any) -> None:
        headers = [(name.encode("ascii"), value.encode("latin1")) for name, value in response.items()]
        headers += [(b"Set-Cookie", cookie.output(header="").strip().encode()) for cookie in response.cookies.values()]
        await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body"})
            return
        with suppress(RequestAborted):
            await self._send_pieces(iter(response), scope.get(LINE), receive, send, run)

    async def _send_pieces(self, pieces: Any, line: Line | None, receive: Receive, send: Send, run: Any) -> None:
        clear = asyncio.Event()
        if line is not None:
            line.open(clear.set)
        gone = asyncio.ensure_future(receive())
        try:
            while (piece := await run(partial(next, pieces, None))) is not None and not gone.done():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                while line is not None and not line.is_clear and not gone.done():
                    await _wait(clear, gone, line)
        except Exception:
            if line is not None:
                line.drop()  # what ended in the middle must not look whole
            raise
        finally:
            gone.cancel()
            if line is not None:
                line.close()
        await send({"type": "http.response.body"})

    async def _run(self, context: Context, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, context.run, work)


async def _wait(clear: asyncio.Event, gone: "asyncio.Future[Message]", line: Line) -> None:
    """Until the line is clear, or its client has left; one that takes nothing is made to."""
    clear.clear()
    if line.is_clear:
        return
    waiting = asyncio.ensure_future(clear.wait())
    done, _ = await asyncio.wait((waiting, gone), timeout=STUCK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not done:
        log.warning("a client took nothing of its answer", seconds=STUCK_SECONDS)
        line.drop()
        raise RequestAborted
