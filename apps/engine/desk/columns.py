"""Columns that a strategy declares: a function over whole columns of bars, which must not look ahead."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.engine.desk.lines import COLUMNS, Line
from apps.engine.errors import LookAhead
from apps.engine.kernels import sealed

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.engine.desk.lines import Lines
    from apps.engine.types import Column

CATALOGUE, BUILT_IN = "apps.engine.indicators", "apps.engine.strategies."  # their tests show that none looks ahead
SHORTEST = 16  # bars: of fewer, many an indicator knows nothing yet


def computed(
    lines: Lines, function: Callable[..., Any], arguments: tuple[Any, ...], of: str | Line
) -> tuple[str, list[Column]]:
    """The function's name and its columns, one float64 value a bar of these lines. Raises LookAhead and ValueError."""
    if isinstance(of, Line) and not lines.has(of):
        raise ValueError("A line is computed from one of its own bars; that one is of another timeframe or instrument.")
    columns = [sealed(lines.column(name)) for name in _inputs(function, of)]
    result = function(*columns, *arguments)
    values = [_checked(function, each, lines) for each in (result if isinstance(result, tuple) else (result,))]
    module = str(getattr(function, "__module__", ""))
    if module != CATALOGUE and not module.startswith(BUILT_IN):
        _refuse_look_ahead(function, columns, arguments, values)
    return _name(function), values


def _checked(function: Callable[..., Any], values: Any, lines: Lines) -> Column:
    column = np.asarray(values, dtype=np.float64)
    if column.shape != lines.times.shape:
        raise ValueError(
            f"{_name(function)} returned an array of shape {column.shape}; one value a bar is needed, "
            f"{lines.times.shape}."
        )
    return column


def _inputs(function: Callable[..., Any], of: str | Line) -> list[str]:
    """Names of the columns that the function's leading parameters want."""
    source = of.name if isinstance(of, Line) else of
    try:
        wanted = list(inspect.signature(function).parameters)
    except ValueError:  # a compiled function may have no signature
        return [source]
    inputs = []
    for position, name in enumerate(wanted):
        if name not in COLUMNS and position > 0:
            break
        inputs.append(name if name in COLUMNS else source)
    return inputs


def _refuse_look_ahead(
    function: Callable[..., Any], columns: list[Column], arguments: tuple[Any, ...], values: list[Column]
) -> None:
    """Compute an author's column on the first half of the bars, a quarter, and so on: its past must not change.

    One prefix is not enough: what is divided by the highest price of all shows where that is not in the prefix yet.
    """
    count = len(columns[0]) // 2
    while count > 0:
        early = function(*(column[:count] for column in columns), *arguments)
        for known, later in zip(early if isinstance(early, tuple) else (early,), values, strict=True):
            same = np.allclose(np.asarray(known, np.float64), later[:count], rtol=1e-9, atol=1e-12, equal_nan=True)
            if not same:
                raise LookAhead(
                    f"{_name(function)} looks ahead: its first {count} values change when later bars are added. "
                    "A value may depend on its own bar and earlier ones only."
                )
        count = count // 2 if count >= 2 * SHORTEST else 0


def _name(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__name__", type(function).__name__))
