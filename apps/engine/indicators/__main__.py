"""Print docs/indicators.md: the catalogue with what each indicator says of itself."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from apps.engine import indicators

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OPENING = """# Indicators

Made from the sources by `python -m apps.engine.indicators > docs/indicators.md`.

"""


def page() -> str:
    return OPENING + "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield inspect.cleandoc(indicators.__doc__ or "")
    for family, functions in indicators.FAMILIES.items():
        yield f"\n## {family}"
        for function in functions:
            yield from _entry(function)
    yield "\n## For charts only"
    for function in indicators.CHARTS.values():
        yield from _entry(function)


def _entry(function: Callable[..., Any]) -> Iterator[str]:
    parameters = inspect.signature(function).parameters.values()
    shown = (p.name if p.default is p.empty else f"{p.name}={p.default}" for p in parameters)
    yield f"\n### `{function.__name__}({', '.join(shown)})`\n"
    yield inspect.getdoc(function) or ""


if __name__ == "__main__":
    print(page(), end="")
