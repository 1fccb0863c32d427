"""Drivers of strategies that are not called on every bar: those on ticks, and those that sleep until they are woken."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.engine.desk.loop import Loop, blame
from apps.engine.series.quotes import TICK
from apps.engine.strategy import Strategy
from apps.engine.venue.state import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from apps.engine.desk.frames import Frames
    from apps.engine.desk.lines import Lines
    from apps.engine.desk.trading_desk import TradingDesk
    from apps.engine.errors import StrategyError
    from apps.engine.listing import Floor
    from apps.engine.types import Array
    from apps.engine.venue.ledger import Ledger

TICKS = 65_536  # whose prices are copied at a time: 5 MB


def play(rows: Iterable[tuple[float, float]], callback: Callable[[float, float], None], wishes: list[Any]) -> None:
    """Call back with each row, until one is answered with a wish."""
    for bid, ask in rows:
        callback(bid, ask)
        if wishes:
            return


class TickLoop(Loop):
    """Calls `on_tick` at every tick of the first instrument, and `on_bar` where a bar of the run's timeframe closes.

    At one tick: the bars that it completes are seen, `on_fill` hears of what it filled, then `on_bar`, then `on_tick`.
    The lines of a run without a timeframe are of the ticks themselves, and read where they are asked for only.
    """

    _lines_follow = False

    def __init__(
        self, strategy: Strategy, frames: Frames, ledger: Ledger, desk: TradingDesk, due: Array | None, floor: Floor
    ) -> None:
        super().__init__(strategy, frames, ledger, desk, None)
        self._on_tick = strategy.on_tick if len(floor.listings) == 1 else self._tick_if_there
        self._ticks = floor.series[:, 0]
        of_ticks = [frames.of_market(place) for place in range(len(floor.listings))] if due is None else []
        of_ticks += [lines for lines in frames if lines.closes is None and lines not in of_ticks]
        for lines in of_ticks:
            lines.sleep()
            lines.now = self.row
        self._growing = [lines for lines in frames if lines not in of_ticks]
        closes = [lines.closes for lines in self._growing if lines.closes is not None]
        self._bar_rows = np.unique(np.concatenate([np.empty(0, np.int64), *closes]))
        self._calls_bar = np.zeros(len(self._bar_rows), np.bool_)
        if due is not None and type(strategy).on_bar is not Strategy.on_bar:
            self._calls_bar = np.isin(self._bar_rows, due)

    def seen(self) -> int:
        """The row of the call: lines are as they are seen in it."""
        return super().seen() if self._row_heard is None else self._row_heard

    def _run_block(self, stop: int) -> None:
        """Run to the row before the next bar closes, or over a copy of so many ticks."""
        start = self.step
        following = int(np.searchsorted(self._bar_rows, start))
        if following < len(self._bar_rows) and self._bar_rows[following] == start:
            self._close_bars(start, is_due=bool(self._calls_bar[following]))
            following += 1
        if following < len(self._bar_rows):
            stop = min(stop, int(self._bar_rows[following]))
        stop = min(stop, start + TICKS)
        part = self._ticks[start:stop]
        bids = iter(part["bid"].tolist())
        self._stop, self._clock = stop, bids
        self._play_ticks(stop, zip(bids, part["ask"].tolist(), strict=True))

    def _close_bars(self, row: int, *, is_due: bool) -> None:
        """Let the bars that are complete at this tick be seen, before the tick itself is."""
        for lines in self._growing:
            grow(lines, lines.bars_before(row + 1))
        if is_due:
            self._settle(row)
            self._call(row, self._on_bar)

    def _settle(self, row: int) -> None:
        """Book what this row does, and let the strategy hear of its fills."""
        if self._ledger.event <= row:
            fills = self._ledger.book(row + 1)
            self.tell_positions()
            if fills and self._hears_fills:
                self._call(row, self._tell, self._ledger.last_fills(fills))

    def _tick_if_there(self, bid: float, ask: float) -> None:
        """Leave the rows out in which only other instruments have a tick."""
        if bid == bid:
            self._strategy.on_tick(bid, ask)

    def _play_ticks(self, stop: int, rows: Iterable[tuple[float, float]]) -> None:
        ledger, wishes, callback = self._ledger, self._desk.wishes, self._on_tick
        while (step := self.step) < stop:
            if ledger.event <= step:
                self._settle(step)
            quiet = ledger.event - step
            try:
                play(rows if step + quiet >= stop else islice(rows, quiet), callback, wishes)
            except (Exception, SystemExit) as error:
                wishes.clear()
                raise self._blamed(error) from error
            if wishes:
                self._carried_out(self.step - 1)

    def _blamed(self, error: BaseException) -> StrategyError:
        return blamed(self._strategy, error, self._ticks, self.row())


class SleepingLoop(Loop):
    """Calls the strategy in the rows that its conditions name, and after its alerts; nothing happens in between."""

    _lines_follow = False  # they are read where they are asked for

    def __init__(
        self, strategy: Strategy, frames: Frames, ledger: Ledger, desk: TradingDesk, due: Array | None, floor: Floor
    ) -> None:
        super().__init__(strategy, frames, ledger, desk, due)
        self._ticks = floor.series[:, 0] if floor.layout == TICK else None
        self._calls_ticks = self._ticks is not None and type(strategy).on_tick is not Strategy.on_tick
        self._heard = 0
        for lines in frames:
            lines.now = self.row

    def seen(self) -> int:
        """The row of the call: lines are as they are seen in it."""
        return super().seen() if self._row_heard is None else self._row_heard

    def seek(self, row: int) -> None:
        super().seek(row)
        self._heard = self._ledger.alerts

    def _run_block(self, stop: int) -> None:
        for step in range(self.step, stop):
            row = self._row_of(step)
            self._hear_until(row)
            self._stop = step + 1
            self._visit(row)

    def _hear_until(self, row: int) -> None:
        """Let the strategy hear of what wakes it in the rows before this one, each at its own."""
        ledger, hears = self._ledger, self._hears_fills
        while min(ledger.event, self.wanted_row) < row:
            if self.wanted_row <= ledger.event:
                self._visit(self.wanted_row)
                continue
            heard = self._heard
            filled, self._heard = ledger.sleep(min(row, self.wanted_row), hears_fills=hears)
            if self._heard != heard or (hears and filled):
                self._happen(ledger.booked - 1, filled, is_due=self._heard != heard)

    def _visit(self, row: int) -> None:
        """Call the strategy in a row in which it wanted to be called, whatever the row has brought."""
        filled = self._ledger.book(row + 1) if self._ledger.event <= row else 0
        self._heard = self._ledger.alerts
        self._happen(row, filled, is_due=True)

    def _happen(self, row: int, filled: int, *, is_due: bool) -> None:
        """Tell the strategy of so many fills of a booked row, and call it where it wanted to be called."""
        if self.wanted_row <= row:
            self.wanted_row = NEVER
        self.tell_positions()
        if filled and self._hears_fills:
            self._call(row, self._tell, self._ledger.last_fills(filled))
        if is_due and self._calls_ticks and self._ticks is not None:
            _, bid, ask = self._ticks.item(row)
            self._call(row, self._strategy.on_tick, bid, ask)
        elif is_due:
            self._call(row, self._on_bar)

    def _call(self, row: int, callback: Callable[..., object], *arguments: Any) -> None:
        super()._call(row, callback, *arguments)
        if self._desk.wants_next:
            self._desk.wants_next, self.wanted_row = False, row + 1

    def _blamed(self, error: BaseException) -> StrategyError:
        return super()._blamed(error) if self._ticks is None else blamed(self._strategy, error, self._ticks, self.row())


def blamed(strategy: Strategy, error: BaseException, ticks: Array, row: int) -> StrategyError:
    """The error at a tick: its number stands for the bar's."""
    return blame(strategy, error, bar=row, time=int(ticks["time"][row]), kind="tick")


def grow(lines: Lines, closed: int) -> None:
    """Let the lines grow bar by bar, as they would have when each closed at a row of its own."""
    for bar in range(lines.closed, closed):
        lines.trim()
        lines.grow(bar + 1)
