"""The floor strategy: its worked example, the rules told once more, resumption, real prices, and what it refuses."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.engine.errors import ParameterErrors, StrategyError
from apps.engine.listing import Listing
from apps.engine.series.happenings import RATE
from apps.engine.series.quotes import QUOTE_BAR, TICK
from apps.engine.session import Session
from apps.engine.strategies.floor import Floor
from apps.engine.types import BAR, Account, Array, Costs, FillRules, Instrument, Rows
from tests.engine.floor_cases import (
    EURUSD,
    SECOND,
    USDJPY,
    Case,
    difference,
    drawn,
    events,
    parameters_drawn,
    rows_before,
    run,
    trades,
)
from tests.golden.series import read_series

MINUTE = 60 * SECOND
EMPTY: dict[str, Any] = {}


def falling_ticks(*asks: float) -> Array:
    """Fifty quiet minutes at the first of these asks, then the others, a second apart; the bid is a pip below."""
    prices = [asks[0]] * 50 + list(asks[1:]) + [asks[-1]]
    ticks = np.zeros(len(prices), TICK)
    ticks["time"] = [i * MINUTE if i < 50 else 49 * MINUTE + (i - 49) * SECOND for i in range(len(prices))]
    ticks["ask"] = prices
    ticks["bid"] = np.round(ticks["ask"] - 0.01, 3)
    return ticks


def in_dollars(ticks: Array) -> Session:
    """USD_JPY in an account of dollars."""
    rates = np.zeros(len(ticks), RATE)
    rates["time"], rates["rate"] = ticks["time"], 2.0 / (ticks["bid"] + ticks["ask"])
    account = Account(currency="USD", hedging=True)
    return Session(Floor, {}, Listing(USDJPY, ticks), cash=10_000.0, account=account, rates={"JPY": rates})


def told(parts: list[Rows]) -> list[tuple[str, dict[str, Any]]]:
    return events(parts, 2**62)


@pytest.mark.case("T35")
def test_the_worked_example() -> None:
    ticks = falling_ticks(150.010, 149.710, 149.410, 149.670, 149.970, 150.270)

    parts = run(in_dollars(ticks))

    happened = [
        (
            kind,
            each["units"],
            each.get("price", each.get("exit_price")),
            each.get("planned_exit_price"),
            each.get("pnl"),
        )
        for kind, each in told(parts)
    ]
    assert happened[:6] == [
        ("initial_entry", 1000, "150.010", "150.260", None),
        ("retracement", 2000, "149.710", "149.960", None),
        ("retracement", 3000, "149.410", "149.660", None),
        ("take_profit", 3000, "149.660", None, "5.01"),
        ("take_profit", 2000, "149.960", None, "3.33"),
        ("take_profit", 1000, "150.260", None, "1.66"),
    ]
    assert [each["entry_id"] for kind, each in told(parts) if kind == "take_profit"] == [3, 2, 1]
    first = told(parts)[0][1]
    assert first["planned_exit_price_formula"] == "150.010 + 25 * 0.01"
    assert first["entry_time"] == "1970-01-01T00:49:00Z"
    assert [trade[:4] for trade in trades(parts)] == [(1, 2, 3, 3000), (1, 1, 2, 2000), (1, 0, 1, 1000)]


def test_the_worked_example_in_its_own_currency() -> None:
    ticks = falling_ticks(150.010, 149.710, 149.410, 149.670, 149.970, 150.270)

    parts = run(Session(Floor, {}, Listing(USDJPY, ticks), cash=1_500_000.0))

    assert [trade[6] for trade in trades(parts)] == ["750.00", "500.00", "250.00"]


def test_a_ladder_that_has_lost_an_entry_fills_its_place_again() -> None:
    ticks = falling_ticks(150.010, 149.710, 149.410, 149.670, 149.410)

    added = [each for kind, each in told(run(in_dollars(ticks))) if kind == "retracement"]

    assert [(each["retracement_count"], each["units"], each["price"]) for each in added] == [
        (1, 2000, "149.710"), (2, 3000, "149.410"), (2, 3000, "149.410"),
    ]  # fmt: skip


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**32))
def test_a_slow_restatement_of_the_rules_comes_to_the_same(seed: int) -> None:
    case = drawn(seed)

    assert difference(case, case.rules()) == ""


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 2**32), data=st.data())
def test_a_resumed_run_is_the_same_to_the_bit(seed: int, data: st.DataObject) -> None:
    case = drawn(seed)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(case.times)), max_size=4)))

    assert tape(resumed(case, cuts)) == tape(run(case.session()))


def resumed(case: Case, cuts: list[int]) -> list[Rows]:
    """The parts of a run that was put down at each of these rows and taken up by a fresh session."""
    session, parts = case.session(), []
    try:
        for cut in [*cuts, session.total]:
            if cut > session.processed:
                parts.append(session.advance(cut - session.processed))
                fresh = case.session()
                fresh.restore(session.snapshot())
                session = fresh
    except StrategyError as error:
        parts.append(rows_before(error))
    return parts


def tape(parts: list[Rows]) -> tuple[Any, ...]:
    tables = tuple(
        b"".join(getattr(rows, name).tobytes() for rows in parts) for name in ("orders", "fills", "trades", "equity")
    )
    said = [each._replace(after=0) for rows in parts for each in rows.told]
    noted = [text for rows in parts if len(rows.trades) for text in rows.details]
    return *tables, said, noted


def as_quote_bars(case: Case) -> Array:
    """Bars of one tick each."""
    ticks = case.rows()
    ticks["time"] = np.arange(len(ticks)) * SECOND
    bars = np.zeros(len(ticks), QUOTE_BAR)
    bars["time"] = ticks["time"]
    for side in ("bid", "ask"):
        for price in ("open", "high", "low", "close"):
            bars[f"{side}_{price}"] = ticks[side]
    return bars


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 2**32))
def test_quote_bars_decide_at_their_closes_as_ticks_do(seed: int) -> None:
    case = drawn(seed)
    bars = as_quote_bars(case)
    ticks = case.rows()
    ticks["time"] = bars["time"]
    account = Account(hedging=case.hedges)

    of_bars, of_ticks = (
        run(Session(Floor, case.parameters, Listing(case.instrument, rows), cash=case.cash, account=account))
        for rows in (bars, ticks)
    )

    assert [timeless(each) for each in told(of_bars)] == [timeless(each) for each in told(of_ticks)]
    assert trades(of_bars) == trades(of_ticks)


def timeless(event: tuple[str, dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    """A bar's entry is at its end, and that of a tick at its own time."""
    return event[0], {name: value for name, value in event[1].items() if not name.endswith("_time")}


