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

CATALOGUE = "apps.engine.indicators"


def computed(
    lines: Lines, function: Callable[..., Any], arguments: tuple[Any, ...], of: str | Line
) -> tuple[str, list[Column]]:
    """The function's name and its columns, one float64 value a bar of these lines. Raises LookAhead and ValueError."""
    if isinstance(of, Line) and not lines.has(of):
        raise ValueError("A line is computed from one of its own bars; that one is of another timeframe or instrument.")
    columns = [sealed(lines.column(name)) for name in _inputs(function, of)]
    result = function(*columns, *arguments)
    values = [_checked(function, each, lines) for each in (result if isinstance(result, tuple) else (result,))]
    if getattr(function, "__module__", None) != CATALOGUE:
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
    """Compute an author's indicator on the first half of the bars: its past must not change with its future."""
    half = len(columns[0]) // 2
    if half == 0:
        return
    early = function(*(column[:half] for column in columns), *arguments)
    for known, later in zip(early if isinstance(early, tuple) else (early,), values, strict=True):
        if not np.allclose(np.asarray(known, dtype=np.float64), later[:half], rtol=1e-9, atol=1e-12, equal_nan=True):
            raise LookAhead(
                f"{_name(function)} looks ahead: its first {half} values change when later bars are added. "
                "A value may depend on its own bar and earlier ones only."
            )


def _name(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__name__", type(function).__name__))
