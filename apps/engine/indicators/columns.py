"""How a kernel is run over columns: checked periods, fresh results, and a new start after every hole."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from apps.engine.types import Array, Column


def column(
    kernel: Callable[..., Any], *inputs: Column, periods: Sequence[int] = (), factors: Sequence[float] = ()
) -> Column:
    """The one column that a kernel writes; see `columns`."""
    return columns(1, kernel, *inputs, periods=periods, factors=factors)[0]


def columns(
    count: int,
    kernel: Callable[..., Any],
    *inputs: Column,
    periods: Sequence[int] = (),
    factors: Sequence[float] = (),
) -> tuple[Column, ...]:
    """What `kernel(*inputs, *periods, *factors, *outs)` writes into `count` fresh columns that are nan elsewhere.

    The kernel sees each stretch of rows where every input is a finite number, and none of the others.
    Raises ValueError for a period below 1 and for inputs of unequal length.
    """
    counts = [bars(period) for period in periods]
    given = [np.ascontiguousarray(each, dtype=np.float64) for each in inputs]
    if len({len(each) for each in given}) != 1:
        raise ValueError(f"The columns differ in length: {', '.join(str(len(each)) for each in given)}.")
    outs = tuple(np.full(len(given[0]), np.nan) for _ in range(count))
    for stretch in stretches(given):
        parts = (each[stretch] for each in given)
        kernel(*parts, *counts, *map(float, factors), *(out[stretch] for out in outs))
    return outs


def bars(period: int) -> int:
    """The period as a plain int. Raises ValueError below 1, TypeError for what is not a whole number."""
    if index(period) < 1:
        raise ValueError(f"A period of {period} bars is impossible; it must be 1 or more.")
    return index(period)


def stretches(inputs: Sequence[Column]) -> Iterator[slice]:
    """The runs of rows in which all inputs are finite numbers, in order."""
    defined = np.isfinite(inputs[0])
    for each in inputs[1:]:
        defined &= np.isfinite(each)
    if defined.all():
        yield from [slice(0, len(defined))] if len(defined) else []
        return
    edges: Array = np.flatnonzero(np.diff(defined, prepend=False, append=False))
    for first, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        yield slice(first, stop)


def delayed(values: Column, bars: int) -> Column:
    """Every value that many bars later than it was."""
    out = np.full(len(values), np.nan)
    if bars < len(values):
        out[bars:] = values[: len(values) - bars]
    return out


def quotient(part: Column, whole: Column, otherwise: float) -> Column:
    """part / whole, and `otherwise` where the whole is nothing; nan stays nan."""
    undefined = np.isnan(part) | np.isnan(whole)
    out = np.where(undefined, np.nan, otherwise)
    return np.divide(part, whole, out=out, where=~undefined & (whole != 0.0))


def price(values: Column) -> Column:
    """A column as float64, whatever it came as."""
    return np.asarray(values, dtype=np.float64)
