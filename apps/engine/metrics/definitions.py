"""The register of figures: each is a function of a run, and carries its unit, formula, source and sample."""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.engine.metrics.run import Run

Figure: TypeAlias = float | int | None
Unit: TypeAlias = Literal["fraction", "money", "ratio", "count", "days", "hours", "bars", "time", "a year", "table"]


@dataclass(frozen=True, slots=True)
class Definition:
    """What a figure is, and how it is had from a run.

    sample: which count of the run stands behind it, a key of `Run.samples`.
    """

    name: str
    meaning: str
    formula: str
    unit: Unit
    sample: str
    source: str
    section: str
    compute: Callable[[Run], Any]

    def value(self, run: Run) -> Any:
        """The figure, a list of rows for a table, or None where it is undefined."""
        found = self.compute(run)
        if isinstance(found, float) and not math.isfinite(found):
            return None
        return found


METRICS: Final[dict[str, Definition]] = {}
"""Every figure of a report by its name, in the order of the page."""


def metric(
    formula: str, *, unit: Unit, sample: str, source: str = "", name: str = ""
) -> Callable[[Callable[[Run], Any]], Callable[[Run], Any]]:
    """Enter the function under its own name; its docstring is the meaning, its module the section."""

    def enter(function: Callable[[Run], Any]) -> Callable[[Run], Any]:
        key = name or function.__name__
        if key in METRICS:
            raise ValueError(f"There are two figures called {key}.")
        meaning = inspect.cleandoc(function.__doc__ or "")
        section = function.__module__.rpartition(".")[2]
        METRICS[key] = Definition(key, meaning, formula, unit, sample, source, section, function)
        return function

    return enter
