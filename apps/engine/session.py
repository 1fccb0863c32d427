"""A session: one run of a strategy over bars, in pieces of any size, that can be put down and taken up again."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import asdict, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from apps.engine import ENGINE_VERSION, metrics
from apps.engine.desk import snapshots
from apps.engine.desk.trading_desk import TradingDesk
from apps.engine.errors import BadBars, EngineError, FeeError, StrategyError
from apps.engine.kernels import bars as kernels
from apps.engine.kernels import sealed
from apps.engine.venue.ledger import Ledger
from apps.engine.venue.opening import Terms
from apps.engine.desk.lines import Lines
from apps.engine.desk.loop import Loop, blame
from apps.engine.types import BAR, Account, Array, Costs, FillRules, Instrument, Rows, moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.engine.venue.fees import FeeFunction
    from apps.engine.strategy import Strategy

PROBLEMS = {
    kernels.NOT_FINITE: "a price is not a finite number",
    kernels.NOT_POSITIVE: "a price is not above 0",
    kernels.HIGH_BELOW_LOW: "the high is below the low",
    kernels.BAD_VOLUME: "the volume is negative or not a finite number",
    kernels.OUT_OF_ORDER: "it is earlier than the bar before it",
    kernels.DUPLICATE: "it has the time of the bar before it",
    kernels.NO_TIME: "its time is not one in microseconds of the years 1 to 9999",
}


class Session:
    """Deterministic: the same inputs give the same rows, bit for bit, whatever the sizes of the advances.

    strategy, parameters: a class and its parameters as a client sent them. bars: (n,) BAR in time order. cash: what
    the account starts with, in the quote currency. seed: of `Strategy.random` and of random slippage. rules: how bars
    fill orders. fee: a function that says what a fill costs besides `costs`; it is called once a fill.

    Raises ParameterErrors, BadBars, StrategyError (from the author's `init()`), and ValueError for cash not above 0.
    """

    def __init__(
        self,
        strategy: type[Strategy],
        parameters: Mapping[str, Any],
        bars: Array,
        *,
        instrument: Instrument,
        cash: float,
        costs: Costs,
        seed: int = 0,
        rules: FillRules | None = None,
        fee: FeeFunction | None = None,
    ) -> None:
        if not (math.isfinite(cash) and cash > 0):
            raise ValueError(f"The account cannot start with {cash}; it needs cash above 0.")
        self._bars = checked(bars)
        self._instrument = instrument
        self._cash = float(cash)
        self._costs = costs
        self._seed = seed
        self._rules = rules or FillRules()
        self._parameters = strategy.clean(parameters)
        self._fee = fee
        self._failure: EngineError | None = None
        self._opposite: Session | None = None
        self._make = partial(
            Session, strategy, parameters, bars, instrument=instrument, cash=cash, costs=costs, seed=seed
        )
        terms = Terms(
            instruments=[instrument],
            costs=[costs],
            account=Account(),
            rules=self._rules,
            cash=self._cash,
            seed=seed,
            currencies=[instrument.currency],
        )
        self._ledger = Ledger(self._bars[:, None], terms, fee=fee)
        self._lines = Lines(self._bars, strategy.look_back)
        self._desk = TradingDesk(self._bars, self._lines, self._ledger, seed)
        self._strategy = strategy()
        self._loop = Loop(self._strategy, self._lines, self._ledger, self._desk)
        self._begin()

    @property
    def total(self) -> int:
        return len(self._bars)

    @property
    def processed(self) -> int:
        return self._ledger.booked

    @property
    def finished(self) -> bool:
        return self.processed == self.total

    @property
    def time(self) -> int:
        """Time of the last processed bar (of the first one, before any is), microseconds UTC."""
        return int(self._bars["time"][max(self.processed - 1, 0)])

    @property
    def equity(self) -> float:
        """At the close of the last processed bar."""
        return self._ledger.equity

    def advance(self, bars: int) -> Rows:
        """Process at most this many further bars; the rows that they brought.

        Orders that still work after the last bar are logged as expired. An open position stays open. Raises
        StrategyError when the author's code fails; the session cannot go on then, and says so again.
        """
        if bars < 1:
            raise ValueError(f"Cannot advance by {bars} bars; it must be 1 or more.")
        if self._failure:
            raise self._failure
        if not self.finished:
            self._play(min(self.processed + bars, self.total))
        return self._ledger.take()

    def metrics(self) -> dict[str, float | int | None]:
        """The figures of everything processed so far; `apps.engine.metrics` defines each.

        ambiguous_bars: bars in which it was not clear what filled first. opposite_equity: the final equity of the same
        run had every such bar gone the other way (`FillRules.opposite`); None where the rules do not ask for it, or
        where the strategy fails on that way. total_slippage: what spread and slippage cost.
        """
        account, (holding,), tally = self._ledger.figures()
        times = self._bars["time"]
        figures = metrics.figures(
            account,
            holding,
            tally,
            initial_cash=self._cash,
            close=float(self._bars["close"][max(self.processed - 1, 0)]),
            days=(self.time - int(times[0])) / metrics.DAY,
            periods_per_year=self._instrument.periods_per_year,
        )
        return {
            **figures,
            "total_slippage": account["slippage"],
            "ambiguous_bars": account["ambiguous_bars"],
            "opposite_equity": self._opposite_equity(tally["equity"]),
        }

    def snapshot(self) -> bytes:
        """Everything the rest of the run depends on, as it is after the last `advance()`.

        Raises SnapshotRefused when the strategy keeps an attribute that is not made of plain values.
        """
        return snapshots.pack(
            self._inputs,
            {
                "ledger": self._ledger.state(),
                "orders_given": self._desk.orders_given,
                "random": self._desk.random.bit_generator.state,
                "strategy": snapshots.plain(vars(self._strategy)),
                "opposite": self._opposite.snapshot().decode() if self._opposite else None,
            },
        )

    def restore(self, snapshot: bytes) -> None:
        """Go on where the snapshot was taken; for a fresh session of the same inputs.

        Raises SnapshotMismatch when it belongs to other inputs or to another version of the engine.
        """
        state = snapshots.unpack(snapshot, self._inputs)
        self._ledger.restore(state["ledger"])
        self._lines.seek(self._ledger.booked)
        self._desk.orders_given = state["orders_given"]
        self._desk.random.bit_generator.state = state["random"]
        vars(self._strategy).clear()
        vars(self._strategy).update(snapshots.revived(state["strategy"], self._lines))
        self._loop.tell_position()
        if state["opposite"] is not None:
            self._opposite = self._counterpart()
            self._opposite.restore(state["opposite"].encode())

    def _begin(self) -> None:
        strategy = self._strategy
        strategy._desk = self._desk  # noqa: SLF001 - the session is what the desk of a strategy is for
        self._loop.tell_position()
        try:
            for name, value in self._parameters.items():
                setattr(strategy, name, value)
            strategy.init()
        except (Exception, SystemExit) as error:
            raise blame(strategy, error) from error
        if not len(self._lines):
            self._lines.price("close")  # the loop counts bars by a line
        self._desk.declaring = False
        self._desk.wishes.clear()

    def _play(self, stop: int) -> None:
        self._ledger.open(stop)
        try:
            self._loop.run(stop)
            self._ledger.commit(stop)
        except StrategyError as error:
            self._fail(error)
            raise
        except FeeError as error:
            self._failure = error
            raise
        if stop == self.total:
            self._ledger.expire()
        if self._ledger.ambiguous_bars and self._rules.compare_opposite:
            self._play_opposite()

    def _play_opposite(self) -> None:
        """Let the same run under the opposite rule catch up; it begins when the first ambiguous bar has been seen."""
        self._opposite = self._opposite or self._counterpart()
        with suppress(StrategyError, FeeError):  # the run itself does not fail where the other one does
            self._opposite.advance(self.processed - self._opposite.processed)

    def _counterpart(self) -> Session:
        return self._make(rules=replace(self._rules.opposite(), compare_opposite=False))

    def _opposite_equity(self, equity: float) -> float | None:
        if self._opposite is not None:
            equity = self._opposite.equity if self._opposite.processed == self.processed else math.nan
        return equity if self._rules.compare_opposite and math.isfinite(equity) else None

    def _fail(self, error: StrategyError) -> None:
        self._failure = error
        self._ledger.commit(max(self._desk.index, self.processed))
        error.rows = self._ledger.take()

    @cached_property
    def _inputs(self) -> dict[str, Any]:
        """What a snapshot belongs to, by the name a mismatch is told with. Reading all bars costs 18 ms a million."""
        strategy = type(self._strategy)
        return {
            "engine version": ENGINE_VERSION,
            "strategy": f"{strategy.__module__}.{strategy.__qualname__}",
            "parameters": self._parameters,
            "instrument": asdict(self._instrument),
            "costs": asdict(self._costs),
            "rules": asdict(self._rules),
            "fee": f"{self._fee.__module__}.{self._fee.__qualname__}" if self._fee else None,
            "cash": self._cash,
            "seed": self._seed,
            "bars": [self.total, int(kernels.checksum(self._bars.view(np.uint64)))],
        }


def checked(bars: Array) -> Array:
    """The bars, contiguous and read-only, when every one can be traded on. Raises BadBars for the first that cannot."""
    if bars.dtype != BAR or bars.ndim != 1:
        raise TypeError(f"Bars are a one-dimensional array of {BAR}; this is {bars.ndim}-dimensional of {bars.dtype}.")
    if not len(bars):
        raise BadBars(0, "none", "there are no bars")
    bars = sealed(np.ascontiguousarray(bars))
    row, problem = kernels.first_bad(bars)
    if problem != kernels.FINE:
        time = int(bars["time"][row])
        raise BadBars(row, str(time) if problem == kernels.NO_TIME else moment(time).isoformat(), PROBLEMS[problem])
    return bars