def test_plain_bars_are_the_middle_of_the_spread_of_the_costs() -> None:
    ticks = falling_ticks(150.010, 149.710, 149.410, 149.670, 149.970, 150.270)
    bars = np.zeros(len(ticks), BAR)
    bars["time"] = np.arange(len(ticks)) * MINUTE
    for price in ("open", "high", "low", "close"):
        bars[price] = np.round(ticks["ask"] - 0.005, 4)

    parts = run(Session(Floor, {}, Listing(USDJPY, bars), cash=1_500_000.0, costs=Costs(spread=0.01)))

    assert [(each[0], each[1].get("price", each[1].get("exit_price"))) for each in told(parts)][:6] == [
        ("initial_entry", "150.010"), ("retracement", "149.710"), ("retracement", "149.410"),
        ("take_profit", "149.660"), ("take_profit", "149.960"), ("take_profit", "150.260"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "instrument", "cash"),
    [
        ("fx_eurusd_tick_oanda_20140501_04.parquet", EURUSD, 10_000.0),
        ("fx_eurusd_tick_histdata_20200101.csv.gz", EURUSD, 10_000.0),
        ("fx_usdjpy_tick_truefx_20130101.csv.gz", USDJPY, 1_000_000.0),
    ],
)
def test_real_ticks_come_to_the_same_by_the_rules(file: str, instrument: Instrument, cash: float, shared: Path) -> None:
    rows = read_series(shared / "data" / "ticks" / file, TICK)[:6000]
    digits = 5 if instrument is EURUSD else 3
    bids, asks = (np.rint(rows[side] * 10**digits).astype(int).tolist() for side in ("bid", "ask"))
    parameters = {"retracement_pips": 2.0, "take_profit_pips": 1.5, "entry_signal_lookback_candles": 3}
    limits = {"market_condition_spread_limit_pips": 8.0, "volatility_lock_multiplier": 2.0}
    limits |= {"entry_signal_candle_granularity_seconds": 30, "atr_period": 3, "atr_baseline_period": 20}
    case = Case(instrument, {**parameters, **limits}, cash, True, rows["time"].tolist(), bids, asks)

    rules = case.rules()

    assert {"initial_entry", "take_profit"} <= {kind for kind, _ in rules.events}
    assert difference(case, rules) == ""


