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
from apps.engine.desk.frames import Frames, market_of
from apps.engine.desk.loop import Loop, blame
from apps.engine.desk.plans import Plan, Planned, PlannedLoop, strategy_of
from apps.engine.desk.sleeping import SleepingLoop, TickLoop
from apps.engine.desk.trading_desk import TradingDesk
from apps.engine.errors import EngineError, FeeError, StrategyError
from apps.engine.kernels.bars import checksum_of
from apps.engine.listing import Floor, Listing
from apps.engine.series import happenings
from apps.engine.series.quotes import TICK
from apps.engine.strategy import Strategy
from apps.engine.types import Account, Array, Costs, FillRules, Rows
from apps.engine.venue.ledger import Ledger
from apps.engine.venue.opening import Terms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from apps.engine.series.timeframes import Timeframe
    from apps.engine.venue.fees import FeeFunction


class Session:
    """Deterministic: the same inputs give the same rows, bit for bit, whatever the sizes of the advances.

    strategy, parameters: a class and its parameters as a client sent them; or a plan (`apps.engine.signals`,
    `apps.engine.compiled`), which has none. listings: what is traded and seen; the first one is the strategy's own.
    cash: what the account starts with, in its currency. account: who carries the positions. timeframe: of the bars that
    `on_bar` is called for, made of the listings' rows; None for the rows themselves. One without a calendar takes that
    of each listing.
    warm_up: how many rows come before the first one that the strategy is called for. seed: of `Strategy.random` and of
    random slippage. rules: how rows fill orders; None for the strategy's own. fee: a function that says what a fill
    costs besides `costs`; it is called once a fill. rates: of each currency that is not the account's, (r,) RATE.
    equity_seconds: between two points of the equity of a run on ticks; of bars, each has one.
    keeps_rows: False for the figures alone, as a sweep wants them; `advance()` brings no rows then.

    Raises ParameterErrors, BadBars, StrategyError (of the author's `init()`), and ValueError for terms that cannot be.
    """

    def __init__(
        self,
        strategy: type[Strategy] | Plan,
        parameters: Mapping[str, Any],
        listings: Listing | Sequence[Listing],
        *,
        cash: float,
        account: Account | None = None,
        costs: Costs | None = None,
        timeframe: Timeframe | None = None,
        warm_up: int = 0,
        seed: int = 0,
        rules: FillRules | None = None,
        fee: FeeFunction | None = None,
        rates: Mapping[str, Array] | None = None,
        equity_seconds: float = 60.0,
        keeps_rows: bool = True,
    ) -> None:
        if not (math.isfinite(equity_seconds) and equity_seconds >= 0):
            raise ValueError(f"equity_seconds is {equity_seconds}; it must be 0 (for a point a tick) or more.")
        if not (math.isfinite(cash) and cash > 0):
            raise ValueError(f"The account cannot start with {cash}; it needs cash above 0.")
        self._listings = [listings] if isinstance(listings, Listing) else list(listings)
        if isinstance(strategy, type) and len(self._listings) < strategy.least_instruments:
            needed, there = strategy.least_instruments, len(self._listings)
            raise ValueError(f"{strategy.title} needs {needed} instruments; this run has {there}.")
        self._floor = Floor(self._listings)
        if not 0 <= warm_up < len(self._floor):
            raise ValueError(f"A warm-up of {warm_up} rows leaves nothing of {len(self._floor)}.")
        self._first = warm_up
        self._account = account or Account()
        self._costs = costs or Costs()
        self._timeframe = timeframe
        if isinstance(strategy, Plan):
            strategy = strategy_of(strategy)
        self._rules = rules or FillRules(**strategy.fill_rules)
        self._parameters = strategy.clean(parameters)
        self._fee = fee
        self._failure: EngineError | None = None
        self._opposite: Session | None = None
        inputs: dict[str, Any] = {"cash": cash, "account": account, "costs": costs, "timeframe": timeframe}
        inputs |= {"warm_up": warm_up, "seed": seed, "fee": fee, "rates": rates, "equity_seconds": equity_seconds}
        self._make = partial(Session, strategy, parameters, self._listings, **inputs)
        self._terms = self._settled(cash, seed, rates or {}, equity_seconds)
        self._ledger = Ledger(self._floor.series, self._terms, fee=fee, first=warm_up, keeps_rows=keeps_rows)
        self._frames = Frames(self._floor, strategy.look_back, timeframe)
        self._desk = TradingDesk(self._floor, self._frames, self._ledger, seed=seed, hedges=self._account.hedging)
        places = range(len(self._listings))
        self._frames.markets = tuple(market_of(self._desk, self._frames, self._floor, place) for place in places)
        self._strategy = strategy()
        self._begin()
        self._loop = self._driver()
        self._loop.seek(warm_up)

    @property
    def total(self) -> int:
        """How many rows there are, without those of the warm-up."""
        return len(self._floor) - self._first

    @property
    def processed(self) -> int:
        return self._ledger.booked - self._first

    @property
    def finished(self) -> bool:
        return self.processed == self.total

    @property
    def time(self) -> int:
        """Time of the last processed row (of the first one, before any is), microseconds UTC."""
        return int(self._floor.times[max(self._ledger.booked - 1, self._first)])

    @property
    def equity(self) -> float:
        """At the close of the last processed row."""
        return self._ledger.equity

    def advance(self, bars: int) -> Rows:
        """Process at most this many further rows of the data; the rows that they brought.

        Orders that still work after the last one are logged as expired. An open position stays open. Raises
        StrategyError when the author's code fails; the session cannot go on then, and says so again.
        """
        if bars < 1:
            raise ValueError(f"Cannot advance by {bars} bars; it must be 1 or more.")
        if self._failure:
            raise self._failure
        if not self.finished:
            self._play(min(self._ledger.booked + bars, len(self._floor)))
        return self._take()

    def start_over(self, plan: Plan) -> None:
        """Forget everything that was booked and carry out this plan; of a session that was made with another plan."""
        assert isinstance(self._loop, PlannedLoop)
        self._ledger.start_over()
        self._desk.orders_given = 0
        self._failure = None
        self._loop.take_up(plan)
        self._loop.seek(self._first)

    @property
    def fills(self) -> int:
        """How many fills there were, in a session that keeps no rows."""
        return self._ledger.fills

    def metrics(self) -> dict[str, float | int | None]:
        """The figures of everything processed so far; `apps.engine.metrics` defines each.

        ambiguous_bars: bars in which it was not clear what filled first. opposite_equity: the final equity of the same
        run had every such bar gone the other way (`FillRules.opposite`); None where the rules do not ask for it, or
        where the strategy fails on that way. total_slippage: what spread and slippage cost. total_payments: what
        funding, swap, borrow and dividends brought.
        """
        account, tally = self._ledger.figures()
        figures = metrics.figures(
            account,
            tally,
            initial_cash=self._terms.cash,
            unrealized=self._ledger.unrealized,
            days=(self.time - int(self._floor.times[self._first])) / metrics.DAY,
            periods_per_year=self._terms.instruments[0].periods_per_year,
        )
        return {
            **figures,
            "total_slippage": account["slippage"],
            "total_payments": account["paid"],
            "liquidations": account["liquidations"],
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
                "wanted_row": self._loop.wanted_row,
                "notes": [(number, notes[-1][1]) for number, notes in self._desk.notes.items()],
                "random": self._desk.random.bit_generator.state,
                "attributes": snapshots.plain({name: vars(owner) for name, owner in self._owners.items()}),
                "opposite": self._opposite.snapshot().decode() if self._opposite else None,
            },
        )

    def restore(self, snapshot: bytes) -> None:
        """Go on where the snapshot was taken; for a fresh session of the same inputs.

        Raises SnapshotMismatch when it belongs to other inputs or to another version of the engine.
        """
        state = snapshots.unpack(snapshot, self._inputs)
        self._ledger.restore(state["ledger"])
        self._desk.orders_given = state["orders_given"]
        self._desk.random.bit_generator.state = state["random"]
        self._desk.notes = {number: [(0, text)] for number, text in state["notes"]}
        self._loop.seek(self._ledger.booked)
        self._loop.wanted_row = state["wanted_row"]
        for name, owner in self._owners.items():
            vars(owner).clear()
            vars(owner).update(snapshots.revived(state["attributes"][name], self._frames))
        if state["opposite"] is not None:
            self._opposite = self._counterpart()
            self._opposite.restore(state["opposite"].encode())

    @property
    def _owners(self) -> dict[str, Any]:
        """Whose attributes an author may use, by what the author calls them."""
        markets = {f"market({market.symbol!r})": market for market in self._desk.markets}
        return {"self": self._strategy} | markets | self._frames.views

    def _settled(self, cash: float, seed: int, rates: Mapping[str, Array], equity_seconds: float) -> Terms:
        """Everything that the books need to know."""
        floor, instruments = self._floor, [listing.instrument for listing in self._listings]
        times = floor.times
        home = self._account.currency or instruments[0].currency
        foreign = sorted({instrument.currency for instrument in instruments} - {home})
        missing = [currency for currency in foreign if currency not in rates]
        if missing:
            raise ValueError(f"There are no rates of {', '.join(missing)} to {home}, in which the account is kept.")
        columns = [happenings.aligned(each, rates[each], times) for each in foreign]
        eventful = [(place, each.events) for place, each in enumerate(self._listings) if len(each.events)]
        tables = [happenings.happenings(place, events, times, floor.places[place]) for place, events in eventful]
        return Terms(
            instruments=instruments,
            costs=[listing.costs or self._costs for listing in self._listings],
            account=self._account,
            rules=self._rules,
            cash=float(cash),
            seed=seed,
            currencies=[home, *foreign],
            happenings=happenings.merged(tables),
            rates=np.column_stack([np.ones(len(times)), *columns]) if foreign else None,
            day_ends=floor.day_ends,
            extremes=floor.extremes,
            point_period=round(equity_seconds * 1_000_000) if floor.layout == TICK else 0,
        )

    def _begin(self) -> None:
        strategy = self._strategy
        # the session is what the desk of a strategy is for
        strategy._desk, strategy._lines, strategy._place = self._desk, self._frames.main, 0  # noqa: SLF001
        strategy.position, strategy.average_price, strategy.cash = 0.0, 0.0, self._ledger.cash
        try:
            for name, value in self._parameters.items():
                setattr(strategy, name, value)
            strategy.init()
        except (Exception, SystemExit) as error:
            raise blame(strategy, error) from error
        self._desk.declaring = False
        self._desk.wishes.clear()

    def _driver(self) -> Loop:
        """What calls the strategy, as it wants to be called."""
        strategy, frames, desk = self._strategy, self._frames, self._desk
        due, parts = frames.due(), (self._strategy, self._frames, self._ledger, self._desk)
        if isinstance(strategy, Planned):
            return PlannedLoop(strategy, *parts[1:], due, self._floor)
        if desk.conditions:
            frames.sleep()
            return SleepingLoop(*parts, frames.rows_of(desk.conditions, first=self._first), self._floor)
        if self._is_on_ticks:
            return TickLoop(*parts, due, self._floor)
        if not len(frames.main):
            desk.markets[0].close  # noqa: B018 - the loop counts bars by a line, which begins to grow when it is read
            desk.wishes.clear()
        return Loop(*parts, due)

    @property
    def _is_on_ticks(self) -> bool:
        return self._floor.layout == TICK and type(self._strategy).on_tick is not Strategy.on_tick

    def _play(self, stop: int) -> None:
        self._ledger.open(stop)
        try:
            self._loop.run(stop)
            self._ledger.book(stop)
            self._loop.tell_positions()  # of fills between two calls, in rows that are finer than the strategy's bars
        except StrategyError as error:
            self._fail(error)
            raise
        except FeeError as error:
            self._failure = error
            raise
        if stop == len(self._floor):
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
        self._ledger.book(max(self._loop.row(), self._ledger.booked))
        error.rows = self._take()

    def _take(self) -> Rows:
        """What is new, from the books and from the strategy itself."""
        rows, desk = self._ledger.take(), self._desk
        told, desk.told = desk.told, []
        details = desk.details_of(rows.trades["ticket"].tolist()) if desk.notes else ()
        return replace(rows, told=told, details=details) if told or details else rows

    @cached_property
    def _inputs(self) -> dict[str, Any]:
        """What a snapshot belongs to, by the name a mismatch is told with. Reading all bars costs 18 ms a million."""
        strategy = type(self._strategy)
        terms = self._terms
        return {
            "engine version": ENGINE_VERSION,
            "strategy": f"{strategy.__module__}.{strategy.__qualname__}",
            "parameters": self._parameters,
            "plan": self._loop.plan.fingerprint if isinstance(self._loop, PlannedLoop) else None,
            "instrument": [asdict(instrument) for instrument in terms.instruments],
            "account": asdict(self._account),
            "costs": [asdict(costs) for costs in terms.costs],
            "rules": asdict(self._rules),
            "fee": f"{self._fee.__module__}.{self._fee.__qualname__}" if self._fee else None,
            "cash": terms.cash,
            "seed": terms.seed,
            "timeframe": str(self._timeframe),
            "warm-up": self._first,
            "events": [checksum_of(terms.happenings), terms.point_period],
            "rates": [list(terms.currencies), 0 if terms.rates is None else checksum_of(terms.rates)],
            "bars": [len(self._floor), *(checksum_of(listing.rows) for listing in self._listings)],
        }
