"""Where a client stands in each journal: parsed from what it says, and spelt as the id of a server-sent event."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from apps.errors import Invalid
from apps.journal.views import MAX_SEQUENCE

LETTERS = {"events": "e", "trades": "t", "equity": "q"}
"""Of the journals in an event id: `e120.t8.q4000`."""
JOURNALS = tuple(LETTERS)
STATUS = "status"
STREAMS = (*JOURNALS, STATUS)
ENDED = "end"

_NAMES = {letter: name for name, letter in LETTERS.items()}
_PART = re.compile(rf"([{''.join(_NAMES)}])(\d{{1,19}})", re.ASCII)


def sequence(value: Any, name: str) -> int:
    """A cursor from a query's text or a frame's number; Invalid names the parameter."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= MAX_SEQUENCE):
        raise Invalid(f"Invalid {name} parameter", fields={name: ["It must be a whole number from 0 on."]})
    return int(text)


def from_query(query: Mapping[str, str]) -> dict[str, int]:
    """The cursors of all journals: `since_<journal>`, else `since_sequence`, else 0."""
    common = sequence(query.get("since_sequence", "0"), "since_sequence")
    names = {name: f"since_{name}" for name in JOURNALS}
    return {name: sequence(query[key], key) if key in query else common for name, key in names.items()}


def streams_of(names: Iterable[Any]) -> tuple[str, ...]:
    """The streams that are asked for, in their usual order; Invalid names what is none."""
    asked = list(names)
    if unknown := [str(name)[:40] for name in asked if name not in STREAMS]:
        problem = f"There is no stream {', '.join(unknown)}; there are {', '.join(STREAMS)}."
        raise Invalid(problem, fields={"streams": [problem]})
    if not asked:
        raise Invalid("No stream is asked for.", fields={"streams": [f"At least one of {', '.join(STREAMS)}."]})
    return tuple(name for name in STREAMS if name in asked)


def spell(cursors: Mapping[str, int]) -> str:
    """`e120.t8.q4000`; the journals that are not followed are left out."""
    return ".".join(f"{LETTERS[name]}{cursor}" for name, cursor in cursors.items())


def parse(event_id: str) -> tuple[dict[str, int], bool]:
    """The cursors of an event id, and whether it is that of the end; Invalid for any other text."""
    parts = event_id.split(".") if event_id else []
    has_ended = bool(parts) and parts[-1] == ENDED
    found = [_PART.fullmatch(part) for part in (parts[:-1] if has_ended else parts)]
    if not all(found) or not (found or has_ended):
        raise Invalid("Invalid Last-Event-ID", fields={"Last-Event-ID": ["It must be the id of an event of a stream."]})
    return {_NAMES[part[1]]: sequence(part[2], "Last-Event-ID") for part in found if part}, has_ended
