"""What the books hold: a position of each instrument, one of either side where these are kept apart, and tickets.

A ticket is a position of its own beside all others. Its row stands behind those that every instrument has, and is used
again when it is flat and no order names it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apps.engine.venue.state import HOLDING

if TYPE_CHECKING:
    from apps.engine.types import Array
    from apps.engine.venue.opening import Terms

ROOM_OF_TICKETS = 16  # rows that are added when all are held


class Positions:
    """The part of the ledger that is read without a kernel."""

    _terms: Terms
    _holdings: Array
    _positions: Array  # views of single fields
    _averages: Array
    _hedges: bool
    _has_tickets = False

    @property
    def _working(self) -> Array:
        """The rows of the order table that are in use."""
        raise NotImplementedError

    def position(self, holding: int) -> float:
        return float(self._positions.item(holding))

    def average_price(self, holding: int) -> float:
        return float(self._averages.item(holding))

    def position_of(self, instrument: int) -> tuple[float, float]:
        """Position and average price of an instrument; where both sides are held, their sum and 0.0."""
        if self._has_tickets:
            return float(self._positions[self._holdings["instrument"] == instrument].sum()), 0.0
        if not self._hedges:
            return self._positions.item(instrument), self._averages.item(instrument)
        return float(self._positions[2 * instrument : 2 * instrument + 2].sum()), 0.0

    def positions(self) -> list[tuple[float, float]]:
        """`position_of` each instrument, in their order."""
        if self._hedges or self._has_tickets:
            return [self.position_of(place) for place in range(len(self._terms.instruments))]
        return list(zip(self._positions.tolist(), self._averages.tolist(), strict=True))

    def open_ticket(self, instrument: int, side: int, number: int, asked: set[int]) -> int:
        """A row for a position of its own, held on one side. asked: rows that further orders are about to name."""
        first = len(self._terms.instruments) * (2 if self._hedges else 1)
        for row in range(first, len(self._holdings)):
            if not self._positions.item(row) and row not in asked and not self._is_ordered(row):
                break
        else:
            row = len(self._holdings)
            self._take_over(np.concatenate([self._holdings, np.zeros(ROOM_OF_TICKETS, HOLDING)]))
        holding = self._holdings[row]
        holding["instrument"], holding["leg"], holding["ticket"] = instrument, side, number
        return row

    def row_of_ticket(self, number: int) -> int:
        rows = np.flatnonzero(self._holdings["ticket"] == number)
        if number <= 0 or not len(rows):
            raise ValueError(f"There is no ticket {number}; it was never opened, or is closed.")
        return int(rows[0])

    def tickets(self, instrument: int) -> dict[int, float]:
        """The positions of an instrument that are tickets and held, in the order of their numbers."""
        if not self._has_tickets:
            return {}
        held = self._holdings[(self._holdings["ticket"] > 0) & (self._positions != 0.0)]
        held = np.sort(held[held["instrument"] == instrument], order="ticket")
        return dict(zip(held["ticket"].tolist(), held["position"].tolist(), strict=True))

    def numbers_in_use(self) -> set[int]:
        """Of the tickets that are held, or that an order still names."""
        named = [row for row in range(len(self._holdings)) if self._positions.item(row) or self._is_ordered(row)]
        return set(self._holdings["ticket"][named].tolist())

    def _is_ordered(self, holding: int) -> bool:
        return bool((self._working["holding"] == holding).any())

    def _take_over(self, holdings: Array) -> None:
        """Let these be the rows of the positions."""
        self._holdings = holdings
        self._positions = holdings["position"]
        self._averages = holdings["average_price"]
        self._has_tickets = len(holdings) > len(self._terms.instruments) * (2 if self._hedges else 1)

    def rate_at(self, instrument: int, row: int) -> float:
        """Units of the account's currency for one of the instrument's."""
        if self._terms.rates is None:
            return 1.0
        currency = list(self._terms.currencies).index(self._terms.instruments[instrument].currency)
        return float(self._terms.rates[row, currency])

    def spread(self, instrument: int) -> float:
        """What the costs say of it."""
        return self._terms.costs[instrument].spread
