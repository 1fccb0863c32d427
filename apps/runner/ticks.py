"""A session on ticks that also hands out some of them: those that become events."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from apps.engine.errors import StrategyError
from apps.engine.listing import Listing
from apps.engine.session import Session
from apps.engine.types import Array, Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class TickRows(Rows):
    """What is new since the last `advance()`, with the ticks of it that become events."""

    ticks: Array  # TICK
    tick_bars: Array  # the row of each in the run's data, as `bar` of an order


class TickSession(Session):
    """Every tick whose number `every` divides is handed out, whatever the sizes of the advances; 0: none is.

    The first tick that the strategy is called for has the number 1. terms: those of a Session.
    """

    def __init__(self, strategy: Any, parameters: Any, listing: Listing, *, every: int, **terms: Any) -> None:
        super().__init__(strategy, parameters, listing, **terms)
        self._ticks = listing.rows
        self._every = every
        self._warm_up: int = terms.get("warm_up", 0)

    def advance(self, bars: int) -> Rows:
        before = self.processed
        try:
            return self._with_ticks(super().advance(bars), before)
        except StrategyError as error:
            if error.rows is not None and not isinstance(error.rows, TickRows):
                error.rows = self._with_ticks(error.rows, before)
            raise

    def _with_ticks(self, rows: Rows, before: int) -> TickRows:
        numbers = np.arange(0)
        if self._every:
            numbers = np.arange(before // self._every + 1, self.processed // self._every + 1) * self._every
        bars = self._warm_up - 1 + numbers
        brought = {field.name: getattr(rows, field.name) for field in fields(Rows)}
        return TickRows(**brought, ticks=self._ticks[bars], tick_bars=bars)
