"""The figures of a run as a page shows them: title, how it is spelt, and what it means."""

from dataclasses import dataclass
from typing import Any, Literal

from apps.executions.models import Checkpoint, Execution
from apps.executions.presentation import checkpoint_answer, two_decimals

Form = Literal["money", "gain", "percent", "change", "ratio", "count"]
"""money 1,234.50 · gain the same with a sign and a colour · percent · change a signed percent · ratio · count."""


@dataclass(frozen=True)
class Figure:
    name: str
    title: str
    form: Form
    definition: str


@dataclass(frozen=True)
class Shown:
    """A figure with its value; `value` is the API's own spelling, None where the figure is undefined."""

    figure: Figure
    value: str | int | None


VERDICT = (
    Figure("total_return", "Return", "change", "Net profit as a share of the initial balance."),
    Figure("total_pnl", "Net profit", "gain", "Realized and unrealized profit together, after all costs."),
    Figure("max_drawdown", "Max drawdown", "percent", "The largest fall of equity from a peak, as a share of it."),
    Figure(
        "sharpe_ratio",
        "Sharpe",
        "ratio",
        "Mean of the daily returns over their standard deviation, times the root of the trading days a year; "
        "the risk-free rate is zero.",
    ),
    Figure("total_trades", "Trades", "count", "Round trips, counted when they are closed."),
    Figure("win_rate", "Win rate", "percent", "The share of closed trades that earned more than they cost."),
    Figure("profit_factor", "Profit factor", "ratio", "What winning trades earned over what losing trades lost."),
    Figure("average_win", "Average win", "money", "Mean profit of the winning trades."),
    Figure("average_loss", "Average loss", "money", "Mean loss of the losing trades, without its sign."),
)

FURTHER = (
    Figure("cagr", "Growth a year", "change", "The constant yearly growth from the first to the last equity."),
    Figure("volatility", "Volatility a year", "percent", "Standard deviation of the daily returns, scaled to a year."),
    Figure("sortino", "Sortino", "ratio", "As Sharpe, with the downside deviation: only negative days count."),
    Figure("calmar", "Calmar", "ratio", "Growth a year over the maximum drawdown."),
    Figure("sqn", "System quality", "ratio", "Root of the trades times mean profit over its standard deviation."),
    Figure("exposure", "Exposure", "percent", "The share of bars with an open position."),
    Figure("expectancy", "Profit a trade", "gain", "Mean profit of all closed trades."),
    Figure("best_trade", "Best trade", "gain", "The largest profit of one trade."),
    Figure("worst_trade", "Worst trade", "gain", "The smallest profit, or largest loss, of one trade."),
    Figure("max_drawdown_abs", "Max drawdown", "money", "The largest fall of equity from a peak, in account currency."),
    Figure("total_fees", "Costs", "money", "All commissions paid."),
    Figure("total_slippage", "Slippage", "money", "What spread and slippage cost against the market's prices."),
    Figure(
        "total_payments", "Payments", "gain", "What funding, swaps, borrowing and dividends brought; a minus was paid."
    ),
    Figure("volume_traded", "Volume traded", "money", "The value of all fills."),
    Figure("final_equity", "Final equity", "money", "Cash and open positions at the last close."),
)


def verdict(checkpoint: Checkpoint | None) -> list[Shown]:
    """The figures of the first screen, exactly as the API's status and metrics say them."""
    answer = checkpoint_answer(checkpoint) or {}
    return [Shown(figure, answer.get(figure.name)) for figure in VERDICT]


def further(checkpoint: Checkpoint | None) -> list[Shown]:
    metrics: dict[str, Any] = checkpoint.metrics if checkpoint else {}
    return [Shown(figure, _spelt(figure, metrics.get(figure.name))) for figure in FURTHER]


def elapsed_seconds(execution: Execution) -> float | None:
    """From start to end; None while there is no end."""
    if execution.started_at is None or execution.completed_at is None:
        return None
    return (execution.completed_at - execution.started_at).total_seconds()


def _spelt(figure: Figure, value: float | None) -> str | None:
    if value is None:
        return None
    return two_decimals(value * 100.0 if figure.form in ("percent", "change") else value)
