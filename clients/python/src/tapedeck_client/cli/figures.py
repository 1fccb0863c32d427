"""Which figures of a run are shown, and how they are written."""

from collections.abc import Callable
from dataclasses import dataclass

Value = float | int | None


def money(value: float) -> str:
    return f"{value:,.2f}"


def percent(value: float) -> str:
    """Of a fraction."""
    return f"{value * 100:,.2f} %"


def ratio(value: float) -> str:
    return f"{value:,.2f}"


def count(value: float) -> str:
    return f"{value:,.0f}"


@dataclass(frozen=True)
class Figure:
    """name: in the metrics of an execution."""

    name: str
    title: str
    write: Callable[[float], str]

    def text(self, value: Value) -> str:
        return "–" if value is None else self.write(value)

    def difference(self, value: Value, first: Value) -> str:
        """How far the value is from the first one, with its sign; empty where that rounds to nothing or is unknown."""
        if value is None or first is None:
            return ""
        text = self.write(value - first)
        if not any(digit in text for digit in "123456789"):
            return ""
        return text if text.startswith("-") else f"+{text}"


FIGURES = (
    Figure("initial_cash", "Initial balance", money),
    Figure("final_equity", "Final equity", money),
    Figure("net_pnl", "Net result", money),
    Figure("total_return", "Total return", percent),
    Figure("cagr", "Return a year", percent),
    Figure("max_drawdown", "Max drawdown", percent),
    Figure("volatility", "Volatility a year", percent),
    Figure("sharpe", "Sharpe ratio", ratio),
    Figure("sortino", "Sortino ratio", ratio),
    Figure("calmar", "Calmar ratio", ratio),
    Figure("total_trades", "Trades", count),
    Figure("win_rate", "Won", percent),
    Figure("profit_factor", "Profit factor", ratio),
    Figure("expectancy", "Result a trade", money),
    Figure("exposure", "Time in the market", percent),
    Figure("total_fees", "Fees", money),
)
