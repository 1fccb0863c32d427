"""Random cases of the floor strategy: the engine's beside the rules told once more.

python -m tests.engine.floor_cases --count 10000 --seed 1
"""

import argparse
import json
import random
import sys
import time as clock
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from apps.engine.errors import StrategyError
from apps.engine.listing import Listing
from apps.engine.series.quotes import TICK
from apps.engine.session import Session
from apps.engine.strategies.floor import Floor, MarginBlowout
from apps.engine.strategies.floor.progressions import MODES
from apps.engine.types import Account, Array, Instrument, Rows
from tests.engine.floor_rules import Rules, played

SECOND = 1_000_000
EURUSD = Instrument("EUR_USD", price_increment=0.00001, pip_size=0.0001)
USDJPY = Instrument("USD_JPY", price_increment=0.001, pip_size=0.01, quote_currency="JPY")
LEFT_OUT = ("reason", "position_id")  # words of ours, and a number that the engine gives


@dataclass(frozen=True)
class Case:
    instrument: Instrument
    parameters: dict[str, Any]
    cash: float
    hedges: bool
    times: list[int]
    bids: list[int]
    asks: list[int]

    @property
    def digits(self) -> int:
        return 5 if self.instrument is EURUSD else 3

    def rows(self) -> Array:
        """The ticks, and the last of them once more: what is ordered at a tick is in the books with the next one."""
        ticks = np.zeros(len(self.times) + 1, TICK)
        ticks["time"] = [*self.times, self.times[-1] + SECOND]
        for side, prices in (("bid", self.bids), ("ask", self.asks)):
            ticks[side] = [price / 10**self.digits for price in (*prices, prices[-1])]
        return ticks

    def session(self) -> Session:
        listing = Listing(self.instrument, self.rows())
        return Session(Floor, self.parameters, listing, cash=self.cash, account=Account(hedging=self.hedges))

    def rules(self) -> Rules:
        rules = Rules(
            Floor.clean(self.parameters), cash=self.cash, pip=self.instrument.pip_size, digits=self.digits,
            hedges=self.hedges,
        )  # fmt: skip
        scale = 10**self.digits
        prices = zip(self.times, self.bids, self.asks, strict=True)
        return played(rules, [(time, Fraction(bid, scale), Fraction(ask, scale)) for time, bid, ask in prices])


