"""Drivers of strategies that are not called on every bar: those on ticks, and those that sleep until they are woken."""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.engine.desk.loop import Loop
from apps.engine.series.quotes import TICK
from apps.engine.strategy import Strategy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from apps.engine.desk.frames import Frames
    from apps.engine.desk.trading_desk import TradingDesk
    from apps.engine.listing import Floor
    from apps.engine.types import Array
    from apps.engine.venue.ledger import Ledger

TICKS = 65_536  # whose prices are copied at a time: 5 MB


def play(rows: Iterator[tuple[float, float]], callback: Callable[[float, float], None], wishes: list[Any]) -> None:
    """Call back with each row, until one is answered with a wish."""
    for bid, ask in rows:
        callback(bid, ask)
        if wishes:
            return


class TickLoop(Loop):
    """Calls `on_tick` at every tick of the first instrument, and `on_bar` where a bar of the run's timeframe closes."""

    def __init__(
        self, strategy: Strategy, frames: Frames, ledger: Ledger, desk: TradingDesk, due: Array | None, floor: Floor
    ) -> None:
        super().__init__(strategy, frames, ledger, desk, None)
        self._on_tick = strategy.on_tick if len(floor.listings) == 1 else self._tick_if_there
        self._ticks = floor.series[:, 0]
        self._calls_bars = due is not None and type(strategy).on_bar is not Strategy.on_bar
        self._bar_rows = np.empty(0, np.int64) if due is None else due

    def _run_block(self, stop: int) -> None:
        """Run to the row before the next bar closes, or over a copy of so many ticks."""
        start = self.step
        following = int(np.searchsorted(self._bar_rows, start))
        if following < len(self._bar_rows) and self._bar_rows[following] == start:
            self._close_bars(start)
            following += 1
        if following < len(self._bar_rows):
            stop = min(stop, int(self._bar_rows[following]))
        stop = min(stop, start + TICKS)
        part = self._ticks[start:stop]
        bids = iter(part["bid"].tolist())
        self._stop, self._clock = stop, bids
        self._play_ticks(stop, zip(bids, part["ask"].tolist(), strict=True))

    def _close_bars(self, row: int) -> None:
        """Let the bars that are complete at this tick be seen, before the tick itself is."""
        for lines in self._frames:
            lines.trim()
            lines.grow(lines.bars_before(row + 1))
        if self._calls_bars:
            self._settle(row)
            self._call(row, self._on_bar)

    def _settle(self, row: int) -> None:
        """Book what this row does, and let the strategy hear of its fills."""
        if self._ledger.event <= row:
            fills = self._ledger.commit(row + 1)
            self.tell_positions()
            if self._hears_fills and len(fills):
                self._call(row, partial(self._tell, fills.tolist()))

    def _tick_if_there(self, bid: float, ask: float) -> None:
        """Leave the rows out in which only other instruments have a tick."""
        if bid == bid:
            self._strategy.on_tick(bid, ask)

    def _play_ticks(self, stop: int, rows: Iterator[tuple[float, float]]) -> None:
        ledger, wishes, callback = self._ledger, self._desk.wishes, self._on_tick
        while (step := self.step) < stop:
            self._settle(step)
            until = max(min(stop, ledger.event), step + 1)
            try:
                play(islice(rows, until - step), callback, wishes)
            except (Exception, SystemExit) as error:
                wishes.clear()
                raise self._blamed(error) from error
            if wishes:
                self._carried_out(self.step - 1)


class SleepingLoop(Loop):
    """Calls the strategy in the rows that its conditions name, and after its alerts; nothing happens in between."""

    def __init__(
        self, strategy: Strategy, frames: Frames, ledger: Ledger, desk: TradingDesk, due: Array | None, floor: Floor
    ) -> None:
        super().__init__(strategy, frames, ledger, desk, due)
        self._on_tick = strategy.on_tick
        self._ticks = floor.series[:, 0] if floor.layout == TICK else None
        self._calls_ticks = self._ticks is not None and type(strategy).on_tick is not Strategy.on_tick
        self._heard = 0

    def seek(self, row: int) -> None:
        super().seek(row)
        self._heard = self._ledger.alerts

    def _run_block(self, stop: int) -> None:
        for step in range(self.step, stop):
            row = self._row_of(step)
            self._hear_until(row)
            self._stop = step + 1
            self._happen(row, is_due=True)

    def _hear_until(self, row: int) -> None:
        while self._ledger.event < row:
            self._happen(self._ledger.event, is_due=False)

    def _happen(self, row: int, *, is_due: bool) -> None:
        """Book a row; tell the strategy of its fills, and call it where it wanted to be called."""
        ledger = self._ledger
        fills: Any = ()
        if ledger.event <= row:
            fills = ledger.commit(row + 1)
        rung = ledger.alerts
        if not (len(fills) or is_due or rung != self._heard):
            return
        is_due, self._heard = is_due or rung != self._heard, rung
        for lines in self._frames:
            lines.seek(lines.bars_before(row + 1))
        if len(fills):
            self.tell_positions()
            if self._hears_fills:
                self._call(row, partial(self._tell, fills.tolist()))
        if is_due and self._calls_ticks and self._ticks is not None:
            tick = self._ticks[row]
            self._call(row, partial(self._on_tick, float(tick["bid"]), float(tick["ask"])))
        elif is_due:
            self._call(row, self._on_bar)
