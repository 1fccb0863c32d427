"""The driver: one call of the strategy a bar, and a call of a kernel only where something happens.

Between two events no order can fill, so the strategy runs freely and the bars are booked later, in one go. The inner
loop is generated for the number of lines, since unpacking and appending by name is what a bar costs.
"""

from __future__ import annotations

from functools import cache, partial
from inspect import isfunction
from itertools import islice
from traceback import walk_tb
from typing import TYPE_CHECKING, Any, TypeAlias

from apps.engine.desk.trading_desk import Amendment, Cancellation
from apps.engine.errors import StrategyError
from apps.engine.desk.orders import Order
from apps.engine.strategy import Fill, Strategy
from apps.engine.types import moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from apps.engine.desk.trading_desk import TradingDesk
    from apps.engine.venue.ledger import Ledger
    from apps.engine.desk.lines import Lines

    Rows: TypeAlias = Iterator[tuple[float, ...]]


@cache
def player(lines: int) -> Callable[..., None]:
    """A function `play(rows, callback, wishes, *appends)` for this many lines.

    For each row it appends the values to the lines and calls the callback; it returns when the rows end, or after the
    callback has wished for something.
    """
    values = "".join(f"value_{i}, " for i in range(lines))
    appends = "".join(f"append_{i}, " for i in range(lines))
    growing = "; ".join(f"append_{i}(value_{i})" for i in range(lines))
    source = (
        f"def play(rows, callback, wishes, {appends}):\n"
        f"    for {values} in rows:\n"
        f"        {growing}\n"
        f"        callback()\n"
        f"        if wishes:\n"
        f"            return\n"
    )
    made: dict[str, Any] = {}
    exec(source, made)  # noqa: S102 - nothing but a number enters the source
    play: Callable[..., None] = made["play"]
    return play


class Loop:
    def __init__(self, strategy: Strategy, lines: Lines, ledger: Ledger, desk: TradingDesk) -> None:
        self._strategy = strategy
        self._on_bar = strategy.on_bar
        self._hears_fills = type(strategy).on_fill is not Strategy.on_fill
        self._lines = lines
        self._ledger = ledger
        self._desk = desk

    def run(self, stop: int) -> None:
        """Let the strategy see every bar before `stop`. Raises StrategyError when its code does."""
        self._desk.is_open = True
        try:
            while self._lines.closed < stop:
                self._run_block(min(self._lines.block_end(), stop))
        finally:
            self._desk.is_open = False

    def tell_position(self) -> None:
        """Let the strategy's own figures follow the books."""
        strategy, ledger = self._strategy, self._ledger
        strategy.position = ledger.position(0)
        strategy.average_price = ledger.average_price(0)
        strategy.cash = ledger.cash

    def _run_block(self, stop: int) -> None:
        lines, ledger, wishes = self._lines, self._ledger, self._desk.wishes
        play, appends, rows = self._opened(stop)
        bar = lines.closed
        while bar < stop:
            callback = self._on_bar
            until = stop
            if ledger.event <= bar:
                fills = ledger.commit(bar + 1)
                self.tell_position()
                if self._hears_fills and len(fills):
                    callback, until = partial(self._hear, fills.tolist()), bar + 1
            until = min(until, ledger.event)
            try:
                play(islice(rows, until - bar), callback, wishes, *appends)
                if lines.closed != until and not wishes:
                    raise RuntimeError("a line was made longer or shorter; lines are for reading")
            except (Exception, SystemExit) as error:  # an author's exit() must not end the process
                wishes.clear()
                raise self._blamed(error) from error
            bar = lines.closed
            if wishes and self._carried_out(bar - 1):
                play, appends, rows = self._opened(stop)

    def _opened(self, stop: int) -> tuple[Callable[..., None], list[Callable[[float], None]], Rows]:
        """The inner loop for the present lines, their appends, and their values from now on."""
        appends = [line.append for line in self._lines]
        return player(len(appends)), appends, self._lines.rows(stop)

    def _carried_out(self, bar: int) -> bool:
        """Do what the strategy wished for at the close of this bar; True when it wished for a new line."""
        wishes = self._desk.wishes
        new_line = False
        for wish in wishes:
            if type(wish) is Order:
                self._ledger.submit(wish, bar)
            elif type(wish) is Cancellation:
                self._ledger.cancel(wish.order, bar)
            elif type(wish) is Amendment:
                self._ledger.amend(wish.order, wish.changes, bar)
            else:
                new_line = True
        wishes.clear()
        return new_line

    def _hear(self, fills: list[tuple[Any, ...]]) -> None:
        for fill in fills:
            self._strategy.on_fill(Fill(*fill))
        self._on_bar()

    def _blamed(self, error: BaseException) -> StrategyError:
        return blame(self._strategy, error, bar=self._desk.index, time=self._desk.time)


def blame(
    strategy: Strategy, error: BaseException, *, bar: int | None = None, time: int | None = None
) -> StrategyError:
    """The error as the author should read it: where in the strategy's own file, and at which bar."""
    frames = list(walk_tb(error.__traceback__))
    written = type(strategy).__mro__[: type(strategy).__mro__.index(Strategy)]
    files = {member.__code__.co_filename for each in written for member in vars(each).values() if isfunction(member)}
    own = [(frame, line) for frame, line in frames if frame.f_code.co_filename in files]
    frame, line = (own or frames)[-1]
    when = "in init()" if time is None else f"at bar {bar} ({moment(time)})"
    file = frame.f_code.co_filename
    return StrategyError(strategy.title, error, file=file, line=line, bar=bar, time=time, when=when)
