"""Follow one execution: past and present are the same question, asked again whenever the bell rings.

Clear the bell, read all rows since the cursors, send, wait. A ring between clearing and waiting is never lost, and a
bell that cannot ring (no Redis) only means waiting for the idle time-out.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

import orjson
import structlog
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

from apps.accounts.websockets import user_of
from apps.errors import AccessDenied, DomainError, Invalid, NotFound
from apps.executions import lifecycle, presentation, services
from apps.executions.models import Execution
from apps.journal.doorbell import group_of
from apps.journal.journal import Journal
from apps.journal.views import MAX_SEQUENCE

log = structlog.get_logger("journal")
PAGE_ROWS = 1000
NOT_AUTHENTICATED, NOT_YOURS, UNKNOWN, BAD_QUERY = 4401, 4403, 4404, 4400
FAILED = 1011


class FollowConsumer(AsyncWebsocketConsumer):
    """`/ws/executions/{id}/?since_sequence=N`: rows above N of each journal, then every new one, then the end.

    `since_events`, `since_trades` and `since_equity` override since_sequence for one journal.
    """

    def __init__(self, *, journals: Sequence[Journal]) -> None:
        super().__init__()
        self.journals = journals

    async def connect(self) -> None:
        await self.accept()  # a refusal must be accepted first, or a browser never learns its code
        user = await user_of(self.scope)
        if user is None:
            await self.close(NOT_AUTHENTICATED)
            return
        try:
            self.cursors = self._cursors()
            execution = await database_sync_to_async(services.find)(user, self.scope["url_route"]["kwargs"]["pk"])
        except (Invalid, NotFound, AccessDenied) as refusal:
            await self.close(_close_code(refusal), reason=refusal.message)
            return
        self.execution_id, self.user, self.shown = execution.pk, user, b""
        self.rung = asyncio.Event()
        await self._join()
        self.following = asyncio.create_task(self._follow())

    async def disconnect(self, code: int) -> None:
        if task := getattr(self, "following", None):
            task.cancel()
            with suppress(Exception):  # a bell that is gone needs no farewell
                await self.channel_layer.group_discard(group_of(self.execution_id), self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Nothing a client says changes what it is sent."""

    async def rung_bell(self, message: dict[str, Any]) -> None:
        self.rung.set()

    async def _follow(self) -> None:
        """Send until the end; a failure closes the socket, so that no frozen page looks alive."""
        try:
            await self._send_all()
        except Execution.DoesNotExist:
            await self.close(UNKNOWN, reason="Execution deleted")
        except Exception:
            log.exception("following failed", execution_id=self.execution_id)
            await self.close(FAILED)

    async def _send_all(self) -> None:
        while True:
            self.rung.clear()
            execution, frames, is_caught_up = await database_sync_to_async(self._read)()
            for frame in frames:
                await self.send(text_data=frame)
            if not is_caught_up:
                continue
            if execution.status in lifecycle.TERMINAL:
                await self.send(text_data='{"type":"end"}')
                await self.close(1000)
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(settings.IDLE_SECONDS):
                    await self.rung.wait()

    def _read(self) -> tuple[Execution, list[str], bool]:
        """One look at the execution: the frames to send now, and whether they reach its heads."""
        execution = Execution.objects.select_related("backtest_task").get(pk=self.execution_id)
        heads = {journal.name: journal.head(execution) for journal in self.journals}
        rows = {journal.name: self._rows(journal, heads[journal.name]) for journal in self.journals}
        frames = []
        if any(rows.values()):
            members = ",".join(f'"{name}":[{",".join(texts)}]' for name, texts in rows.items())
            frames.append(f'{{"type":"rows",{members},"heads":{orjson.dumps(heads).decode()}}}')
        status = presentation.status_answer(execution, execution.checkpoints.first())
        spelt = orjson.dumps({"type": "status", **status}, option=orjson.OPT_UTC_Z)
        if spelt != self.shown:
            self.shown = spelt
            frames.append(spelt.decode())
        return execution, frames, all(self.cursors[name] >= head for name, head in heads.items())

    def _rows(self, journal: Journal, head: int) -> list[str]:
        cursor = self.cursors[journal.name]
        if cursor >= head:
            return []
        rows = list(journal.since(self.execution_id, cursor, min(PAGE_ROWS, head - cursor)))
        self.cursors[journal.name] = cursor + len(rows)
        return rows

    def _cursors(self) -> dict[str, int]:
        query = parse_qs(self.scope["query_string"].decode(errors="replace"))
        common = query.get("since_sequence", ["0"])[0]
        return {journal.name: _sequence(query.get(f"since_{journal.name}", [common])[0]) for journal in self.journals}

    async def _join(self) -> None:
        with suppress(OSError, ConnectionError):  # without a bell the idle time-out does its work
            await self.channel_layer.group_add(group_of(self.execution_id), self.channel_name)


class UnknownAddress(AsyncWebsocketConsumer):
    """Tells a client that nothing is to be followed there, where the router would only fail."""

    async def connect(self) -> None:
        await self.accept()
        await self.close(UNKNOWN, reason="There is no such address")


def _sequence(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= MAX_SEQUENCE):
        raise Invalid("Invalid since_sequence parameter")
    return int(text)


def _close_code(refusal: DomainError) -> int:
    return {NotFound: UNKNOWN, AccessDenied: NOT_YOURS}.get(type(refusal), BAD_QUERY)
