"""Parameters of a strategy: each knows its default, its limits, its JSON Schema and how to read a value."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

from apps.engine.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
        above: float | None = None,
        title: str = "",
        unit: str = "",
        help: str = "",  # noqa: A002
    ) -> None:
        super().__init__(default, title=title, unit=unit, help=help)
        self.min = min
        self.max = max
        self.above = above

    def limits(self) -> dict[str, Any]:
        bounds = {"minimum": self.min, "maximum": self.max, "exclusiveMinimum": self.above}
        return {key: bound for key, bound in bounds.items() if bound is not None}

    def bounded(self, number: float) -> None:
        if self.min is not None and number < self.min:
            raise ValueError(f"{number} is too small; at least {self.min} is needed.")
        if self.above is not None and number <= self.above:
            raise ValueError(f"{number} is too small; more than {self.above} is needed.")
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


class Table(Parameter[list[dict[str, Any]]]):
    """Rows of named values, each a parameter of its own; forms send them as the text of a JSON array."""

    json_type = "array"

    def __init__(
        self,
        columns: Mapping[str, Parameter[Any]],
        *,
        max_rows: int,
        title: str = "",
        unit: str = "",
        help: str = "",  # noqa: A002
    ) -> None:
        super().__init__([], title=title, unit=unit, help=help)
        self.columns = columns
        self.max_rows = max_rows

    def limits(self) -> dict[str, Any]:
        row = {
            "type": "object",
            "properties": {name: column.schema(name) for name, column in self.columns.items()},
            "required": list(self.columns),
            "additionalProperties": False,
        }
        return {"items": row, "maxItems": self.max_rows}

    def read(self, value: object) -> list[dict[str, Any]]:
        if isinstance(value, str):
            try:
                value = json.loads(value or "[]")
            except ValueError:
                raise ValueError(f"{value!r} is not the text of a JSON array.") from None
        if not isinstance(value, list):
            raise ValueError(f"{value!r} is not a list of rows.")
        if len(value) > self.max_rows:
            raise ValueError(f"{len(value)} rows are too many; at most {self.max_rows} are possible.")
        problems: list[str] = []
        rows = [self._row(number, row, problems) for number, row in enumerate(value, start=1)]
        if problems:
            raise ValueError(" ".join(problems))
        return rows

    def _row(self, number: int, row: object, problems: list[str]) -> dict[str, Any]:
        if not isinstance(row, dict):
            problems.append(f"Row {number} is {row!r}, not an object with {', '.join(self.columns)}.")
            return {}
        read = {}
        for name in [*self.columns, *(name for name in row if name not in self.columns)]:
            if name not in self.columns:
                problems.append(f"Row {number} has {name!r}. {did_you_mean(str(name), self.columns)}")
            elif name not in row:
                problems.append(f"Row {number} has no {name}.")
            else:
                try:
                    read[name] = self.columns[name].read(row[name])
                except ValueError as problem:
                    problems.append(f"Row {number}, {name}: {problem}")
        return read
