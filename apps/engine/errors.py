"""Refusals of the engine.

EngineError
├── UnknownStrategy    no strategy has this type
├── ParameterErrors    parameters are wrong, every problem by field
├── BadBars            the market data cannot be traded on
├── BadQuotes, BadSeries, BadFactors, BadClock, BadHappening    (apps.engine.series) tables that cannot be used
├── StrategyError      the author's code raised
├── FeeError           the author's fee function raised, or gave no finite number
├── LookAhead          an indicator reads bars that have not happened yet; told inside a StrategyError
├── SnapshotRefused    the strategy keeps something that a snapshot cannot hold
└── SnapshotMismatch   a snapshot belongs to other inputs
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from apps.engine.types import Rows


class EngineError(Exception):
    """A refusal whose message names the thing, what is wrong and what would be right."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return self.message


class UnknownStrategy(EngineError, KeyError):
    pass


class ParameterErrors(EngineError, ValueError):
    """problems: the sentences about each field, every one of them and not only the first."""

    def __init__(self, strategy: str, problems: Mapping[str, Sequence[str]]) -> None:
        self.problems = {field: list(sentences) for field, sentences in problems.items()}
        listed = " ".join(f"{field}: {' '.join(sentences)}" for field, sentences in self.problems.items())
        super().__init__(f"{strategy} cannot run with these parameters. {listed}")


class BadBars(EngineError, ValueError):
    """row: index of the first bad bar, quote bar or tick (kind)."""

    def __init__(self, row: int, time: str, problem: str, kind: str = "bar") -> None:
        self.row = row
        self.problem = problem
        super().__init__(f"{kind.capitalize()} {row} ({time}): {problem}.")


class StrategyError(EngineError):
    """The author's code raised; the exception itself is the `__cause__`.

    file, line: where in the author's code. bar, time: at which bar (index, microseconds UTC); None before the first.
    rows: what was booked since the last `advance()`, without the bar whose callback failed.
    """

    def __init__(
        self, strategy: str, cause: BaseException, *, file: str, line: int, bar: int | None, time: int | None, when: str
    ) -> None:
        self.strategy = strategy
        self.file = file
        self.line = line
        self.bar = bar
        self.time = time
        self.rows: Rows | None = None
        super().__init__(f"{strategy} failed {when}: {type(cause).__name__}: {cause} ({file}, line {line}).")


class FeeError(EngineError):
    pass


class LookAhead(EngineError):
    pass


class SnapshotRefused(EngineError, TypeError):
    pass


class SnapshotMismatch(EngineError):
    pass


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A closing sentence: the nearest known name, or all of them when none is near."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return f"Did you mean {near[0]}?"
    return f"There is {', '.join(names)}." if names else "There is none."
