"""Golden back-tests: how a case file becomes a run of the engine, and which strategy each of them is."""

from __future__ import annotations

import csv
import gzip
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from apps.engine import strategies
from apps.engine.indicators import bollinger, highest, lowest, rsi, sma
from apps.engine.listing import Listing
from apps.engine.session import Session
from apps.engine.strategy import Fill, Float, Int, Line, Strategy, crossed_above
from apps.engine.types import BAR, Costs, FillRules, Instrument

if TYPE_CHECKING:
    from pathlib import Path

    from apps.engine.types import Array

NEW_YORK = ZoneInfo("America/New_York")


class DaySession(Strategy):
    """Long from ten o'clock to five to four in New York."""

    quantity = Float(300.0)

    def on_bar(self) -> None:
        clock = self.time.astimezone(NEW_YORK).strftime("%H:%M")
        if clock == "09:59" and not self.position:
            self.buy(self.quantity)
        elif clock == "15:54" and self.position > 0:
            self.close_position()


class Pyramid(Strategy):
    """Adds a lot at each new high of the closes, up to a number of lots; sells all below a moving average."""

    high_period = Int(20)
    mean_period = Int(50)
    max_lots = Int(5)
    lot = Float(100.0)

    def init(self) -> None:
        self.highest_close: Line = self.indicator(highest, self.high_period)
        self.mean: Line = self.indicator(sma, self.mean_period)
        self.lots = 0

    def on_bar(self) -> None:
        if self.position and self.close[-1] < self.mean[-1]:
            self.close_position()
            self.lots = 0
        elif self.close[-1] > self.highest_close[-2] and self.lots < self.max_lots:
            self.buy(self.lot)
            self.lots += 1


class BandBracket(Strategy):
    """Against a close outside the Bollinger bands, at market, with a stop and a target from the signal's close."""

    period = Int(20)
    deviations = Float(2.0)
    stop_distance = Float(0.003)
    target_distance = Float(0.0045)
    quantity = Float(10_000.0)

    def init(self) -> None:
        bands: tuple[Line, Line, Line] = self.indicator(bollinger, self.period, self.deviations)
        self.upper, _, self.lower = bands

    def on_bar(self) -> None:
        if self.position or self.index == 0:
            return
        now, before = self.close[-1], self.close[-2]
        if now < self.lower[-1] and before >= self.lower[-2]:
            self.buy(self.quantity, sl=now - self.stop_distance, tp=now + self.target_distance)
        elif now > self.upper[-1] and before <= self.upper[-2]:
            self.sell(self.quantity, sl=now + self.stop_distance, tp=now - self.target_distance)


class Pullback(Strategy):
    """Buys below the close of a rising market, by a limit that is placed anew at every close; sells after some bars."""

    period = Int(50)
    discount = Float(0.01)
    hold = Int(12)

    def init(self) -> None:
        self.mean: Line = self.indicator(sma, self.period)
        self.entered = 0

    def on_fill(self, fill: Fill) -> None:
        self.entered = fill.bar

    def on_bar(self) -> None:
        self.cancel_all()
        if not self.position and self.close[-1] > self.mean[-1]:
            self.buy(1, limit=self.close[-1] * (1 - self.discount))
        elif self.position and self.index == self.entered + self.hold - 1:
            self.close_position()


class StopBreakout(Strategy):
    """Buys by a stop at the highest high and sells by one at the lowest low, both placed anew at every close."""

    entry = Int(20)
    leave = Int(10)

    def init(self) -> None:
        self.top: Line = self.indicator(highest, self.entry, of="high")
        self.bottom: Line = self.indicator(lowest, self.leave, of="low")

    def on_bar(self) -> None:
        self.cancel_all()
        if self.position:
            self.sell(1, stop=self.bottom[-1], reduce_only=True)
        elif self.top[-1] > 0:
            self.buy(1, stop=self.top[-1])


class TrailingCross(Strategy):
    """Buys where the fast average crosses above the slow one; a stop trails the closes from the fill bar's on."""

    fast = Int(20)
    slow = Int(50)
    trail = Float(0.08)
    quantity = Float(100.0)

    def init(self) -> None:
        self.fast_mean: Line = self.indicator(sma, self.fast)
        self.slow_mean: Line = self.indicator(sma, self.slow)

    def on_bar(self) -> None:
        if not self.position and crossed_above(self.fast_mean, self.slow_mean):
            self.buy(self.quantity, sl_trail_fraction=self.trail)


