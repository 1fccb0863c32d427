"""The driver: a call of the strategy where it wants one, and a call of a kernel only where something happens.

A step is a row of the run at whose close the strategy is called. Between two events no order can fill, so the strategy
runs freely and the rows are booked later, in one go.
"""

from __future__ import annotations

from functools import partial
from inspect import isfunction
from itertools import islice
from operator import length_hint
from traceback import walk_tb
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.engine.desk.orders import Order
from apps.engine.desk.player import player
from apps.engine.desk.trading_desk import Amendment, Cancellation
from apps.engine.errors import StrategyError
from apps.engine.strategy import Fill, Strategy
from apps.engine.types import moment
from apps.engine.venue.state import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from apps.engine.desk.frames import Frames
    from apps.engine.desk.lines import Lines
    from apps.engine.desk.trading_desk import TradingDesk
    from apps.engine.types import Array
    from apps.engine.venue.ledger import Ledger


class Loop:
    """due: the rows of the steps, (s,) int64; None for every row of the run.

    Lines grow at the steps, each by the bars that have closed since the step before.
    """

    _lines_follow = True  # the rows, so that a new one has to be told of

    def __init__(
        self, strategy: Strategy, frames: Frames, ledger: Ledger, desk: TradingDesk, due: Array | None
    ) -> None:
        self._strategy = strategy
        self._on_bar = strategy.on_bar
        self._hears_fills = type(strategy).on_fill is not Strategy.on_fill
        self._frames = frames
        self._ledger = ledger
        self._desk = desk
        self._markets = desk.markets
        self._due = due
        self._stop = 0  # the step with which the rows of the inner loop end …
        self._clock: Iterator[Any] = iter(())  # … and an iterator that has as many values left as there are steps
        self._row_heard: int | None = None  # the row of a call between two steps
        self._has_new_line = False  # which the inner loop does not know yet
        self.wanted_row = NEVER  # at which one that sleeps wants to be called
        desk.now, desk.seen = self.row, self.seen

    @property
    def step(self) -> int:
        return self._stop - length_hint(self._clock)

    def row(self) -> int:
        """The row at whose close the strategy is called."""
        return self.seen() if self._row_heard is None else self._row_heard

    def seen(self) -> int:
        """The row of the last step, up to which lines have grown."""
        return self._row_of(self.step - 1)

    def run(self, stop: int) -> None:
        """Let the strategy see every row before `stop`. Raises StrategyError when its code does."""
        steps = self._step_at(stop)
        self._desk.is_open = True
        try:
            while self.step < steps:
                self._run_block(steps)
            if self._due is not None:
                self._hear_until(stop)
        finally:
            self._desk.is_open = False

    def seek(self, row: int) -> None:
        """Be where this many rows have been seen."""
        self._stop, self._clock = self._step_at(row), iter(())
        for lines in self._frames:
            lines.seek(lines.bars_before(self.seen() + 1))
        self.tell_positions()

    def tell_positions(self) -> None:
        """Let the strategy's own figures follow the books."""
        strategy, ledger, markets = self._strategy, self._ledger, self._markets
        own = markets[0]
        strategy.position, strategy.average_price = own.position, own.average_price = ledger.position_of(0)
        strategy.cash = ledger.cash
        if len(markets) > 1:
            for market, (position, price) in zip(markets, ledger.positions(), strict=True):
                market.position, market.average_price = position, price

    def _row_of(self, step: int) -> int:
        if self._due is None:
            return step
        return int(self._due.item(step)) if step >= 0 else -1

    def _step_at(self, row: int) -> int:
        """The first step at this row or later."""
        return row if self._due is None else int(np.searchsorted(self._due, row))

    def _run_block(self, stop: int) -> None:
        """Run to the end of some frame's block, where its lines forget, or to `stop`."""
        for lines in self._frames:
            end = lines.block_end()
            if len(lines) and end < len(lines.times):
                stop = min(stop, self._step_at(lines.row_of(end)) + 1)
        self._play(stop)
        for lines in self._frames:
            lines.trim()

    def _play(self, stop: int) -> None:
        """Call the strategy at the steps from now to `stop`, or until it reads a new line.

        It runs freely from one event of the books to the next.
        """
        ledger, wishes, due, hears = self._ledger, self._desk.wishes, self._due, self._hears_fills
        play, appends, rows = self._opened(stop)
        step, last_row = self.step, self._row_of(stop - 1)
        while step < stop:
            callback, until, row = self._on_bar, stop, step
            if due is not None:
                row = due.item(step)
                self._hear_until(row)
                if self._has_new_line:
                    return
            if ledger.event <= row:
                fills = ledger.book(row + 1)
                self.tell_positions()
                if fills and hears:
                    callback, until = partial(self._hear, ledger.last_fills(fills)), step + 1
            if ledger.event <= last_row:
                until = min(until, self._step_at(ledger.event))
            try:
                play(rows if until == stop else islice(rows, until - step), callback, wishes, *appends)
                step = self.step if wishes else until
                if step == stop:
                    self._refuse_broken_lines()
            except (Exception, SystemExit) as error:  # an author's exit() must not end the process
                wishes.clear()
                raise self._blamed(error) from error
            if wishes and self._carried_out(step - 1 if due is None else due.item(step - 1)):
                return

    def _refuse_broken_lines(self) -> None:
        row = self.seen()
        if not all(lines.are_whole(lines.bars_before(row + 1)) for lines in self._frames if len(lines)):
            raise RuntimeError("a line was made longer or shorter; lines are for reading")

    def _opened(self, stop: int) -> tuple[Callable[..., None], list[Callable[[float], None]], Iterator[Any]]:
        """The inner loop for the present lines, their appends, and their values from now to this step."""
        columns: list[list[Any]] = []
        appends, late = [], []
        groups: list[list[Any]] = []
        last_row = self._row_of(stop - 1)
        for lines in self._frames:
            if not len(lines):
                continue
            bars = lines.bars_before(last_row + 1)
            if self._closes_at_every_step(lines, bars, stop):
                columns += lines.values(bars)
                appends += [line.append for line in lines]
            else:
                groups.append(self._grouped(lines, bars, stop))
                late.append([line.append for line in lines])
        play = player(len(columns), tuple(len(each) for each in late))
        columns += groups
        appends += [append for each in late for append in each]
        self._stop, self._clock = stop, iter(columns[0])
        self._has_new_line = False
        return play, appends, zip(self._clock, *columns[1:], strict=True)

    def _closes_at_every_step(self, lines: Lines, bars: int, stop: int) -> bool:
        """Whether one bar of the frame is new in each step from now to `stop`."""
        step, closed = self.step, lines.closed
        if lines.closes is None:
            return self._due is None
        if bars - closed != stop - step:
            return False
        due = np.arange(step, stop) if self._due is None else self._due[step:stop]
        return bool((lines.closes[closed:bars] == due).all())

    def _grouped(self, lines: Lines, bars: int, stop: int) -> list[list[tuple[float, ...]] | None]:
        """Of each step from now to `stop`, the values of the frame's bars that are new in it."""
        step, closed = self.step, lines.closed
        groups: list[list[tuple[float, ...]] | None] = [None] * (stop - step)
        rows = np.arange(closed, bars) if lines.closes is None else lines.closes[closed:bars]
        places = (rows if self._due is None else np.searchsorted(self._due, rows)) - step
        for place, values in zip(places.tolist(), zip(*lines.values(bars), strict=True), strict=True):
            group = groups[place]
            if group is None:
                groups[place] = [values]
            else:
                group.append(values)
        return groups

    def _hear_until(self, row: int) -> None:
        """Let the strategy hear of fills in rows between two steps, each at its own row."""
        ledger = self._ledger
        while self._hears_fills and ledger.event < row:
            event = ledger.event
            fills = ledger.book(event + 1)
            if fills:
                self.tell_positions()
                self._call(event, partial(self._tell, ledger.last_fills(fills)))

    def _call(self, row: int, callback: Callable[..., object], *arguments: Any) -> None:
        """Call the strategy between two steps, and do what it wishes for."""
        self._row_heard = row
        try:
            callback(*arguments)
        except (Exception, SystemExit) as error:
            self._desk.wishes.clear()
            raise self._blamed(error) from error
        finally:
            self._row_heard = None
        if self._desk.wishes:
            self._has_new_line |= self._carried_out(row)

    def _carried_out(self, row: int) -> bool:
        """Do what the strategy wished for at the close of this row; True when it wished for a new line to follow."""
        wishes, ledger = self._desk.wishes, self._ledger
        new_line = False
        for wish in wishes:
            if type(wish) is Order:
                ledger.submit(wish, row)
            elif type(wish) is Cancellation:
                ledger.cancel(wish.order, wish.place, row)
            elif type(wish) is Amendment:
                ledger.amend(wish.order, wish.changes, row)
            else:
                new_line = self._lines_follow
        wishes.clear()
        return new_line

    def _hear(self, fills: list[tuple[Any, ...]]) -> None:
        self._tell(fills)
        self._on_bar()

    def _tell(self, fills: list[tuple[Any, ...]]) -> None:
        for fill in map(Fill._make, fills):
            self._desk.fill_time = fill.time
            self._strategy.on_fill(fill)
        self._desk.fill_time = None

    def _blamed(self, error: BaseException) -> StrategyError:
        bar = self._desk.index
        if bar >= 0:
            return blame(self._strategy, error, bar=bar, time=self._desk.time)
        return blame(self._strategy, error, time=self._desk.time, before=f"the first bar of {self._markets[0].symbol}")


def blame(
    strategy: Strategy,
    error: BaseException,
    *,
    bar: int | None = None,
    time: int | None = None,
    kind: str = "bar",
    before: str = "",
) -> StrategyError:
    """The error as the author should read it: where in the strategy's own file, and at which bar (or another kind)."""
    frames = list(walk_tb(error.__traceback__))
    written = type(strategy).__mro__[: type(strategy).__mro__.index(Strategy)]
    files = {member.__code__.co_filename for each in written for member in vars(each).values() if isfunction(member)}
    own = [(frame, line) for frame, line in frames if frame.f_code.co_filename in files]
    frame, line = (own or frames)[-1]
    if time is None:
        when = "in init()"
    else:
        when = f"at {moment(time)}, before {before}" if bar is None else f"at {kind} {bar} ({moment(time)})"
    file = frame.f_code.co_filename
    return StrategyError(strategy.title, error, file=file, line=line, bar=bar, time=time, when=when)
