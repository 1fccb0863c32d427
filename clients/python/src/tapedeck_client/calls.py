"""One request as a value, from which any number of equal attempts can be made."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Call:
    """path: below the server's address. body: sent as JSON. form, file: sent as multipart. is_open: needs no sign-in.

    key: the same in every attempt, so that a server that knows such keys acts once.
    """

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = field(default=None, repr=False)  # it may hold a password
    form: Mapping[str, str] | None = field(default=None, repr=False)
    file: tuple[str, IO[bytes]] | None = None
    is_open: bool = False
    key: str = ""

    @property
    def is_repeatable(self) -> bool:
        """Whether it may be sent again when nobody knows if the server acted on it."""
        return self.method == "GET" or bool(self.key)


def get(path: str, **query: Any) -> Call:
    """A question; None leaves a parameter out."""
    return Call("GET", path, query={name: value for name, value in query.items() if value is not None})


def create(path: str, body: Any = None, **more: Any) -> Call:
    """A POST that makes something new."""
    return Call("POST", path, body=body, key=uuid.uuid4().hex, **more)


def act(path: str, body: Any = None) -> Call:
    """A POST that moves something that is there."""
    return Call("POST", path, body=body)
