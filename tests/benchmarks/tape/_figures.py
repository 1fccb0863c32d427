"""Rows of this benchmark's table, as its parts make them."""

from tests.benchmarks.figures.rows import Row


def at_least(name: str, value: float, unit: str, goal: float | None = None, *, is_gate: bool = False) -> Row:
    return Row(name, value, unit, goal, f"{value:,.6g} {unit}", is_gate=is_gate)


def at_most(name: str, value: float, unit: str, goal: float | None = None, *, is_gate: bool = False) -> Row:
    return Row(name, value, unit, goal, f"{value:,.6g} {unit}", is_limit=True, is_gate=is_gate)
