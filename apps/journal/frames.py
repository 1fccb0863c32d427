"""How rows, a status and the end are spelt: for a WebSocket of one execution, one of several, and a stream of events.

A spelling is a value: clients with equal spellings and equal cursors are sent one message, made once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from apps.journal import cursors
from apps.journal.lines import Frame, Message

PAGE_BYTES = 128 * 1024
"""What one message holds at most, and so what a client that stops reading costs: but a row is never cut."""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows that follow on cursors."""

    rows: Mapping[str, Sequence[str]]
    heads: Mapping[str, int]
    """The last rows that there are."""
    cursors: Mapping[str, int]
    """Where one who has taken the rows stands."""


def fitting(rows: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """The first rows of each journal, up to PAGE_BYTES in all; at least one row where there are any."""
    room = PAGE_BYTES
    kept: dict[str, Sequence[str]] = {}
    for name, texts in rows.items():
        count = 0
        for text in texts:
            if room <= 0:
                break
            room -= len(text)
            count += 1
        kept[name] = texts if count == len(texts) else texts[:count]
    return kept


class Spelling(Protocol):
    """Of one client: which journals it follows, and what messages look like to it."""

    @property
    def journals(self) -> tuple[str, ...]: ...

    @property
    def has_status(self) -> bool: ...

    def rows(self, page: Page) -> Message: ...

    def status(self, answer: str) -> Message:
        """answer: the JSON object of the API's status."""

    def end(self, at: Mapping[str, int]) -> Message:
        """Nothing more will come; at: the cursors."""


@dataclass(frozen=True, slots=True)
class Socket:
    """Text frames with a `type`; those of a socket that follows several executions name the `execution`."""

    journals: tuple[str, ...] = cursors.JOURNALS
    has_status: bool = True
    execution_id: int | None = None

    def rows(self, page: Page) -> Message:
        return text(f"{self._lead('rows')},{_members(page)}}}")

    def status(self, answer: str) -> Message:
        return text(f"{self._lead('status')},{answer[1:]}")

    def end(self, at: Mapping[str, int]) -> Message:
        return text(self._lead("end") + "}")

    def _lead(self, kind: str) -> str:
        name = "" if self.execution_id is None else f',"execution":{self.execution_id}'
        return f'{{"type":"{kind}"{name}'


@dataclass(frozen=True, slots=True)
class EventStream:
    """Server-sent events `rows`, `status` and `end`; the id of an event is where one who has read it stands."""

    journals: tuple[str, ...]
    has_status: bool

    def rows(self, page: Page) -> Message:
        return part(f"id: {cursors.spell(page.cursors)}\nevent: rows\ndata: {{{_members(page)}}}\n\n")

    def status(self, answer: str) -> Message:
        return part(f"event: status\ndata: {answer}\n\n")

    def end(self, at: Mapping[str, int]) -> Message:
        where = ".".join(filter(None, (cursors.spell(at), cursors.ENDED)))
        return part(f"id: {where}\nevent: end\ndata: {{}}\n\n")


def text(frame: str) -> Message:
    return Frame(frame)


def json(frame: Mapping[str, Any]) -> Message:
    return text(orjson.dumps(frame).decode())


def part(body: str) -> Message:
    return {"type": "http.response.body", "body": body.encode(), "more_body": True}


def _members(page: Page) -> str:
    rows = "".join(f'"{name}":[{",".join(texts)}],' for name, texts in page.rows.items())
    return f'{rows}"heads":{orjson.dumps(dict(page.heads)).decode()}'
