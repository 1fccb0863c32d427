"""Parameters of a strategy: each knows its default, its limits, its JSON Schema and how to read a value."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


class Parameter(Generic[T]):
    """One value an author leaves open: `fast = Int(10, min=2, unit="bars", help="…")`.

    The class gives them up to `Strategy.parameters` when it is made; an instance carries the plain value.
    """

    json_type: str

    def __init__(self, default: T, *, title: str = "", unit: str = "", help: str = "") -> None:  # noqa: A002
        self.default = default
        self.title = title
        self.unit = unit
        self.help = help

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: type) -> Self: ...
        @overload
        def __get__(self, instance: object, owner: type) -> T: ...
        def __get__(self, instance: object | None, owner: type) -> Self | T: ...

    def read(self, value: object) -> T:
        """The value in this parameter's type. Raises ValueError with a sentence that says what would be right."""
        raise NotImplementedError

    def limits(self) -> dict[str, Any]:
        """The JSON Schema keywords that narrow the type."""
        return {}

    def schema(self, name: str) -> dict[str, Any]:
        described = {
            "title": self.title or name.replace("_", " ").capitalize(),
            "description": self.help,
            "x-unit": self.unit,
        }
        kept = {key: text for key, text in described.items() if text}
        return {"type": self.json_type, "default": self.default, **kept, **self.limits()}


class _Number(Parameter[T]):
    def __init__(
        self,
        default: T,
        *,
        min: float | None = None,  # noqa: A002
        max: float | None = None,  # noqa: A002
        title: str = "",
        unit: str = "",
        help: str = "",  # noqa: A002
    ) -> None:
        super().__init__(default, title=title, unit=unit, help=help)
        self.min = min
        self.max = max

    def limits(self) -> dict[str, Any]:
        bounds = {"minimum": self.min, "maximum": self.max}
        return {key: bound for key, bound in bounds.items() if bound is not None}

    def bounded(self, number: float) -> None:
        if self.min is not None and number < self.min:
            raise ValueError(f"{number} is too small; at least {self.min} is needed.")
        if self.max is not None and number > self.max:
            raise ValueError(f"{number} is too large; at most {self.max} is possible.")


def _number(value: object) -> float:
    """A number, or the text of one as forms send it; true and false are not numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{value!r} is not a number.")
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise ValueError(f"{value!r} is not a number.") from None
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is not a finite number.")
    return number


class Int(_Number[int]):
    json_type = "integer"

    def read(self, value: object) -> int:
        number = _number(value)
        if not number.is_integer():
            raise ValueError(f"{value!r} is not a whole number.")
        self.bounded(int(number))
        return int(number)


class Float(_Number[float]):
    json_type = "number"

    def read(self, value: object) -> float:
        number = _number(value)
        self.bounded(number)
        return number


class Bool(Parameter[bool]):
    json_type = "boolean"

    def read(self, value: object) -> bool:
        texts = {"true": True, "false": False}
        if isinstance(value, str) and value.lower() in texts:
            return texts[value.lower()]
        if not isinstance(value, bool):
            raise ValueError(f"{value!r} is neither true nor false.")
        return value


class Choice(Parameter[str]):
    json_type = "string"

    def __init__(
        self,
        default: str,
        options: Sequence[str],
        *,
        title: str = "",
        unit: str = "",
        help: str = "",  # noqa: A002
    ) -> None:
        super().__init__(default, title=title, unit=unit, help=help)
        self.options = list(options)

    def limits(self) -> dict[str, Any]:
        return {"enum": self.options}

    def read(self, value: object) -> str:
        if value not in self.options:
            raise ValueError(f"{value!r} is not one of {', '.join(self.options)}.")
        return str(value)
