"""Jesse: daily balances that begin with the starting balance, 365 days a year; percents."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from apps.engine.metrics import trades
from apps.engine.metrics.curve import depths
from apps.engine.metrics.dialects.conventions import Dialect
from apps.engine.metrics.holding import hours_held
from apps.engine.metrics.moments import deviation, mean, ratio, total

if TYPE_CHECKING:
    from apps.engine.metrics.run import Run

YEAR = 365
JESSE = Dialect(
    "jesse",
    "3.5.3",
    "Daily balances begin with the starting balance, whose own return is missing: it counts in n + 1 below. "
    "The serenity index is left out: it hangs on how the installed pandas treats that missing value.",
)
figure = JESSE.figure
METRICS = "services/metrics.py"


@figure("sharpe_ratio", "mean(r) / s(r) × √365", f"{METRICS}:71")
def sharpe(run: Run) -> float | None:
    return _annual(ratio(mean(run.returns), deviation(run.returns)))


@figure("sortino_ratio", "mean(r) / √(Σ min(r, 0)² / (n + 1)) × √365; ±∞ without a loss", f"{METRICS}:90")
def sortino(run: Run) -> float | None:
    downside = math.sqrt(total(np.minimum(run.returns, 0.0) ** 2) / (len(run.returns) + 1))
    average = mean(run.returns)
    if average is None or downside:
        return _annual(ratio(average, downside))
    return math.copysign(math.inf, average if average else -1.0)


@figure("annual_return", "(Π(1 + r)^(365 / n) − 1) × 100", f"{METRICS}:215")
def cagr(run: Run) -> float:
    growth = float(run.daily_curve[-1]) / run.initial_cash
    return math.nan if growth < 0.0 else float(growth ** (YEAR / len(run.returns)) - 1.0) * 100.0


@figure("max_drawdown", "−max(fall) × 100 of the days' balances, without the starting one", f"{METRICS}:167")
def max_drawdown(run: Run) -> float:
    return -float(depths(run.daily_curve[1:]).max()) * 100.0


@figure("calmar_ratio", "annual_return / |max_drawdown|; 0 without a fall", f"{METRICS}:131")
def calmar(run: Run) -> float:
    return ratio(cagr(run), -max_drawdown(run)) or 0.0


@figure("omega_ratio", "Σ max(r, 0) / Σ max(−r, 0)", f"{METRICS}:244")
def omega(run: Run) -> float | None:
    return ratio(total(np.maximum(run.returns, 0.0)), total(np.maximum(-run.returns, 0.0)))


@figure("total", "closed trades", f"{METRICS}:trades")
def total_trades(run: Run) -> int:
    return len(run.trades)


@figure("win_rate", "wins / (wins + losses); 0 without a win", f"{METRICS}:358")
def win_rate(run: Run) -> float:
    decided = run.samples["wins"] + run.samples["losses"]
    return run.samples["wins"] / decided if decided else 0.0


@figure("ratio_avg_win_loss", "average_win / average_loss", f"{METRICS}:trades")
def payoff_ratio(run: Run) -> float | None:
    return trades.payoff_ratio(run)


@figure("net_profit", "Σ results of closed trades", f"{METRICS}:trades")
def net_pnl(run: Run) -> float:
    return total(run.results)


@figure("net_profit_percentage", "net_profit / starting balance × 100", f"{METRICS}:trades")
def total_return(run: Run) -> float:
    return total(run.results) / run.initial_cash * 100.0


@figure("expectancy", "average_win × win_rate − average_loss × (1 − win_rate)", f"{METRICS}:379")
def expectancy(run: Run) -> float:
    rate = win_rate(run)
    return (trades.average_win(run) or 0.0) * rate - (trades.average_loss(run) or 0.0) * (1.0 - rate)


@figure("gross_profit", "Σ results > 0", f"{METRICS}:trades")
def gross_profit(run: Run) -> float:
    return trades.gross_profit(run)


@figure("gross_loss", "Σ results < 0, negative", f"{METRICS}:trades")
def gross_loss(run: Run) -> float:
    return -trades.gross_loss(run)


@figure("largest_winning_trade", "max result > 0, else 0", f"{METRICS}:trades")
def best_trade(run: Run) -> float:
    return float(run.results.max(initial=0.0))


@figure("largest_losing_trade", "min result < 0, else 0", f"{METRICS}:trades")
def worst_trade(run: Run) -> float:
    return float(run.results.min(initial=0.0))


@figure("average_holding_period", "mean(exit − entry), in seconds", f"{METRICS}:trades")
def average_hours_held(run: Run) -> float | None:
    hours = mean(hours_held(run.trades))
    return None if hours is None else hours * 3600.0


@figure("fee", "Σ fees of closed trades", f"{METRICS}:trades")
def total_fees(run: Run) -> float:
    return total(run.trades["fees"])


def _annual(daily: float | None) -> float | None:
    return None if daily is None else daily * math.sqrt(YEAR)