class Overbought(Strategy):
    """Short half a coin while the RSI comes down from above."""

    def init(self) -> None:
        self.rsi: Line = self.indicator(rsi, 14)

    def on_bar(self) -> None:
        if not self.position and self.rsi[-1] > 75:
            self.sell(0.5)
        elif self.position and self.rsi[-1] < 45:
            self.close_position()


CROSS, REVERSION = strategies.get("sma_cross"), strategies.get("rsi_reversion")

RUNS: dict[str, tuple[type[Strategy], dict[str, Any]]] = {
    "S01": (CROSS, {"fast": 10, "slow": 30, "quantity": 10_000}),
    "S02": (CROSS, {"fast": 10, "slow": 30, "quantity": 10_000}),
    "S03": (CROSS, {"fast": 20, "slow": 50, "quantity": 10_000, "direction": "both"}),
    "S04": (strategies.get("buy_and_hold"), {"quantity": 500}),
    "S05": (REVERSION, {"period": 14, "entry_below": 30, "exit_above": 55, "fraction": 0.95}),
    "S06": (BandBracket, {}),
    "S07": (BandBracket, {}),
    "S08": (Pullback, {}),
    "S09": (StopBreakout, {}),
    "S10": (TrailingCross, {}),
    "S11": (Overbought, {}),
    "S12": (DaySession, {"quantity": 300}),
    "S16": (Pyramid, {"high_period": 20, "mean_period": 50, "max_lots": 5, "lot": 100}),
    "S17": (CROSS, {"fast": 12, "slow": 36, "quantity": 1, "direction": "both"}),
    "S19": (CROSS, {"quantity": 10_000}),
    "S20": (CROSS, {"fast": 5, "slow": 20, "quantity": 10_000}),
}


@dataclass(frozen=True)
class Outcome:
    orders: Array
    fills: Array
    trades: Array
    equity: Array
    metrics: dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A case file, the bars it uses and its truth for the equity at every close."""

    number: str
    content: dict[str, Any]
    bars: Array
    equity: Array

    @property
    def instrument(self) -> Instrument:
        return Instrument(
            "GOLDEN",
            price_increment=1e-8,  # far below the data's: the cases' levels are not on any grid
            quantity_step=0.5 if self.number == "S11" else 1.0,
            periods_per_year=self.content.get("metrics", {}).get("periods_per_year", 252),
        )

    def session(self, *, exit_in_entry_bar: bool | None = None, **changes: Any) -> Session:
        strategy, parameters = RUNS[self.number]
        commission = self.content["commission"]
        return Session(
            strategy,
            parameters | changes,
            Listing(self.instrument, self.bars),
            rules=FillRules(
                exit_in_entry_bar=self.number not in ("S07", "S10") if exit_in_entry_bar is None else exit_in_entry_bar
            ),
            cash=self.content["cash"],
            costs=Costs(
                commission_rate=commission["rate_of_notional"],
                commission_fixed=commission["fixed_per_order"],
                commission_per_unit=commission["per_unit"],
                commission_minimum=commission["minimum_per_order"],
                slippage_rate=self.content["params"].get("slippage", 0.0),
            ),
        )

    def run(self, **changes: Any) -> Outcome:
        session = self.session(**changes)
        rows = session.advance(session.total)
        return Outcome(rows.orders, rows.fills, rows.trades, rows.equity, session.metrics())


def load(shared: Path, number: str) -> Case:
    (path,) = (shared / "golden" / "cases").glob(f"{number}_*.json")
    content = {"commission": _commission(number), **json.loads(path.read_text())}
    bars = read_bars(shared.parent / content["data"])
    if content.get("filter") == "13:30<=UTC time<=19:59":
        minutes = bars["time"] // 60_000_000 % 1440
        bars = bars[(minutes >= 13 * 60 + 30) & (minutes <= 19 * 60 + 59)]
    with np.load(shared / "golden" / "equity.npz") as curves:
        equity = curves[path.stem] if path.stem in curves else np.empty(0)  # a sweep has none
    return Case(number, content, bars, equity)


def read_bars(path: Path) -> Array:
    with gzip.open(path, "rt", newline="") as file:
        rows = [(micros(row[0]), *map(float, row[1:6])) for row in list(csv.reader(file))[1:]]
    return np.array(rows, BAR)


def micros(time: str) -> int:
    moment = datetime.fromisoformat(time)
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()) * 1_000_000


def _commission(number: str) -> dict[str, float]:
    """Terms of the cases that state them in their parameters only."""
    rate = {"S16": 0.0005, "S17": 0.0004, "S19": 2e-05, "S20": 2e-05}.get(number, 0.0)
    return {"rate_of_notional": rate, "fixed_per_order": 0.0, "per_unit": 0.0, "minimum_per_order": 0.0}
