"""NautilusTrader: strategies as classes over an exchange that is simulated order by order."""

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pandas as pd
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.indicators import SimpleMovingAverage
from nautilus_trader.model.currencies import BTC, EUR, USDT
from nautilus_trader.model.data import Bar, BarType, QuoteTick
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CryptoPerpetual, CurrencyPair
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.persistence.wranglers import BarDataWrangler, QuoteTickDataWrangler
from nautilus_trader.trading.strategy import Strategy, StrategyConfig

LIMITS = {"w1": 150_000, "w4": 500_000, "w5": 4_000}
TOLERANCE = {"w1": 1e-3, "w5": 1e-2}  # every profit and fee is rounded to the currency's eight places
VENUE = Venue("SIM")


class HoldWhileAbove(Strategy):
    """The last bar decides nothing: its order would be filled at once, at the close just seen."""

    def __init__(self, instrument: CryptoPerpetual, bar_type: BarType, last_time: int) -> None:
        super().__init__(StrategyConfig(order_id_tag=instrument.id.symbol.value))
        self.instrument = instrument
        self.bar_type = bar_type
        self.last_time = last_time
        self.unit = instrument.make_qty(1)
        self.fast = SimpleMovingAverage(20)
        self.slow = SimpleMovingAverage(100)

    def on_start(self) -> None:
        self.register_indicator_for_bars(self.bar_type, self.fast)
        self.register_indicator_for_bars(self.bar_type, self.slow)
        self.subscribe_bars(self.bar_type)

    def on_bar(self, bar: Bar) -> None:
        if not self.slow.initialized or bar.ts_event == self.last_time:
            return
        if self.fast.value > self.slow.value:
            if self.portfolio.is_flat(self.instrument.id):
                self.order(OrderSide.BUY)
        elif not self.portfolio.is_flat(self.instrument.id):
            self.order(OrderSide.SELL)

    def order(self, side: OrderSide) -> None:
        self.submit_order(self.order_factory.market(self.instrument.id, side, self.unit))


def w1(bars: np.ndarray) -> Callable[[], tuple[int, float]]:
    return hold_while_above(bars[:, None], cash=10_000)


def w5(bars: np.ndarray) -> Callable[[], tuple[int, float]]:
    return hold_while_above(bars, cash=1_000_000)


def hold_while_above(bars: np.ndarray, cash: int) -> Callable[[], tuple[int, float]]:
    """A strategy for each column of the bars."""
    engine = exchange(cash)
    for i in range(bars.shape[1]):
        instrument = contract(f"WALK{i}", fee="0.001")
        add_bars(engine, instrument, bars[:, i])
        engine.add_strategy(HoldWhileAbove(instrument, bar_type(instrument), int(bars["time"][-1, i]) * 1_000))

    def run() -> tuple[int, float]:
        engine.run()
        return outcome(engine)

    return run


def exchange(cash: int) -> BacktestEngine:
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    engine.add_venue(VENUE, OmsType.NETTING, AccountType.MARGIN, [Money(cash, USDT)], base_currency=USDT)
    return engine


def contract(symbol: str, *, fee: str) -> CryptoPerpetual:
    return CryptoPerpetual(
        instrument_id=InstrumentId(Symbol(symbol), VENUE), raw_symbol=Symbol(symbol),
        base_currency=BTC, quote_currency=USDT, settlement_currency=USDT, is_inverse=False,
        price_precision=4, price_increment=Price.from_str("0.0001"),
        size_precision=3, size_increment=Quantity.from_str("0.001"),
        ts_event=0, ts_init=0, margin_init=Decimal("0.01"), margin_maint=Decimal("0.005"),
        maker_fee=Decimal(fee), taker_fee=Decimal(fee),
    )  # fmt: skip


def bar_type(instrument: CryptoPerpetual) -> BarType:
    return BarType.from_str(f"{instrument.id}-1-MINUTE-LAST-EXTERNAL")


def add_bars(engine: BacktestEngine, instrument: CryptoPerpetual, bars: np.ndarray) -> None:
    """A small volume would fill orders in part: each bar has plenty."""
    frame = pd.DataFrame({name: bars[name] for name in ("open", "high", "low", "close")})
    frame["volume"] = 1e6
    frame.index = pd.DatetimeIndex(bars["time"].astype("datetime64[us]"), tz="UTC")
    engine.add_instrument(instrument)
    engine.add_data(BarDataWrangler(bar_type(instrument), instrument).process(frame))


def outcome(engine: BacktestEngine) -> tuple[int, float]:
    """Filled orders, and the balance with the open profit."""
    balance = engine.portfolio.account(VENUE).balance_total(USDT).as_double()
    open_profit = engine.portfolio.unrealized_pnls(VENUE).get(USDT)
    return len(engine.cache.orders_closed()), balance + (open_profit.as_double() if open_profit else 0.0)


class AddLayers(Strategy):
    """Layers at the ask, all out at the bid; a market order is filled before the call that gave it returns."""

    def __init__(self, instrument: CurrencyPair) -> None:
        super().__init__()
        self.instrument = instrument
        self.layers = self.cycles = 0
        self.last = self.cost = 0.0

    def on_start(self) -> None:
        self.subscribe_quote_ticks(self.instrument.id)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        bid, ask = tick.bid_price.as_double(), tick.ask_price.as_double()
        if self.layers == 0:
            self.enter(ask)
        elif bid >= self.cost / self.layers + 0.0009987 or (self.layers == 5 and bid <= self.last - 0.0029987):
            self.order(OrderSide.SELL, 1_000 * self.layers)
            self.layers, self.cost = 0, 0.0
            self.cycles += 1
        elif self.layers < 5 and ask <= self.last - 0.0009987:
            self.enter(ask)

    def enter(self, ask: float) -> None:
        self.order(OrderSide.BUY, 1_000)
        self.layers += 1
        self.last = ask
        self.cost += ask

    def order(self, side: OrderSide, quantity: int) -> None:
        self.submit_order(self.order_factory.market(self.instrument.id, side, Quantity.from_int(quantity)))


def w4(ticks: np.ndarray) -> Callable[[], tuple[int, float]]:
    engine = exchange(10_000)
    symbol = Symbol("EUR/USDT")
    instrument = CurrencyPair(
        instrument_id=InstrumentId(symbol, VENUE), raw_symbol=symbol, base_currency=EUR, quote_currency=USDT,
        price_precision=5, price_increment=Price.from_str("0.00001"),
        size_precision=0, size_increment=Quantity.from_int(1), ts_event=0, ts_init=0,
    )  # fmt: skip
    frame = pd.DataFrame({"bid_price": ticks["bid"], "ask_price": ticks["ask"]})
    frame.index = pd.DatetimeIndex(ticks["time"].astype("datetime64[us]"), tz="UTC")
    engine.add_instrument(instrument)
    engine.add_data(QuoteTickDataWrangler(instrument).process(frame))
    strategy = AddLayers(instrument)
    engine.add_strategy(strategy)

    def run() -> tuple[int, float]:
        engine.run()
        return strategy.cycles, outcome(engine)[1]

    return run
