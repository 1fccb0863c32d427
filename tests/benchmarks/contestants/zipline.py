"""zipline: functions called at each minute of an exchange's calendar, over a bundle of stored bars."""

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from zipline import run_algorithm
from zipline.api import order, set_commission, set_slippage, symbol
from zipline.data import bundles
from zipline.finance.commission import PerDollar
from zipline.finance.slippage import FixedSlippage
from zipline.utils.calendar_utils import get_calendar

DAY = 1_440  # minutes
SCALE = 10  # bundles keep thousandths of a price: at ten times the price, and the cash, four decimals fit
LIMITS = {"w1": 200_000 // DAY * DAY}  # whole days
VARIANTS = {"w1": {"at_next_close": True}}


def w1(bars: np.ndarray) -> Callable[[], tuple[int, float]]:
    """By signals that are computed before: reading a window at each bar is thirty times slower."""
    calendar = get_calendar("24/7")
    days = len(bars) // DAY
    first = calendar.date_to_session(pd.Timestamp(int(bars["time"][0]), unit="us").normalize(), "next")
    sessions = calendar.sessions_window(first, days)
    environment = {"ZIPLINE_ROOT": tempfile.mkdtemp()}
    atexit.register(shutil.rmtree, environment["ZIPLINE_ROOT"], ignore_errors=True)
    stored(bars, calendar, sessions, environment)
    closes = pd.Series(bars["close"])
    is_above = (closes.rolling(20).mean() > closes.rolling(100).mean()).tolist()
    play = iter(is_above)

    def initialize(context: Any) -> None:
        context.asset = symbol("WALK")
        context.is_held = False
        set_commission(PerDollar(cost=0.001))
        set_slippage(FixedSlippage(spread=0.0))

    def handle_data(context: Any, _: Any) -> None:
        wants = next(play)
        if wants != context.is_held:
            order(context.asset, 1 if wants else -1)
            context.is_held = wants

    def run() -> tuple[int, float]:
        days = run_algorithm(
            start=sessions[0], end=sessions[-1], initialize=initialize, handle_data=handle_data,
            capital_base=10_000.0 * SCALE, data_frequency="minute", bundle="walk", trading_calendar=calendar,
            benchmark_returns=pd.Series(0.0, index=sessions), environ=environment,
        )  # fmt: skip
        return days["transactions"].map(len).sum(), days["portfolio_value"].iloc[-1] / SCALE

    return run


def stored(bars: np.ndarray, calendar: Any, sessions: pd.DatetimeIndex, environment: dict[str, str]) -> None:
    """Bring the bars into a bundle called walk."""
    minutes = calendar.sessions_minutes(sessions[0], sessions[-1])
    frame = pd.DataFrame({name: bars[name] * SCALE for name in ("open", "high", "low", "close")}, index=minutes)
    frame["volume"] = 1_000_000.0

    @bundles.register(
        "walk", calendar_name="24/7", start_session=sessions[0], end_session=sessions[-1], minutes_per_day=DAY
    )
    def ingest(_: Any, assets: Any, minute_bars: Any, daily_bars: Any, adjustments: Any, *__: Any) -> None:
        listed = {"symbol": "WALK", "asset_name": "walk", "start_date": sessions[0], "end_date": sessions[-1]}
        exchange = {"exchange": "NONE", "canonical_name": "NONE", "country_code": "??"}
        assets.write(
            equities=pd.DataFrame([{**listed, "exchange": "NONE"}], index=[1]), exchanges=pd.DataFrame([exchange])
        )
        minute_bars.write(only(frame), show_progress=False)
        daily = frame.groupby(np.arange(len(frame)) // DAY).agg(
            {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "max"}
        )
        daily_bars.write(only(daily.set_index(sessions)), show_progress=False)
        adjustments.write()

    bundles.ingest("walk", environ=environment, show_progress=False)


def only(frame: pd.DataFrame) -> Iterator[tuple[int, pd.DataFrame]]:
    yield 1, frame
