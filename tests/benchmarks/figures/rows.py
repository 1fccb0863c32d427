"""Rows of the table: one figure each, with what it has to be."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

TITLES = ("figure", "ours", "peer", "ratio", "goal", "met")


@dataclass(frozen=True)
class Row:
    """value: a ratio where there is a peer (unit "x"), else a figure of ours. goal: None for a row that only informs.

    is_limit: the goal is the most the value may be, not the least. is_gate: a miss fails the command.
    """

    name: str
    value: float
    unit: str
    goal: float | None
    ours: str
    peer: str = ""
    is_limit: bool = False
    is_gate: bool = False

    @property
    def met(self) -> bool | None:
        if self.goal is None:
            return None
        return self.value <= self.goal if self.is_limit else self.value >= self.goal

    def as_json(self) -> str:
        value = float(f"{self.value:.6g}")
        return json.dumps({"name": self.name, "value": value, "unit": self.unit, "goal": self.goal, "met": self.met})

    def cells(self) -> tuple[str, ...]:
        goal = "" if self.goal is None else f"{'≤' if self.is_limit else '≥'} {self.goal:g} {self.unit}"
        ratio = f"{self.value:.3g}" if self.value < 100 else f"{self.value:.0f}"
        met = {None: "", True: "yes", False: "NO"}[self.met]
        return self.name, self.ours, self.peer, f"{ratio} x" if self.unit == "x" else "", goal, met


def table(rows: Sequence[Row]) -> str:
    lines = [TITLES, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(TITLES))]
    return "\n".join("  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)) for line in lines)


def missed(rows: Sequence[Row]) -> list[str]:
    """Names of the gates that do not hold."""
    return [row.name for row in rows if row.is_gate and row.met is False]
