"""The built-in strategies do what their sources say: by plain restatements over random walks, and by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from apps.engine import indicators, strategies
from apps.engine.errors import ParameterErrors, StrategyError
from apps.engine.listing import Listing
from apps.engine.session import Session
from apps.engine.types import ExitReason, Instrument
from tests.engine.runs import HOUR, bars_at, bars_of

if TYPE_CHECKING:
    from apps.engine.types import Array, Rows

DAY = 24 * HOUR
OUR_OWN = ("buy_and_hold", "floor", "floor_classic", "rsi_reversion", "sma_cross")
SEVERAL = {"pair_spread": 2, "monthly_rotation": 3, "cross_momentum": 4}
Decide = Callable[[int, int], int]
"""What a position should be after a bar: (bar, position's sign before) → sign."""


def walk(seed: int, count: int = 1500, step: int = HOUR) -> Array:
    returns = np.random.default_rng(seed).normal(0.0002, 0.01, count)
    return bars_at(100 * np.exp(np.cumsum(returns)), step=step)


def session_of(name: str, *series: Array, cash: float = 100_000.0, **parameters: Any) -> Session:
    listings = [
        Listing(Instrument(f"M{number}", quantity_step=1e-6, min_quantity=0.0), bars)
        for number, bars in enumerate(series)
    ]
    return Session(strategies.get(name), parameters, listings, cash=cash)


def play(name: str, *series: Array, **parameters: Any) -> Rows:
    session = session_of(name, *series, **parameters)
    return session.advance(session.total)


def signs(rows: Rows, count: int) -> list[int]:
    """The position's sign at the end of each bar."""
    held = np.zeros(count, int)
    for fill in rows.fills:
        held[fill["bar"] :] = np.sign(fill["position"])
    return held.tolist()


def expected(decide: Decide, count: int) -> list[int]:
    """What is decided at a bar's close is held from the next bar on."""
    held = [0]
    for bar in range(count - 1):
        held.append(decide(bar, held[-1]))
    return held


def crossed(line: Array, other: Any, bar: int) -> bool:
    other = np.broadcast_to(other, line.shape)
    return bool(bar > 0 and line[bar] > other[bar] and line[bar - 1] <= other[bar - 1])


# Restatements: what a position should be, bar by bar


def macd_cross(bars: Array) -> Decide:
    line, signal, _ = indicators.macd(bars["close"], 5, 12, 4)

    def decide(bar: int, held: int) -> int:
        if held:
            return 0 if crossed(signal, line, bar) else 1
        return int(crossed(line, signal, bar))

    return decide


def supertrend_follow(bars: Array) -> Decide:
    _, trend = indicators.supertrend(bars["high"], bars["low"], bars["close"], 7, 2.0)
    return lambda bar, held: int(trend[bar]) or held


def ichimoku_cloud(bars: Array) -> Decide:
    tenkan, kijun, early, late = indicators.ichimoku(bars["high"], bars["low"], 5, 13, 26)
    close = bars["close"]

    def decide(bar: int, held: int) -> int:
        if held:
            return int(close[bar] >= kijun[bar])
        return int(close[bar] > early[bar] and close[bar] > late[bar] and crossed(tenkan, kijun, bar))

    return decide


def turn_of_month(bars: Array) -> Decide:
    days = bars["time"].astype("M8[us]")
    day = (days.astype("M8[D]") - days.astype("M8[M]").astype("M8[D]")).astype(int) + 1
    return lambda bar, held: int(day[bar] >= 27 or day[bar] <= 3)


def trend_pullback(bars: Array) -> Decide:
    strength = indicators.rsi(bars["close"], 5)
    longer = bars["close"][3::4]  # closes of whole four-hour bars; the walk begins at midnight
    mean = indicators.ema(longer, 6)

    def decide(bar: int, held: int) -> int:
        closed = (bar + 1) // 4 - 1
        rises = closed >= 0 and longer[closed] > mean[closed]
        if held:
            return int(rises and not strength[bar] > 60)
        return int(rises and strength[bar] < 35)

    return decide


RESTATED: list[tuple[Callable[[Array], Decide], dict[str, Any], int]] = [
    (macd_cross, {"fast": 5, "slow": 12, "signal": 4}, HOUR),
    (supertrend_follow, {"period": 7, "multiple": 2.0, "direction": "both"}, HOUR),
    (ichimoku_cloud, {"conversion": 5, "base": 13, "span": 26}, HOUR),
    (turn_of_month, {}, DAY),
    (trend_pullback, {"trend_bars": "4h", "trend_period": 6, "period": 5}, HOUR),
]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(("restate", "parameters", "step"), RESTATED, ids=[row[0].__name__ for row in RESTATED])
def test_a_strategy_holds_what_its_plain_restatement_says(
    restate: Callable[[Array], Decide], parameters: dict[str, Any], step: int, seed: int
) -> None:
    bars = walk(seed, step=step)

    rows = play(restate.__name__, bars, **parameters)

    assert signs(rows, len(bars)) == expected(restate(bars), len(bars))
    assert len(rows.trades) > 5


# By hand


def at_bars(rows: Rows) -> list[tuple[int, float, float]]:
    """(bar, price, position after) of each fill."""
    return [(int(row["bar"]), float(row["price"]), float(row["position"])) for row in rows.fills]


def test_a_trailing_stop_ends_what_the_averages_began() -> None:
    closes = [100.0, 99, 98, 97, 101, 105, 110, 120, 108]

    rows = play("ema_trail", bars_at(closes), fast=1, slow=2, atr_period=2, stop_ranges=1.0)

    # at 101 the fast average crosses; the ranges 1, 1, 1, 4 make an average of 1, 1, 2.5: the stop is at 120 - 2.5
    assert at_bars(rows) == [(5, 101.0, 1.0), (8, 117.5, 0.0)]
    assert rows.trades["exit_reason"].tolist() == [ExitReason.STOP]


def test_a_turtle_adds_at_each_half_range_and_stops_below_the_last_entry() -> None:
    flat = [(100.0, 101.0, 99.0, 100.0)] * 4  # a range of 2
    climb = [(100, 102, 100, 102), (102, 103.5, 102, 103.5), (103.5, 104, 100, 100.5), (100.5, 101, 100, 100)]

    rows = play(
        "turtle", bars_of(*flat, *climb), entry=3, exit=3, atr_period=2, risk=0.01, most_units=2, step_ranges=0.5,
        stop_ranges=1.0,
    )  # fmt: skip

    # 1 % of 100,000 at a range of 2 is 500. 103.5 is above 102 + 1: another 500, with a stop at 101.5; the first one's
    # is still at 100 when the same bar falls that far
    assert at_bars(rows) == [(5, 102.0, 500.0), (6, 103.5, 1000.0), (6, 101.5, 500.0), (6, 100.0, 0.0)]


def test_a_bracket_waits_at_the_middle_band() -> None:
    closes = [100.0, 101, 100, 101, 100, 95, 97, 99, 100]

    rows = play("bollinger_bracket", bars_at(closes), period=5, deviations=1.0, stop_widths=3.0)

    middle = (101 + 100 + 101 + 100 + 95) / 5  # of the five closes up to 95
    assert at_bars(rows) == [(6, 95.0, 1.0), (8, pytest.approx(middle, abs=0.005), 0.0)]
    assert rows.trades["exit_reason"].tolist() == [ExitReason.TARGET]


def test_the_break_of_the_opening_range_is_left_at_the_days_close() -> None:
    quiet = [(100.0, 101.0, 99.0, 100.0)] * 2
    rising = [(100.0, 102.0, 100.0, 102.0), *[(102.0, 103.0, 102.0, 103.0)] * 21]

    rows = play("opening_range", bars_of(*quiet, *rising, *quiet), opening=2)

    assert at_bars(rows) == [(2, 101.0, 1.0), (23, 103.0, 0.0)]


def test_a_grid_buys_each_level_and_sells_one_level_higher() -> None:
    rows = play("grid", bars_at([100.0, 98.5, 97.5, 99.5, 98.5, 100.5]), levels=2, spacing=0.01, quantity=3.0)

    assert at_bars(rows) == [
        (1, 99.0, 3.0),
        (2, 98.0, 6.0),
        (3, 99.0, 3.0),  # the target of the lower level
        (5, 100.0, 0.0),
    ]


def test_an_investor_buys_for_the_same_amount_until_the_cash_is_gone() -> None:
    rows = play("regular_investment", bars_at([100.0, 50, 25, 20, 10, 10]), amount=100.0, every=2, cash=250.0)

    assert [(row["bar"], row["quantity"]) for row in rows.fills] == [(1, 1.0), (3, 4.0)]


def test_the_night_is_bought_at_the_close_and_sold_at_the_open() -> None:
    closes = 100.0 + np.arange(72)

    rows = play("overnight", bars_at(closes))

    assert at_bars(rows)[:2] == [(23, 123.0, 1.0), (24, 123.0, 0.0)]
    assert len(rows.trades) == 2


def test_a_position_follows_the_volatility() -> None:
    calm, storm = 1 + 0.001 * (-1.0) ** np.arange(40), 1 + 0.03 * (-1.0) ** np.arange(40)
    bars = bars_at(np.concatenate((100 * calm, 100 * storm)), step=DAY)

    rows = play("volatility_target", bars, period=10, target_volatility=0.1, most=1.0)

    deviation = np.std(np.diff(np.log(bars["close"]))[-11:-1]) * math.sqrt(252)
    assert rows.fills["position"][0] == pytest.approx(1000, rel=0.01)  # all of the equity
    assert rows.fills["position"][-1] == pytest.approx(1000 * 0.1 / deviation, rel=0.15)


def test_a_pair_is_short_what_is_dear_and_comes_home_with_the_spread() -> None:
    base = 100 + 0.1 * np.sin(np.arange(120) * 1.7)
    dear = base.copy()
    dear[50:60] *= 1.05

    rows = play("pair_spread", bars_at(dear), bars_at(base), period=40, entry_z=2.0, exit_z=0.5)

    entries = rows.fills[:2]
    assert (entries["bar"].tolist(), np.sign(entries["position"]).tolist()) == ([51, 51], [-1, 1])
    assert abs(entries["position"][0] * 105) == pytest.approx(entries["position"][1] * 100, rel=0.01)
    # the z-score of a calm bar among 40, k of them dear, is -sqrt(k / (40 - k)): nearer than 0.5 from k = 7 on, bar 92
    assert rows.fills[["bar", "position"]][2:].tolist() == [(93, 0.0), (93, 0.0)]


def test_a_rotation_holds_the_best_of_the_last_months() -> None:
    days = np.arange(90)
    rising, falling, faster = 100 * 1.001**days, 100 * 0.999**days, 100 * 1.002**days
    faster[45:] = faster[44] * 0.99 ** (days[45:] - 44)

    rows = play("monthly_rotation", *(bars_at(each, step=DAY) for each in (rising, falling, faster)), period=20)

    # from the first of February the fastest; on the first of March it has fallen, and the other riser takes its place
    assert [(row["bar"], row["instrument"]) for row in rows.fills] == [(32, 2), (61, 2), (61, 0)]


def test_a_ranking_buys_the_first_and_sells_the_last() -> None:
    days = np.arange(60)
    series = [bars_at(100 * growth**days, step=DAY) for growth in (1.004, 1.001, 1.0, 0.997)]

    rows = play("cross_momentum", *series, period=20, skip=5, hold=30, share=0.25)

    first = {int(row["instrument"]): float(np.sign(row["position"])) for row in rows.fills[:2]}
    assert first == {0: 1.0, 3: -1.0}
    assert rows.fills["bar"][0] == 30


@pytest.mark.parametrize(("name", "count"), [("pair_spread", 1), ("pair_spread", 3), ("cross_momentum", 1)])
def test_a_strategy_for_several_instruments_says_how_many_it_needs(name: str, count: int) -> None:
    with pytest.raises((ValueError, StrategyError), match="this run has"):
        session_of(name, *(walk(seed, 50) for seed in range(count))).advance(1)


@pytest.mark.parametrize(
    ("name", "parameters", "field"),
    [
        ("ema_trail", {"fast": 26, "slow": 26}, "fast"),
        ("macd_cross", {"fast": 30}, "fast"),
        ("ichimoku_cloud", {"conversion": 60}, "conversion"),
        ("grid", {"levels": 100, "spacing": 0.01}, "levels"),
        ("turn_of_month", {"first_day": 3, "last_day": 3}, "last_day"),
        ("pair_spread", {"entry_z": 1.0, "exit_z": 1.0}, "exit_z"),
        ("cross_momentum", {"period": 10, "skip": 10}, "skip"),
        ("trend_pullback", {"entry_below": 70.0}, "entry_below"),
    ],
)
def test_parameters_that_contradict_each_other_are_refused_by_field(
    name: str, parameters: dict[str, Any], field: str
) -> None:
    with pytest.raises(ParameterErrors) as refusal:
        strategies.get(name).clean(parameters)

    assert list(refusal.value.problems) == [field]


@pytest.mark.parametrize("strategy", strategies.BUILT_IN, ids=lambda strategy: strategy.strategy_type)
def test_every_strategy_trades_with_its_defaults_and_in_pieces_alike(strategy: Any) -> None:
    series = [walk(seed, 2500) for seed in range(SEVERAL.get(strategy.strategy_type, 1))]
    cash = 1e9 if strategy.strategy_type.startswith("floor") else 1e5  # whose entries are lots
    whole = session_of(strategy.strategy_type, *series, cash=cash)
    rows = whole.advance(whole.total)
    first, second = (session_of(strategy.strategy_type, *series, cash=cash) for _ in range(2))

    before = first.advance(1111)
    second.restore(first.snapshot())
    after = second.advance(second.total)

    assert len(rows.fills) > 0
    assert np.array_equal(np.concatenate((before.fills, after.fills)), rows.fills)
    assert second.snapshot() == whole.snapshot()


@pytest.mark.parametrize("strategy", strategies.BUILT_IN, ids=lambda strategy: strategy.strategy_type)
def test_every_strategy_explains_itself(strategy: Any) -> None:
    schema = strategy.schema()

    assert "Source:" in schema["description"] or strategy.strategy_type in OUR_OWN
    assert all(parameter["description"] for parameter in schema["properties"].values())
