"""Reports as other packages, against plain re-statements of those packages' formulas."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from apps.engine import metrics
from apps.engine.types import EQUITY, FILL, TRADE, Array
from tests.engine.runs import MONDAY

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = 86_400_000_000
CASH = 10_000.0
NO_FILLS = np.zeros(0, FILL)


def run_of(seed: int, *, step: int = DAY // 4, count: int = 1600) -> tuple[Array, Array, Array]:
    """Equity of a random walk, its closed trades, and the prices of a benchmark that it half follows."""
    random = np.random.default_rng(seed)
    moves = random.normal(0.0002, 0.006, count)
    prices = 100 * np.exp(np.cumsum(moves))
    equity = np.zeros(count, EQUITY)
    equity["time"] = MONDAY + step * np.arange(count)
    equity["equity"] = CASH * np.exp(np.cumsum(0.5 * moves + random.normal(0.0002, 0.003, count)))
    trades = np.zeros(60, TRADE)
    trades["opened_bar"] = np.arange(60) * 25 + 3
    trades["closed_bar"] = trades["opened_bar"] + random.integers(1, 20, 60)
    trades["opened_at"], trades["closed_at"] = (equity["time"][trades[name]] for name in ("opened_bar", "closed_bar"))
    trades["side"], trades["quantity"], trades["entry_price"] = 1, random.integers(1, 9, 60), 1000.0
    trades["pnl"] = random.normal(8, 60, 60)
    trades["exit_price"] = 1000.0 + trades["pnl"] / trades["quantity"]
    trades["fees"] = 0.5
    trades["gross_pnl"] = trades["pnl"] + 0.5
    return equity, trades, prices


def reported(package: str, equity: Array, trades: Array, benchmark: Any = None, year: int = 252) -> dict[str, Any]:
    return metrics.report_as(
        package, equity, trades, NO_FILLS, periods_per_year=year, initial_cash=CASH, benchmark=benchmark
    )


def days(equity: Array) -> Array:
    """The last equity of each date."""
    dates = equity["time"] // DAY
    return equity["equity"][np.append(np.diff(dates) > 0, True)]


def falls(curve: Array) -> Array:
    return 1 - curve / np.maximum.accumulate(curve)


def as_jesse(equity: Array, trades: Array, prices: Array) -> dict[str, float]:
    curve = np.append(CASH, days(equity))
    r = np.diff(curve) / curve[:-1]
    growth = np.prod(1 + r) ** (365 / len(r)) - 1
    depth = falls(np.cumprod(1 + r)).max()
    pnl = trades["pnl"]
    rate = (pnl > 0).sum() / (pnl != 0).sum()
    return {
        "sharpe": r.mean() / r.std(ddof=1) * math.sqrt(365),
        "sortino": r.mean() / math.sqrt((r[r < 0] ** 2).sum() / (len(r) + 1)) * math.sqrt(365),
        "cagr": growth * 100,
        "max_drawdown": -depth * 100,
        "calmar": growth / depth,
        "omega": r[r > 0].sum() / -r[r < 0].sum(),
        "win_rate": rate,
        "expectancy": pnl[pnl > 0].mean() * rate + pnl[pnl < 0].mean() * (1 - rate),
        "gross_loss": pnl[pnl < 0].sum(),
        "total_return": pnl.sum() / CASH * 100,
    }


def as_lean(equity: Array, trades: Array, prices: Array) -> dict[str, float]:
    curve = np.append(CASH, days(equity))
    r = np.diff(curve) / curve[:-1]
    closes = prices[np.append(np.diff(equity["time"] // DAY) > 0, True)]
    b = np.append(0.0, np.diff(closes) / closes[:-1])
    ours, theirs = (1 + r.mean()) ** 252 - 1, (1 + b.mean()) ** 252 - 1
    slope = np.cov(r, b)[0, 1] / b.var(ddof=1)
    straying = (r - b).std(ddof=1) * math.sqrt(252)
    pnl, capital, wins, losses = trades["pnl"], CASH, [], []
    for each in pnl:
        (wins if each > 0 else losses).append(each / capital)
        capital += each
    payoff = np.mean(wins) / -np.mean(losses)
    gross = trades["gross_pnl"]
    sums = np.append(0, np.cumsum(gross))
    return {
        "sharpe": ours / (r.std(ddof=1) * math.sqrt(252)),
        "sortino": ours / (r[r < 0].std(ddof=1) * math.sqrt(252)),
        "cagr": (equity["equity"][-1] / CASH) ** (365 / ((equity["time"][-1] - MONDAY) / DAY)) - 1,
        "max_drawdown": round(falls(curve).max(), 3),
        "win_rate": (pnl > 0).mean(),
        "average_win": np.mean(wins),
        "payoff_ratio": payoff,
        "expectancy_ratio": (pnl > 0).mean() * payoff - (pnl <= 0).mean(),
        "profit_factor": gross[gross > 0].sum() / -gross[gross < 0].sum(),
        "recovery_factor": gross.sum() / (np.maximum.accumulate(sums) - sums).max(),
        "beta": slope,
        "alpha": ours - slope * theirs,
        "tracking_error": straying,
        "information_ratio": (ours - theirs) / straying,
        "treynor": ours / slope,
        "value_at_risk_99": r.mean() - 2.3263478740408408 * r.std(ddof=1),
    }


def as_backtesting(equity: Array, trades: Array, prices: Array) -> dict[str, float]:
    """The year of these bars, a Monday to Sunday of them, has 365 days."""
    values, curve = equity["equity"], days(equity)
    r = np.diff(curve) / curve[:-1]
    g = np.exp(np.log1p(r).mean())
    annual = g**365 - 1
    volatility = math.sqrt((r.var(ddof=1) + g**2) ** 365 - g**730)
    logs, market = np.diff(np.log(values)), np.diff(np.log(prices))
    slope = np.cov(logs, market)[0, 1] / market.var(ddof=1)
    pnl, shares = trades["pnl"], trades["pnl"] / (trades["quantity"] * 1000)
    rate = (pnl > 0).mean()
    return {
        "total_return": (values[-1] / values[0] - 1) * 100,
        "annual_return": annual * 100,
        "volatility": volatility * 100,
        "cagr": ((values[-1] / values[0]) ** (365.25 / ((equity["time"][-1] - MONDAY) / DAY)) - 1) * 100,
        "sharpe": annual / volatility,
        "sortino": annual / math.sqrt((np.minimum(r, 0) ** 2).mean() * 365),
        "max_drawdown": -falls(values).max() * 100,
        "calmar": annual / falls(values).max(),
        "beta": slope,
        "alpha": (values[-1] / values[0] - 1 - slope * (prices[-1] / prices[0] - 1)) * 100,
        "win_rate": rate * 100,
        "best_trade": shares.max() * 100,
        "average_trade_return": (np.exp(np.log1p(shares).mean()) - 1) * 100,
        "profit_factor": shares[shares > 0].sum() / -shares[shares < 0].sum(),
        "expectancy": shares.mean() * 100,
        "sqn": math.sqrt(60) * pnl.mean() / pnl.std(ddof=1),
        "kelly": rate - (1 - rate) / (pnl[pnl > 0].mean() / -pnl[pnl < 0].mean()),
    }


def as_freqtrade(equity: Array, trades: Array, prices: Array) -> dict[str, float]:
    p = trades["pnl"] / CASH
    span = int((equity["time"][-1] - MONDAY) // DAY)
    sums = np.append(0, np.cumsum(trades["pnl"]))
    under = np.maximum.accumulate(sums) - sums
    depth = under.max() / (CASH + np.maximum.accumulate(sums)[under.argmax()])
    rate = (p > 0).mean()
    return {
        "sharpe": p.sum() / span / p.std() * math.sqrt(365),
        "sortino": p.sum() / span / p[p < 0].std() * math.sqrt(365),
        "calmar": p.sum() / span * 100 / depth * math.sqrt(365),
        "cagr": (1 + p.sum()) ** (365 / span) - 1,
        "max_drawdown_abs": under.max(),
        "max_drawdown": depth,
        "win_rate": rate,
        "expectancy": trades["pnl"].mean(),
        "expectancy_ratio": (1 + p[p > 0].mean() / -p[p < 0].mean()) * rate - 1,
        "sqn": round(math.sqrt(60) * p.mean() / p.std(ddof=1), 4),
        "profit_factor": p[p > 0].sum() / -p[p < 0].sum(),
    }


def as_quantstats(equity: Array, trades: Array, prices: Array) -> dict[str, float]:
    curve = np.append(CASH, days(equity))
    r = np.diff(curve) / curve[:-1]
    depths = falls(curve)[1:]
    growth = np.prod(1 + r) ** (252 / len(r)) - 1
    ulcer = math.sqrt((depths**2).sum() / (len(r) - 1))
    tail = math.exp(-(1.6448536269514722**2) / 2) / math.sqrt(2 * math.pi) / 0.05
    rate, payoff = (r > 0).sum() / (r != 0).sum(), r[r > 0].mean() / -r[r < 0].mean()
    return {
        "sharpe": r.mean() / r.std(ddof=1) * math.sqrt(252),
        "sortino": r.mean() / math.sqrt((r[r < 0] ** 2).sum() / len(r)) * math.sqrt(252),
        "cagr": growth,
        "max_drawdown": -falls(curve).max(),
        "calmar": growth / falls(curve).max(),
        "ulcer_index": ulcer,
        "serenity": r.sum() / (ulcer * (depths.mean() + depths.std(ddof=1) * tail) / r.std(ddof=1)),
        "value_at_risk_95_normal": r.mean() - 1.6448536269514722 * r.std(ddof=1),
        "conditional_value_at_risk_95": r.mean() - r.std(ddof=1) * tail,
        "win_rate": rate,
        "payoff_ratio": payoff,
        "kelly": rate - (1 - rate) / payoff,
        "recovery_factor": abs(r.sum()) / falls(curve).max(),
    }


RESTATED: dict[str, Callable[[Array, Array, Array], dict[str, float]]] = {
    "jesse": as_jesse,
    "lean": as_lean,
    "backtesting.py": as_backtesting,
    "freqtrade": as_freqtrade,
    "quantstats": as_quantstats,
}


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("package", RESTATED)
def test_a_report_as_a_package_follows_its_formulas(package: str, seed: int) -> None:
    equity, trades, prices = run_of(seed)

    found = reported(package, equity, trades, prices)

    for name, value in RESTATED[package](equity, trades, prices).items():
        assert found[name] == pytest.approx(value, rel=1e-9), name


@pytest.mark.parametrize("package", RESTATED)
def test_a_report_of_little_or_nothing_is_no_error(package: str) -> None:
    equity, trades, _ = run_of(3)

    for curve in (equity[:0], equity[:1], equity[:9]):
        found = reported(package, curve, trades[:0])
        assert not any(isinstance(value, float) and math.isnan(value) for value in found.values())


def test_placeholders_are_those_of_the_packages() -> None:
    equity, trades, _ = run_of(3)
    trades = trades[:3]
    trades["pnl"] = trades["gross_pnl"] = 5.0

    assert reported("freqtrade", equity, trades)["sharpe"] == -100
    assert reported("freqtrade", equity, trades)["expectancy_ratio"] == 100
    assert reported("lean", equity, trades)["profit_factor"] == 10


def test_names_are_ours_and_unknown_packages_are_refused() -> None:
    equity, trades, _ = run_of(1)

    for dialect in metrics.DIALECTS.values():
        assert set(dialect) <= set(metrics.METRICS), dialect.package
    with pytest.raises(ValueError, match="no report as 'zipline'; there is jesse, lean"):
        reported("zipline", equity, trades)