def drawn(seed: int) -> Case:
    """A case in which much happens in little time."""
    draw = random.Random(seed)
    instrument = draw.choice([EURUSD, USDJPY])
    scale = 1.0 if instrument is EURUSD else 130.0
    parameters = parameters_drawn(draw)
    count, middle = draw.randint(20, 200), draw.randint(100_000, 150_000)
    times, bids, asks = [], [], []
    time, speed = draw.randint(0, 10**6) * SECOND, draw.choice([3, 10, 30, 60])
    drift, spread, wide = draw.uniform(-0.15, 0.15), draw.randint(0, 20), draw.choice([0.0, 0.05])
    for _ in range(count):
        if draw.random() < 0.03:
            speed = draw.choice([1, 3, 10, 30, 60, 200])
        if draw.random() < 0.02:
            drift = -drift
        middle = max(20_000, middle + round(draw.gauss(drift * speed, speed)))
        time += draw.choice([0, 1, SECOND // 2, SECOND, 3 * SECOND, 10 * SECOND])
        width = draw.randint(25, 60) if draw.random() < wide else max(0, spread + draw.randint(-3, 3))
        times.append(time)
        bids.append(middle)
        asks.append(middle + width)
    cash = draw.choice([10_000.0, 12_345.67]) * scale
    if draw.random() < 0.5:  # little enough for the margin to matter
        units = parameters["lot_unit_size"] * parameters["base_lot_size"]
        needed = units * middle / 10 ** (5 if instrument is EURUSD else 3) * parameters["margin_rate"]
        cash = round(needed / parameters["margin_cut_target_ratio"] * draw.uniform(0.9, 8.0), 2)
    return Case(instrument, parameters, cash, draw.random() < 0.5, times, bids, asks)


def parameters_drawn(draw: random.Random) -> dict[str, Any]:
    baseline, layers = draw.randint(2, 10), draw.randint(1, 4)
    lock = draw.choice([1.1, 1.25, 1.5, 2.0])
    start = draw.choice([0.1, 0.3, 0.6, 0.9])

    def mode() -> str:
        return draw.choice(["constant", *MODES])

    profiles = [
        {"take_profit_pips": draw.choice([3.0, 5.5, 12.0]), "retracement_pips": draw.choice([4.0, 7.25])}
        for _ in range(draw.choice([0, 0, 0, 1, layers]))
    ]
    return {
        "lot_unit_size": draw.choice([1000.0, 100.0, 2.0]),
        "base_lot_size": draw.choice([1.0, 0.5, 2.0, 1.7]),
        "retracement_lot_mode": mode(),
        "retracement_lot_amount": draw.choice([0.0, 0.5, 1.0, 1.5]),
        "retracement_pips": draw.choice([3.0, 5.0, 8.5, 10.0]),
        "take_profit_pips": draw.choice([3.0, 5.0, 8.25, 12.0]),
        "take_profit_pips_mode": mode(),
        "take_profit_pips_amount": draw.choice([0.0, 0.5, 2.0]),
        "retracement_trigger_progression": mode(),
        "retracement_trigger_increment": draw.choice([0.0, 1.0, 2.5]),
        "take_profit_trigger_progression": mode(),
        "take_profit_trigger_increment": draw.choice([0.0, 1.0, 2.5]),
        "floor_profiles": profiles,
        "max_layers": layers,
        "max_retracements_per_layer": draw.randint(1, 5),
        "entry_signal_candle_granularity_seconds": draw.choice([1, 3, 7, 10]),
        "entry_signal_lookback_candles": draw.randint(2, 8),
        "layer_direction_mode": draw.choice(["independent", "inherit"]),
        "hedging_enabled": draw.random() < 0.7,
        "allow_duplicate_units": draw.random() < 0.3,
        "margin_protection_enabled": draw.random() < 0.8,
        "margin_rate": draw.choice([0.04, 0.02, 0.1]),
        "margin_cut_start_ratio": start,
        "margin_cut_target_ratio": start * draw.choice([0.5, 0.8]),
        "volatility_check_enabled": draw.random() < 0.7,
        "volatility_lock_multiplier": lock,
        "volatility_unlock_multiplier": lock * draw.choice([0.5, 0.8]),
        "atr_period": draw.randint(1, baseline - 1),
        "atr_baseline_period": baseline,
        "market_condition_override_enabled": draw.random() < 0.8,
        "market_condition_spread_limit_pips": draw.choice([1.5, 2.5, 3.0]),
        "dynamic_parameter_adjustment_enabled": draw.random() < 0.4,
    }


def run(session: Session) -> list[Rows]:
    """All rows of a session; those before the account was too small, where it gets so."""
    parts: list[Rows] = []
    try:
        while not session.finished:
            parts.append(session.advance(session.total))
    except StrategyError as error:
        parts.append(rows_before(error))
    return parts


def rows_before(error: StrategyError) -> Rows:
    """The last rows of a run that a margin blow-out ended. Raises any other error."""
    if not isinstance(error.__cause__, MarginBlowout) or error.rows is None:
        raise error
    return error.rows


def events(parts: list[Rows], until: int) -> list[tuple[str, dict[str, Any]]]:
    """What was told at ticks up to a time."""
    told = [each for rows in parts for each in rows.told if each.time <= until]
    return [(each.kind, without(json.loads(each.content))) for each in told]


def without(payload: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in payload.items() if name not in LEFT_OUT}


def trades(parts: list[Rows]) -> list[tuple[Any, ...]]:
    found = []
    for rows in parts:
        for trade, text in zip(rows.trades, rows.details, strict=len(rows.trades) > 0):
            noted = json.loads(text)
            found.append((
                noted["layer_number"], noted["retracement_count"], noted["entry_id"], int(trade["quantity"]),
                float(trade["entry_price"]), float(trade["exit_price"]), f"{trade['pnl'] + 0.0:.2f}",
            ))  # fmt: skip
    return found


def difference(case: Case, rules: Rules) -> str:
    """What the engine's run of a case and the rules after it differ in first; nothing where they are the same."""
    parts = run(case.session())
    told = events(parts, case.times[-1])
    expected = [(kind, without(payload)) for kind, payload in rules.events]
    for number, (mine, other) in enumerate(zip(told, expected, strict=False)):
        if mine != other:
            return f"event {number}: {mine} instead of {other}"
    if len(told) != len(expected):
        further = (told if len(told) > len(expected) else expected)[min(len(told), len(expected))]
        return f"{len(told)} events instead of {len(expected)}; {further}"
    return difference_of_trades(trades(parts), rules.trades)


def difference_of_trades(found: list[tuple[Any, ...]], expected: list[tuple[Any, ...]]) -> str:
    if len(found) != len(expected):
        return f"{len(found)} trades instead of {len(expected)}"
    for mine, other in zip(found, expected, strict=True):
        same = mine[:4] == other[:4] and np.allclose(mine[4:6], other[4:6], rtol=0, atol=1e-9)
        if not same or abs(float(mine[6]) - float(other[6])) > 0.0101:
            return f"trade {mine} instead of {other}"
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    kinds: dict[str, int] = {}
    closed, wrong, started = 0, 0, clock.process_time()
    for number in range(asked.count):
        case = drawn(asked.seed * 1_000_000 + number)
        rules = case.rules()
        found = difference(case, rules)
        if found:
            wrong += 1
            print(f"case {asked.seed * 1_000_000 + number}: {found}", flush=True)
        closed += len(rules.trades)
        for kind, _ in rules.events:
            kinds[kind] = kinds.get(kind, 0) + 1
        if (number + 1) % 500 == 0:
            print(f"{number + 1} cases, {wrong} different, {clock.process_time() - started:.0f} s of CPU", flush=True)
    listed = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    print(f"{asked.count} cases, {wrong} different; {closed} trades; {listed}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
