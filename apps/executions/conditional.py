"""Answers about executions that a client has already: how they are named, and for how long they hold.

What a finished execution wrote never changes, so its answers need not be asked for again; those of an unfinished one
are asked for again, and not sent again while they would be the same.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from django.http import HttpResponseBase, HttpResponseNotModified
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from rest_framework.request import Request

from apps.executions.lifecycle import TERMINAL
from apps.executions.models import Execution

A = TypeVar("A", bound=HttpResponseBase)
FORM: Final = 1  # to be raised with every change of how the same state is answered
FOR_EVER = "private, max-age=31536000, immutable"
WHILE_THE_SAME = "private, no-cache"
# one browser may have two users, one after the other; and a 304 is too short for the middleware that compresses
VARY = ("Authorization", "X-API-Key", "Cookie", "Accept-Encoding")


def is_over(execution: Execution) -> bool:
    """Whether neither its status nor its journals will change."""
    return execution.status in TERMINAL


def tag_of(request: Request, execution: Execution, state: Sequence[object]) -> str:
    """The ETag of the answer to this user at this URL, which `state` determines."""
    # the moment of its creation: after a backup was restored, another execution may come to the same number
    known = (FORM, request.user.pk, request.build_absolute_uri(), execution.pk, execution.created_at, *state)
    return f'"{hashlib.blake2b(repr(known).encode(), digest_size=16).hexdigest()}"'


def answer(request: Request, tag: str, make: Callable[[], A], *, is_final: bool) -> A | HttpResponseNotModified:
    """304 when the client has what the tag names, else what `make` brings; the caller has refused wrong input before.

    is_final: the answer will be the same for ever.
    """
    held = _held(request, tag)
    given: A | HttpResponseNotModified = HttpResponseNotModified() if held else make()
    given["ETag"] = held or tag
    given["Cache-Control"] = FOR_EVER if is_final else WHILE_THE_SAME
    patch_vary_headers(given, VARY)
    return given


def _held(request: Request, tag: str) -> str | None:
    """The tag as the client has it, where it does: what compresses an answer on its way makes a strong tag weak."""
    sent = parse_etags(request.headers.get("If-None-Match", ""))
    if sent == ["*"] or tag in sent:
        return tag
    return f"W/{tag}" if f"W/{tag}" in sent else None
