"""Strategies that an author compiles: a function that numba calls at the close of each step.

def hold_while_above(desk, fast, slow, quantity):
    if fast[-1] > slow[-1]:
        if desk.position == 0.0:
            buy(desk, quantity, sl=0.98 * fast[-1])
    elif desk.position != 0.0:
        close_position(desk)

plan = Compiled(hold_while_above, fast=sma(closes, 20), slow=sma(closes, 100), quantity=1.0)
session = Session(plan, {}, Listing(instrument, bars), cash=10_000.0)

The function may be a plain one or an `@njit` one. It sees `desk.bar` (the number of the step, from 0), `desk.position`,
`desk.average_price` and `desk.cash`, and of each column the values up to now: `fast[-1]` is the last one, and a value
that is later cannot be read. What it asks for is what `Strategy.buy` and its like ask for, and fills the same.
"""

from __future__ import annotations

import inspect
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numba import cfunc, njit, types
from numba.core.errors import NumbaError
from numba.extending import intrinsic
from numba.np.numpy_support import carray

from apps.engine.desk.plans import Bound, Plan
from apps.engine.kernels.bars import checksum_of
from apps.engine.signals import contiguous, desk_of
from apps.engine.venue.books import number_at
from apps.engine.venue.desks import COLUMN, DESK_RECORD, FAILED, FUNCTION, WISH, column_at, desk_at
from apps.engine.venue.wishes import (
    WISHES,
    buy,
    cancel,
    cancel_all,
    close_position,
    is_working,
    position_of,
    sell,
    target,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from apps.engine.listing import Listing
    from apps.engine.types import Array

__all__ = [
    "Compiled",
    "buy",
    "cancel",
    "cancel_all",
    "close_position",
    "is_working",
    "position_of",
    "sell",
    "target",
]

OWN: Final[dict[str, Any]] = {"boundscheck": True, "error_model": "numpy", "nogil": True}  # of what an author wrote


class Compiled(Plan):
    """A plan by a function of (desk, …), whose further parameters are given by name.

    given: an array (steps,) or (steps, listings) is a column, a number is a parameter. remembers: how many numbers it
    keeps from one step to the next, in a parameter called memory, (remembers,) float64, which begins as zeros.
    Raises TypeError for a function with other parameters than those given, or one that numba cannot compile, and what
    `Targets` raises for a column that is none; a column may hold nan.
    """

    def __init__(self, function: Callable[..., Any], *, remembers: int = 0, **given: Array | float) -> None:
        self.function: Callable[..., Any] = getattr(function, "py_func", function)
        if not inspect.isfunction(self.function):
            raise TypeError(f"{function!r} is no function that could be compiled.")
        if remembers < 0:
            raise ValueError(f"remembers is {remembers}; it is a count of numbers, 0 or more.")
        self.remembered = remembers
        names = self._parameters(given)
        self.columns = {name: contiguous(name, given[name]) for name in names if isinstance(given[name], np.ndarray)}
        self.numbers = {name: self._number(name, given[name]) for name in names if name not in self.columns}
        for name, column in self.columns.items():
            if column.ndim == 0:
                raise ValueError(f"{name} is an array without a length; give a number, or one value a step.")
        kinds = tuple(self.columns[name].ndim if name in self.columns else 0 for name in names)
        widths = tuple(column.shape[1] if column.ndim == 2 else 1 for column in self.columns.values())
        self._entry = compiled(self.function, kinds, widths, remembers)

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def fingerprint(self) -> list[Any]:
        columns = {name: checksum_of(column) for name, column in self.columns.items()}
        return [self.function.__module__, self.function.__qualname__, columns, self.numbers, self.remembered]

    def bound(self, steps: int, listings: Sequence[Listing], *, hedges: bool) -> Bound:
        for name, column in self.columns.items():
            if len(column) != steps:
                raise ValueError(f"{name} has {len(column)} values; this run has {steps} steps, one value for each.")
        columns = np.array([(column.ctypes.data, 0, 0) for column in self.columns.values()], COLUMN)
        numbers = np.array([*self.numbers.values(), *[0.0] * self.remembered])
        wishes = np.zeros(WISHES, WISH)
        desk = desk_of(FUNCTION, columns)
        desk["function"] = self._entry.address
        desk["wishes"], desk["wishes_room"] = wishes.ctypes.data, WISHES
        desk["numbers"] = numbers.ctypes.data
        return Bound(desk, (columns, numbers, wishes, self), numbers[len(self.numbers) :])

    def problem(self, bound: Bound) -> Exception:
        """Call the function once more at the step that failed, without compiling it: that one can say why."""
        desk, wishes = bound.desk.copy(), np.zeros(WISHES, WISH)
        desk["asked"], desk["wishes"] = 0, wishes.ctypes.data
        seen = int(desk["bar"][0]) + 1
        given = {name: column[:seen] for name, column in self.columns.items()} | self.numbers
        if self.remembered:
            given["memory"] = bound.memory.copy()
        try:
            self.function(desk.view(np.recarray)[0], **given)
        except Exception as error:
            return error
        return RuntimeError("it raised as compiled, and does not when it is called from Python")

    def _parameters(self, given: dict[str, Any]) -> list[str]:
        """The names of the columns and numbers in the order of the function's parameters."""
        wanted = list(inspect.signature(self.function).parameters)
        names = [name for name in wanted[1:] if name != "memory" or not self.remembered]
        has_memory = ("memory" in wanted[1:]) if self.remembered else True
        if not wanted or set(names) != set(given) or not has_memory:
            right = ", ".join(["desk", *given, *(["memory"] if self.remembered else [])])
            raise TypeError(f"{self.name} has the parameters ({', '.join(wanted)}); those given are ({right}).")
        return names

    def _number(self, name: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
            raise TypeError(f"{name} is a {type(value).__name__}; an array or a number is needed.")
        return float(value)


@intrinsic
def floats_at(_: Any, address: Any) -> Any:
    """A pointer to float64 from an address."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

    return types.CPointer(types.float64)(types.int64), generate  # type: ignore[no-untyped-call]


@cache
def compiled(function: Callable[..., Any], kinds: tuple[int, ...], widths: tuple[int, ...], remembers: int) -> Any:
    """The function as machine code with an address, which takes the desk's address and a step.

    kinds: of each parameter after the desk, the dimensions of its column, 0 for a number. widths: of each column.
    It answers how many wishes there are, or FAILED. Raises TypeError where it cannot be compiled.
    """
    signature: list[Any] = [DESK_RECORD]
    arguments, columns, numbers = ["desk"], 0, 0
    for kind in kinds:
        if kind:
            shape = "(seen,)" if kind == 1 else f"(seen, {widths[columns]})"
            arguments.append(f"carray(floats_at(column_at(desk.columns, {columns}).address), {shape})")
            signature.append(types.Array(types.float64, kind, "C", readonly=True))
            columns += 1
        else:
            arguments.append(f"number_at(desk.numbers, {numbers})")
            signature.append(types.float64)
            numbers += 1
    names = list(inspect.signature(function).parameters)
    if remembers:
        place = names.index("memory")
        arguments.insert(place, f"carray(floats_at(desk.numbers + {8 * numbers}), ({remembers},))")
        signature.insert(place, types.float64[::1])
    source = "\n".join(
        [
            "def ask(address, step):",
            "    desk = desk_at(address, 0)",
            "    seen = step + 1",
            "    try:",
            f"        function({', '.join(arguments)})",
            "    except Exception:",
            "        return FAILED",
            "    return desk.asked",
        ]
    )
    try:
        own = njit(tuple(signature), **OWN)(function)
        known = {"function": own, "desk_at": desk_at, "column_at": column_at, "number_at": number_at}
        made: dict[str, Any] = {**known, "carray": carray, "floats_at": floats_at, "FAILED": FAILED}
        exec(source, made)  # noqa: S102 - nothing but numbers enters the source
        return cfunc(types.int64(types.int64, types.int64))(made["ask"])
    except NumbaError as error:
        raise TypeError(f"{function.__name__} cannot be compiled: {str(error).strip()}") from error
