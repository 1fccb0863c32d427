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
from apps.engine.indicators import highest, sma
from apps.engine.session import Session
from apps.engine.strategy import Float, Int, Line, Strategy
from apps.engine.types import BAR, Costs, Instrument

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


CROSS, REVERSION = strategies.get("sma_cross"), strategies.get("rsi_reversion")

RUNS: dict[str, tuple[type[Strategy], dict[str, Any]]] = {
    "S01": (CROSS, {"fast": 10, "slow": 30, "quantity": 10_000}),
    "S02": (CROSS, {"fast": 10, "slow": 30, "quantity": 10_000}),
    "S03": (CROSS, {"fast": 20, "slow": 50, "quantity": 10_000, "direction": "both"}),
    "S04": (strategies.get("buy_and_hold"), {"quantity": 500}),
    "S05": (REVERSION, {"period": 14, "entry_below": 30, "exit_above": 55, "fraction": 0.95}),
    "S12": (DaySession, {"quantity": 300}),
    "S16": (Pyramid, {"high_period": 20, "mean_period": 50, "max_lots": 5, "lot": 100}),
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

    def session(self) -> Session:
        strategy, parameters = RUNS[self.number]
        commission = self.content["commission"]
        return Session(
            strategy,
            parameters,
            self.bars,
            instrument=Instrument("GOLDEN"),
            cash=self.content["cash"],
            costs=Costs(
                commission_rate=commission["rate_of_notional"],
                commission_fixed=commission["fixed_per_order"],
                commission_per_unit=commission["per_unit"],
                commission_minimum=commission["minimum_per_order"],
            ),
        )

    def run(self) -> Outcome:
        session = self.session()
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
        return Case(number, content, bars, curves[path.stem])


def read_bars(path: Path) -> Array:
    with gzip.open(path, "rt", newline="") as file:
        rows = [(micros(row[0]), *map(float, row[1:6])) for row in list(csv.reader(file))[1:]]
    return np.array(rows, BAR)


def micros(time: str) -> int:
    moment = datetime.fromisoformat(time)
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()) * 1_000_000


def _commission(number: str) -> dict[str, float]:
    """Terms of the cases that state them in their parameters only."""
    rate = {"S16": 0.0005, "S20": 2e-05}.get(number, 0.0)
    return {"rate_of_notional": rate, "fixed_per_order": 0.0, "per_unit": 0.0, "minimum_per_order": 0.0}
