"""freqtrade: signals from data frames, then a loop over candles that opens and closes trades."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from freqtrade.configuration import TimeRange
from freqtrade.enums import CandleType, RunMode
from freqtrade.exchange import Exchange
from freqtrade.optimize.backtesting import Backtesting

LIMITS = {"w1": 100_000, "w5": 3_000}
VARIANTS = {name: {"closes_at_end": "open"} for name in LIMITS}


class OfflineExchange(Exchange):
    """An exchange whose markets are known without asking it."""

    def reload_markets(self, *_: Any, **__: Any) -> None:
        self._markets = {pair: market(pair) for pair in self._config["exchange"]["pair_whitelist"]}


def w1(bars: np.ndarray) -> Callable[[], tuple[int, float]]:
    return play("HoldWhileAbove", bars[:, None], cash=10_000.0, fee=0.001)


def w5(bars: np.ndarray) -> Callable[[], tuple[int, float]]:
    return play("HoldWhileAbove", bars, cash=1e6, fee=0.001)


def play(strategy: str, bars: np.ndarray, *, cash: float, fee: float) -> Callable[[], tuple[int, float]]:
    """Each column of the bars is a pair. freqtrade closes what is open at the end, so every fill is one of a trade."""
    data = {f"WALK{i}/USDT": candles(bars[:, i]) for i in range(bars.shape[1])}
    backtesting = desk(strategy, list(data), cash=cash, fee=fee)

    def run() -> tuple[int, float]:
        (strategy,) = backtesting.strategylist
        backtesting.backtest_one_strategy(strategy, data, TimeRange())
        (content,) = backtesting.all_bt_content.values()
        return 2 * len(content["results"]), content["final_balance"]

    return run


def desk(strategy: str, pairs: list[str], *, cash: float, fee: float) -> Backtesting:
    config: dict[str, Any] = {
        "strategy": strategy, "strategy_path": str(Path(__file__).parent / "freqtrade_strategies"),
        "runmode": RunMode.BACKTEST, "dry_run": True, "dry_run_wallet": cash, "fee": fee, "timeframe": "1m",
        "stake_currency": "USDT", "stake_amount": 100.0, "max_open_trades": len(pairs), "tradable_balance_ratio": 1.0,
        "exchange": {"name": "binance", "pair_whitelist": pairs, "pair_blacklist": []},
        "pairlists": [{"method": "StaticPairList"}], "trading_mode": "spot", "margin_mode": "",
        "candle_type_def": CandleType.SPOT, "user_data_dir": Path.cwd(), "datadir": Path.cwd(),
        "entry_pricing": {"price_side": "same", "use_order_book": False},
        "exit_pricing": {"price_side": "same", "use_order_book": False},
        "unfilledtimeout": {"entry": 10, "exit": 10}, "dataformat_ohlcv": "feather", "dataformat_trades": "feather",
        "export": "none", "internals": {},
    }  # fmt: skip
    exchange = OfflineExchange(config, validate=False)
    exchange.reload_markets()
    return Backtesting(config, exchange)


def market(pair: str) -> dict[str, Any]:
    base, quote = pair.split("/")
    anything = {"min": None, "max": None}
    return {
        "id": base + quote, "symbol": pair, "base": base, "quote": quote, "active": True, "spot": True, "type": "spot",
        "swap": False, "future": False, "linear": None, "contractSize": None, "maker": 0.001, "taker": 0.001,
        "precision": {"amount": 1e-8, "price": 1e-4},
        "limits": {"amount": anything, "price": anything, "cost": anything, "leverage": anything}, "info": {},
    }  # fmt: skip


def candles(bars: np.ndarray) -> pd.DataFrame:
    frame = pd.DataFrame({name: bars[name] for name in ("open", "high", "low", "close", "volume")})
    frame.insert(0, "date", pd.DatetimeIndex(bars["time"].astype("datetime64[us]"), tz="UTC"))
    return frame
