"""The inner loop, generated for a number of lines: unpacking and appending by name is what a bar costs."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@cache
def player(lines: int, groups: tuple[int, ...] = ()) -> Callable[..., None]:
    """A function `play(rows, callback, wishes, *appends)` for this many lines, and groups of so many lines each.

    For each row it appends the values to the lines and calls the callback; it returns when the rows end, or after the
    callback has wished for something. A group has a list of tuples, one a bar that is new in this row, or None.
    """
    names = [f"value_{i}" for i in range(lines)] + [f"group_{i}" for i in range(len(groups))]
    appends = [f"append_{i}" for i in range(lines)]
    body = [f"        append_{i}(value_{i})" for i in range(lines)]
    for i, size in enumerate(groups):
        appends += [f"append_{i}_{j}" for j in range(size)]
        body += [
            f"        if group_{i}:",
            f"            for {''.join(f'value_{i}_{j}, ' for j in range(size))} in group_{i}:",
            *(f"                append_{i}_{j}(value_{i}_{j})" for j in range(size)),
        ]
    source = "\n".join(
        [
            f"def play(rows, callback, wishes, {''.join(f'{name}, ' for name in appends)}):",
            f"    for {''.join(f'{name}, ' for name in names)} in rows:",
            *body,
            "        callback()",
            "        if wishes:",
            "            return",
        ]
    )
    made: dict[str, Any] = {}
    exec(source, made)  # noqa: S102 - nothing but numbers enters the source
    play: Callable[..., None] = made["play"]
    return play
