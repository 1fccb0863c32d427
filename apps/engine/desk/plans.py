"""Plans: what decides without a call of Python, and how a session carries one out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from apps.engine.desk.loop import Loop, blame
from apps.engine.strategy import Strategy
from apps.engine.venue.desks import FAILED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.engine.desk.frames import Frames
    from apps.engine.desk.trading_desk import TradingDesk
    from apps.engine.listing import Floor, Listing
    from apps.engine.types import Array, Column
    from apps.engine.venue.ledger import Ledger


@dataclass(frozen=True)
class Bound:
    """A plan in the form that kernels take, for one run.

    desk: one row of DESK. kept: what the addresses in it are of. memory: what an author's function remembers.
    """

    desk: Array
    kept: Sequence[Any]
    memory: Column = field(default_factory=lambda: np.empty(0))


class Plan(ABC):
    """What is wanted at the close of each step of a run: each of its rows, or each bar of its timeframe."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What the run's strategy is called."""

    @property
    @abstractmethod
    def fingerprint(self) -> list[Any]:
        """What a snapshot of its run belongs to, as plain values."""

    @abstractmethod
    def bound(self, steps: int, listings: Sequence[Listing], *, hedges: bool) -> Bound:
        """Raises ValueError when it does not fit a run of so many steps and these listings."""

    def problem(self, bound: Bound) -> Exception:
        """What went wrong at the step that failed."""
        return RuntimeError(f"{self.name} failed")


class Planned(Strategy):
    """The strategy of a session that carries out a plan; `strategy_of` makes a class of it for each plan."""

    plan: ClassVar[Plan]
    look_back = 2
    memory: Column


def strategy_of(plan: Plan) -> type[Planned]:
    members: dict[str, Any] = {"plan": plan}
    if hasattr(plan, "function"):
        members["function"] = plan.function  # its file is where an error is looked for
    return type(plan.name, (Planned,), members)


class PlannedLoop(Loop):
    """Lets a kernel go through the steps; Python is called for nothing."""

    def __init__(
        self, strategy: Planned, frames: Frames, ledger: Ledger, desk: TradingDesk, due: Array | None, floor: Floor
    ) -> None:
        super().__init__(strategy, frames, ledger, desk, due if len(floor.listings) > 1 else frames.main.closes)
        self._planned = strategy
        self._listings = floor.listings
        self._rows = None if self._due is None else np.ascontiguousarray(self._due, np.int64)
        self._steps = len(floor) if self._rows is None else len(self._rows)
        self.take_up(strategy.plan)

    def take_up(self, plan: Plan) -> None:
        """Carry out this plan from now on. Raises ValueError when it does not fit the run."""
        self.plan = plan
        self._bound = plan.bound(self._steps, self._listings, hedges=self._desk.hedges)
        self._planned.memory = self._bound.memory.copy()
        row = self._bound.desk[0]
        row["books"], row["steps"] = self._ledger.address, self._steps
        row["rows"] = 0 if self._rows is None else self._rows.ctypes.data

    @property
    def step(self) -> int:
        return int(self._bound.desk["step"][0])

    def row(self) -> int:
        return self._row_of(self.step)

    def run(self, stop: int) -> None:
        bound, strategy = self._bound, self._planned
        bound.desk["orders_given"] = self._desk.orders_given
        bound.memory[:] = strategy.memory
        self._ledger.drive(bound.desk, stop)
        strategy.memory = bound.memory.copy()
        self._desk.orders_given = int(bound.desk["orders_given"][0])
        if bound.desk["asked"][0] == FAILED:
            step = self.step
            time = int(self._frames.main.times[step])
            raise blame(strategy, error := self.plan.problem(bound), bar=step, time=time) from error

    def seek(self, row: int) -> None:
        self._bound.desk["step"] = self._step_at(row)
        self._bound.desk["asked"] = 0
        self.tell_positions()
