"""Real ticks and quote bars through the whole platform: bit for bit what the engine brings from the same file."""

from __future__ import annotations

import csv
import gzip
import json
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest

from apps.engine import strategies
from apps.engine.listing import Listing
from apps.engine.series.quotes import QUOTE_BAR, TICK
from apps.engine.series.timeframes import Timeframe
from apps.engine.session import Session
from apps.engine.strategy import Strategy
from apps.engine.types import Costs, Instrument
from apps.events.models import Event
from tests.golden.cases import micros

if TYPE_CHECKING:
    from pathlib import Path

    from apps.engine.types import Array

pytestmark = pytest.mark.django_db
FILES = {
    "EURUSD, HistData": ("ticks/fx_eurusd_tick_histdata_20200101.csv.gz", "EUR_USD", 1e-5, 9500),
    "EURUSD, as HistData wrote it": ("raw/histdata/DAT_ASCII_EURUSD_T_20200101.csv", "EUR_USD", 1e-5, 9500),
    "EURUSD, OANDA": ("ticks/fx_eurusd_tick_oanda_20140501_04.parquet", "EUR_USD", 1e-5, 74_684),
    "USDJPY, TrueFX": ("ticks/fx_usdjpy_tick_truefx_20130101.csv.gz", "USD_JPY", 1e-3, 1000),
    "BTCUSDT, Binance": ("ticks/crypto_btcusdt_quotes_binance_20210108.csv.gz", "BTC_USDT", 0.01, 451),
}
"""file, instrument, what it is traded in, and how many ticks were counted by other means."""
UNIFORM = {"raw/histdata/DAT_ASCII_EURUSD_T_20200101.csv": "ticks/fx_eurusd_tick_histdata_20200101.csv.gz"}
GOLDEN = "S14_bid_ask_spread_eurusd_1m"


class Ladder(Strategy):
    """Buys every fortieth tick, and wherever the ask has fallen by a little, four times; then closes after a while."""

    steps: ClassVar[int] = 4

    def init(self) -> None:
        self.rung, self.seen = 0.0, 0

    def on_tick(self, bid: float, ask: float) -> None:
        self.seen += 1
        if self.position and (self.seen % 90 == 0 or bid > self.average_price):
            self.close_position()
        elif self.position < self.steps and (self.seen % 40 == 0 or ask <= self.rung * (1 - 3e-5)):
            self.buy(1)
            self.rung = ask


def ticks_of(path: Path) -> Array:
    """The ticks of a uniform file, read in another way than the platform's."""
    if path.suffix == ".parquet":
        table = pytest.importorskip("pyarrow.parquet").read_table(path)
        columns = [np.asarray(table["timestamp"].cast("int64")) * 1000, table["bid"], table["ask"]]
        return np.array(list(zip(*(column.tolist() for column in map(np.asarray, columns)), strict=True)), TICK)
    with gzip.open(path, "rt", newline="") as file:
        return np.array([(_exact(row[0]), float(row[1]), float(row[2])) for row in list(csv.reader(file))[1:]], TICK)


def _exact(time: str) -> int:
    return int(np.datetime64(time.removesuffix("Z"), "us").astype("i8"))


def carried_out(path: Path, owner: Any, symbol: str, config: Any, described: dict[str, Any], **terms: Any) -> Any:
    """The execution of a file that was imported and run as a user would."""
    from apps.executions.services import create_backtest_task, start
    from apps.market.services import import_file
    from apps.runner.run import run

    with path.open("rb") as file:
        version = import_file(owner=owner, name=path.name, symbol=symbol, file=file, filename=path.name, **described)
    task = create_backtest_task(owner=owner, name=path.name, config=config, dataset=version.dataset, **terms)
    execution = start(task)
    run(execution.pk)
    execution.refresh_from_db()
    assert execution.status == "completed", execution.error_message
    return execution


def balances(execution: Any) -> bytes:
    from apps.equity.journal import equity

    points: np.ndarray = equity.points(execution.pk, 1, 10**7)["balance"]
    return points.tobytes()


@pytest.mark.parametrize(("name", "symbol", "increment", "count"), FILES.values(), ids=FILES.keys())
def test_real_ticks_bring_what_the_engine_brings(
    shared: Path,
    owner: Any,
    make_config: Any,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    symbol: str,
    increment: float,
    count: int,
) -> None:
    monkeypatch.setattr(strategies, "all", lambda: {"ladder": Ladder})
    ticks = ticks_of(shared / "data" / UNIFORM.get(name, name))
    config = make_config(strategy_type="ladder", parameters={})
    described = {"layout": "ticks", "instrument": {"price_increment": increment, "quantity_step": 1.0}}
    terms = {"equity_seconds": 1, "timeframe": "1m", "costs": {"slippage_ticks": 1.0}}

    execution = carried_out(shared / "data" / name, owner, symbol, config, described, **terms)

    instrument = execution.dataset_version.dataset.instrument
    listed = Instrument(symbol, price_increment=increment, pip_size=instrument.pip_size, periods_per_year=365)
    session = Session(
        Ladder,
        {},
        Listing(listed, ticks),
        cash=10_000.0,
        costs=Costs(slippage_ticks=1.0),
        timeframe=Timeframe.parse("1m"),
        equity_seconds=1.0,
    )
    rows = session.advance(session.total)
    assert len(ticks) == count == execution.processed
    assert balances(execution) == rows.equity["equity"].tobytes()
    assert execution.trades_head == len(rows.trades)
    filled = Event.objects.filter(execution=execution, event_type="trade_executed")
    assert filled.count() == len(rows.fills) > 5


def test_the_golden_case_of_bid_and_ask_bars_is_the_same_through_the_platform(
    shared: Path, owner: Any, make_config: Any
) -> None:
    case = json.loads((shared / "golden" / "cases" / f"{GOLDEN}.json").read_text())
    path, params = shared.parent / case["data"], case["params"]
    config = make_config(parameters={"fast": params["fast"], "slow": params["slow"], "quantity": params["qty"]})
    described = {"layout": "quote_bars", "timeframe_seconds": 60, "instrument": {"price_increment": 1e-5}}

    execution = carried_out(path, owner, "EUR_USD", config, described, initial_balance=case["cash"])

    with np.load(shared / "golden" / "equity.npz") as curves:
        golden = curves[GOLDEN]
    with gzip.open(path, "rt", newline="") as file:
        quotes = [(micros(row[0]), *map(float, row[1:9]), 0) for row in list(csv.reader(file))[1:]]
    session = Session(
        strategies.get("sma_cross"),
        config.parameters,
        Listing(Instrument("EUR_USD", price_increment=1e-5, pip_size=1e-4), np.array(quotes, QUOTE_BAR)),
        cash=case["cash"],
    )
    rows = session.advance(session.total)
    assert balances(execution) == rows.equity["equity"].tobytes()
    assert np.abs(np.frombuffer(balances(execution)) - golden).max() <= 1e-6
    assert execution.trades_head == len(case["trades"])
