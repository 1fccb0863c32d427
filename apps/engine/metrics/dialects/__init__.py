"""A report in another package's words: the same names, computed as that package computes them.

The same name means five different numbers in the field. A dialect gives the number that its package would print for
the same equity and trades, in its units (often percents) and with its placeholders for what is undefined.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from apps.engine.metrics.dialects.backtesting import BACKTESTING
from apps.engine.metrics.dialects.freqtrade import FREQTRADE
from apps.engine.metrics.dialects.jesse import JESSE
from apps.engine.metrics.dialects.lean import LEAN
from apps.engine.metrics.dialects.quantstats import QUANTSTATS
from apps.engine.metrics.run import Run

if TYPE_CHECKING:
    from apps.engine.metrics.dialects.conventions import Dialect
    from apps.engine.types import Array, Column

DIALECTS: Final[dict[str, Dialect]] = {each.package: each for each in (JESSE, LEAN, BACKTESTING, FREQTRADE, QUANTSTATS)}


def report_as(
    package: str,
    equity: Array,
    trades: Array,
    fills: Array,
    *,
    periods_per_year: int,
    initial_cash: float,
    benchmark: Column | None = None,
) -> dict[str, Any]:
    """The figures of a package by our names; None for what the package leaves out or has as nan.

    package: a key of DIALECTS. The rest as in `report`; a package with a year of its own ignores periods_per_year.
    Raises ValueError for another package.
    """
    if package not in DIALECTS:
        raise ValueError(f"There is no report as {package!r}; there is {', '.join(DIALECTS)}.")
    run = Run(equity, trades, fills, periods_per_year, initial_cash, benchmark)
    if not len(equity):
        return dict.fromkeys(DIALECTS[package])
    with_nan = {name: convention.compute(run) for name, convention in DIALECTS[package].items()}
    return {name: None if _is_undefined(value) else value for name, value in with_nan.items()}


def _is_undefined(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
