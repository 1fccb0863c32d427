"""Print docs/metrics.md: every figure with its formula, and what other packages call by the same name."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from apps.engine import metrics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.engine.metrics.dialects.conventions import Dialect

OPENING = """# Metrics

Made from the sources by `python -m apps.engine.metrics > docs/metrics.md`.

"""
SYMBOLS = """
E is the equity, r the daily returns (n of them), P the days a year, s() the standard deviation of a sample with n − 1
in the denominator, q quantiles interpolated between neighbours, Φ and z the normal distribution and its quantile.
*Sample* says which count stands behind a figure; a report carries that count for each of them in `samples`.
"""
DIALECTS = """
## As other packages report it

`report_as(package, …)` gives the same names by the rules of another package, in its units."""


def page() -> str:
    return OPENING + "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield inspect.cleandoc(metrics.__doc__ or "")
    yield SYMBOLS
    for section in metrics.SECTIONS:
        yield from _section(section.__name__.rpartition(".")[2], inspect.cleandoc(section.__doc__ or ""))
    yield DIALECTS
    for dialect in metrics.DIALECTS.values():
        yield from _dialect(dialect)


def _section(name: str, heading: str) -> Iterator[str]:
    title, _, explanation = heading.partition(": ")
    yield f"\n## {title}\n\n{explanation[:1].upper()}{explanation[1:]}\n"
    yield "| name | meaning | formula | unit | sample | source |\n|---|---|---|---|---|---|"
    for each in metrics.METRICS.values():
        if each.section == name:
            cells = (f"`{each.name}`", each.meaning, each.formula, each.unit, each.sample, each.source)
            yield _row(cells)


def _dialect(dialect: Dialect) -> Iterator[str]:
    yield f"\n### {dialect.package} ({dialect.version})\n\n{dialect.remark}\n"
    yield "| name | there | formula | where |\n|---|---|---|---|"
    for each in dialect.values():
        yield _row((f"`{each.name}`", each.key, each.formula, f"`{each.where}`"))


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    print(page(), end="")
