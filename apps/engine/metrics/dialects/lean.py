"""LEAN: daily performance, arithmetic mean compounded to a year; fractions, and 0 for what is undefined."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from apps.engine.metrics.curve import depths
from apps.engine.metrics.dialects.conventions import Dialect
from apps.engine.metrics.moments import covariance, deviation, kurtosis, mean, ratio, skewness, total
from apps.engine.metrics.trades import gains, losses

if TYPE_CHECKING:
    from apps.engine.metrics.run import Run
    from apps.engine.types import Column

LEAN = Dialect(
    "lean",
    "master of 2025",
    "Computed with a risk-free rate of 0, where LEAN takes the US rate of the period; the year has periods_per_year "
    "days, as LEAN's has 252, or 365 at a crypto brokerage. LEAN prints three to four decimals of these numbers.",
)
figure = LEAN.figure
PORTFOLIO = "Common/Statistics/PortfolioStatistics.cs"


@figure("Sharpe Ratio", "((1 + mean(r))^P − 1) / (s(r) × √P)", f"{PORTFOLIO}:294")
def sharpe(run: Run) -> float:
    return ratio(_annual_performance(run, run.returns), volatility(run)) or 0.0


@figure("Sortino Ratio", "((1 + mean(r))^P − 1) / (s(r where r < 0) × √P)", f"{PORTFOLIO}:297")
def sortino(run: Run) -> float:
    downside = deviation(run.returns[run.returns < 0.0])
    return ratio(_annual_performance(run, run.returns), _annual(run, downside)) or 0.0


@figure("Annual Standard Deviation", "s(r) × √P", f"{PORTFOLIO}:288")
def volatility(run: Run) -> float:
    return _annual(run, deviation(run.returns)) or 0.0


@figure("Compounding Annual Return", "(end / start)^(365 / days) − 1", f"{PORTFOLIO}:285")
def cagr(run: Run) -> float:
    growth = float(run.curve[-1]) / run.initial_cash
    return growth ** (365.0 / run.span_days) - 1.0 if run.span_days > 0.0 and growth > 0.0 else 0.0


@figure("Drawdown", "max(fall) of daily equity, rounded to 3 decimals", f"{PORTFOLIO}:264")
def max_drawdown(run: Run) -> float:
    return round(float(depths(run.daily_curve).max()), 3)


@figure("Net Profit", "end / start − 1", f"{PORTFOLIO}:TotalNetProfit")
def total_return(run: Run) -> float:
    return float(run.curve[-1]) / run.initial_cash - 1.0


@figure("Win Rate", "results > 0 / trades; a result of 0 is a loss", f"{PORTFOLIO}:275")
def win_rate(run: Run) -> float:
    return ratio(run.samples["wins"], len(run.results)) or 0.0


@figure("Average Win", "mean(result / capital before it) of wins, closed trades only", f"{PORTFOLIO}:AverageWinRate")
def average_win(run: Run) -> float:
    return mean(_rates(run)[run.results > 0.0]) or 0.0


@figure("Average Loss", "mean(result / capital before it) of the others, negative", f"{PORTFOLIO}:AverageLossRate")
def average_loss(run: Run) -> float:
    return mean(_rates(run)[run.results <= 0.0]) or 0.0


@figure("Profit-Loss Ratio", "Average Win / |Average Loss|", f"{PORTFOLIO}:ProfitLossRatio")
def payoff_ratio(run: Run) -> float:
    return ratio(average_win(run), abs(average_loss(run))) or 0.0


@figure("Expectancy", "Win Rate × Profit-Loss Ratio − Loss Rate", f"{PORTFOLIO}:277")
def expectancy_ratio(run: Run) -> float:
    lost = 1.0 - win_rate(run) if len(run.results) else 0.0
    return win_rate(run) * payoff_ratio(run) - lost


@figure(
    "ProfitFactor",
    "profits / losses of trades before fees; 10 without a loss, 0 without a win",
    "Common/Statistics/TradeStatistics.cs:420",
)
def profit_factor(run: Run) -> float:
    won, lost = gains(run.trades["gross_pnl"]), losses(run.trades["gross_pnl"])
    if lost == 0.0:
        return 10.0 if won > 0.0 else 0.0
    return won / lost


@figure(
    "ProfitToMaxDrawdownRatio",
    "result before fees / max fall of its running sum; 10 without a fall",
    "Common/Statistics/TradeStatistics.cs:423",
)
def recovery_factor(run: Run) -> float:
    sums = np.append(0.0, np.cumsum(run.trades["gross_pnl"]))
    fall = float((np.maximum.accumulate(sums) - sums).max())
    if fall == 0.0:
        return 10.0 if sums[-1] > 0.0 else 0.0
    return float(sums[-1]) / fall


@figure(
    "Probabilistic Sharpe Ratio",
    "Φ((q − 1/√252) √(n − 1) / √(1 − S q + (K − 1) q² / 4))",
    "Common/Statistics/Statistics.cs:200",
)
def probabilistic_sharpe(run: Run) -> float:
    daily = ratio(mean(run.returns), deviation(run.returns))
    skew, tails = skewness(run.returns), kurtosis(run.returns)
    if daily is None or skew is None or tails is None:
        return 0.0
    spread = math.sqrt((1.0 - skew * daily + (tails - 1.0) / 4.0 * daily**2) / (len(run.returns) - 1))
    return NormalDist().cdf((daily - 1.0 / math.sqrt(252)) / spread)


@figure("Value At Risk 95", "normal quantile of mean(r), s(r) at 5 %, negative", f"{PORTFOLIO}:314")
def value_at_risk_95_normal(run: Run) -> float:
    return _normal_quantile(run.returns, 0.05)


@figure("Value At Risk 99", "normal quantile of mean(r), s(r) at 1 %, negative", f"{PORTFOLIO}:314")
def value_at_risk_99(run: Run) -> float:
    return _normal_quantile(run.returns, 0.01)


@figure("Beta", "cov(r, b) / var(b)", f"{PORTFOLIO}:Beta")
def beta(run: Run) -> float:
    theirs = _theirs(run)
    if theirs is None:
        return 0.0
    return ratio(covariance(run.returns, theirs), covariance(theirs, theirs)) or 0.0


@figure("Alpha", "annual performance − beta × the benchmark's", f"{PORTFOLIO}:Alpha")
def alpha(run: Run) -> float:
    theirs = _theirs(run)
    if theirs is None or beta(run) == 0.0:
        return 0.0
    return _annual_performance(run, run.returns) - beta(run) * _annual_performance(run, theirs)


@figure("Tracking Error", "s(r − b) × √P", f"{PORTFOLIO}:GetTrackingError")
def tracking_error(run: Run) -> float:
    theirs = _theirs(run)
    return 0.0 if theirs is None else _annual(run, deviation(run.returns - theirs)) or 0.0


@figure("Information Ratio", "difference of the annual performances / tracking error", f"{PORTFOLIO}:InformationRatio")
def information_ratio(run: Run) -> float:
    theirs = _theirs(run)
    if theirs is None:
        return 0.0
    ahead = _annual_performance(run, run.returns) - _annual_performance(run, theirs)
    return ratio(ahead, tracking_error(run)) or 0.0


@figure("Treynor Ratio", "annual performance / beta", f"{PORTFOLIO}:TreynorRatio")
def treynor(run: Run) -> float:
    return ratio(_annual_performance(run, run.returns), beta(run)) or 0.0


def _annual_performance(run: Run, returns: Column) -> float:
    return float((1.0 + (mean(returns) or 0.0)) ** run.periods_per_year - 1.0)


def _annual(run: Run, daily: float | None) -> float | None:
    return None if daily is None else daily * math.sqrt(run.periods_per_year)


def _rates(run: Run) -> Column:
    """(trades,) each result over the initial cash and the results before it."""
    return run.results / (run.initial_cash + np.append(0.0, np.cumsum(run.results)[:-1]))[: len(run.results)]


def _normal_quantile(returns: Column, share: float) -> float:
    spread = deviation(returns)
    return 0.0 if not spread else NormalDist(total(returns) / len(returns), spread).inv_cdf(share)


def _theirs(run: Run) -> Column | None:
    """The benchmark's daily returns, the first of which LEAN does not know and takes for 0."""
    returns = run.benchmark_returns
    return None if returns is None else np.append(0.0, returns[1:])