def test_all_of_the_real_ticks_are_gone_through(shared: Path) -> None:
    rows = read_series(shared / "data" / "ticks" / "fx_eurusd_tick_oanda_20140501_04.parquet", TICK)
    session = Session(Floor, {"retracement_pips": 5.0, "take_profit_pips": 4.0}, Listing(EURUSD, rows), cash=10_000.0)

    parts = run(session)

    assert session.finished
    closed = [each for kind, each in told(parts) if kind == "take_profit"]
    assert closed
    assert len(closed) == len(trades(parts))
    assert sum(float(each["pnl"]) for each in closed) == pytest.approx(sum(float(each[6]) for each in trades(parts)))


@pytest.mark.parametrize("rules", [FillRules(), FillRules(latency_seconds=1.5), FillRules(market_at_close=True)])
@pytest.mark.parametrize("seed", [11, 12, 13])
def test_whenever_orders_fill_what_is_told_are_the_fills(rules: FillRules, seed: int) -> None:
    case = drawn(seed)
    listing = Listing(case.instrument, case.rows())

    parts = run(Session(Floor, case.parameters, listing, cash=1e7, account=Account(hedging=True), rules=rules))

    closed = {trade[2]: trade for trade in trades(parts)}
    assert closed
    for kind, event in told(parts):
        if kind == "take_profit":
            _, _, _, units, entry, exit_, pnl = closed[event["entry_id"]]
            assert event["units"] == units
            assert (float(event["entry_price"]), float(event["exit_price"])) == pytest.approx((entry, exit_))
            assert float(event["pnl"]) == pytest.approx(float(pnl), abs=0.011)


def test_contradictions_are_told_all_at_once_by_field() -> None:
    wrong = {
        "margin_cut_target_ratio": 0.7,
        "volatility_unlock_multiplier": 5.0,
        "atr_period": 50,
        "retracement_pips": 0,
        "max_layers": "three",
        "floor_profiles": [{"take_profit_pips": -1.0}, 7],
        "take_profit_pip": 3,
    }

    with pytest.raises(ParameterErrors) as refused:
        Floor.clean(wrong)

    assert set(refused.value.problems) == set(wrong)
    assert "Did you mean take_profit_pips?" in refused.value.problems["take_profit_pip"][0]
    assert "Row 1 has no retracement_pips." in refused.value.problems["floor_profiles"][0]


def test_every_parameter_has_a_range_and_says_what_it_is() -> None:
    properties = Floor.schema()["properties"]

    for name, described in properties.items():
        assert described["description"], name
        bounded = {"minimum", "exclusiveMinimum", "enum", "maxItems"} & described.keys()
        assert bounded or described["type"] == "boolean", name


def test_a_value_on_the_edge_of_its_range_is_refused_where_it_is_excluded() -> None:
    with pytest.raises(ParameterErrors, match=r"more than 0 is needed"):
        Floor.clean({"take_profit_pips": 0.0})


def test_an_account_too_small_for_one_entry_ends_the_run() -> None:
    ticks = falling_ticks(150.010, 149.710)
    session = Session(Floor, {}, Listing(USDJPY, ticks), cash=10_000.0)

    with pytest.raises(StrategyError, match="margin_cut_target_ratio") as stopped:
        session.advance(session.total)

    assert stopped.value.rows is not None
    (event,) = stopped.value.rows.told
    assert (event.event_type, event.kind) == ("strategy_stopped", "margin_blowout_stop")
    assert json.loads(event.content) == {
        "hypothetical_margin_ratio": "0.6000", "margin_cut_target_ratio": "0.5000", "nav": "10000.00",
    }  # fmt: skip


def test_the_draws_are_of_parameters_that_can_be() -> None:
    import random

    for seed in range(200):
        Floor.clean(parameters_drawn(random.Random(seed)))
