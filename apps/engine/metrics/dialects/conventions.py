"""How a package's convention is written down: our name for the figure, theirs, the formula, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.engine.metrics.run import Run

    Compute: TypeAlias = Callable[[Run], Any]


@dataclass(frozen=True, slots=True)
class Convention:
    """key: the figure's name in the package. where: file and line, or function, of the package's version."""

    name: str
    key: str
    formula: str
    where: str
    compute: Compute


class Dialect(dict[str, Convention]):
    """The figures of one package by our names; their units and their placeholders for the undefined are its own."""

    def __init__(self, package: str, version: str, remark: str) -> None:
        super().__init__()
        self.package = package
        self.version = version
        self.remark = remark

    def figure(self, key: str, formula: str, where: str) -> Callable[[Compute], Compute]:
        """Enter the function, whose name is ours for the figure."""

        def enter(function: Compute) -> Compute:
            name = function.__name__
            self[name] = Convention(name, key, formula, where, function)
            return function

        return enter
