"""The figures of a run that is still going on, from the tally that the kernels keep; under the names of the report."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from apps.engine.metrics.moments import ratio

if TYPE_CHECKING:
    from apps.engine.metrics.definitions import Figure

DAYS_PER_YEAR: Final = 365.25


def figures(
    account: dict[str, Any],
    tally: dict[str, Any],
    *,
    initial_cash: float,
    unrealized: float,
    days: float,
    periods_per_year: int,
) -> dict[str, Figure]:
    """All figures by their canonical names.

    account, tally: the ledger's running state. unrealized: what open positions would earn. days: from the first bar's
    label to the last one's.
    """
    final_equity = tally["equity"]
    net = final_equity - initial_cash
    growth = cagr(initial_cash, final_equity, days)
    values = {
        "initial_cash": initial_cash,
        "final_equity": final_equity,
        "total_return": ratio(net, initial_cash),
        "net_pnl": net,
        "realized_pnl": account["realized"] - account["fees"] + account["paid"],
        "unrealized_pnl": unrealized,
        "total_fees": account["fees"],
        "volume_traded": account["volume"],
        "max_drawdown": tally["drawdown"],
        "max_drawdown_abs": tally["drawdown_abs"],
        "cagr": growth,
        "calmar": ratio(growth, tally["drawdown"]),
        "exposure": ratio(tally["bars_exposed"], tally["bars"]),
        "periods_per_year": periods_per_year,
        **daily_figures(tally, periods_per_year),
        **trade_figures(tally),
    }
    return {name: _defined(value) for name, value in values.items()}


def daily_figures(tally: dict[str, Any], periods_per_year: int) -> dict[str, Figure]:
    """Figures of the daily returns r, n of them.

    volatility: s(r) x sqrt(P), s with n - 1 in the denominator.
    sharpe: mean(r) / s(r) x sqrt(P). Source: Sharpe, "The Sharpe Ratio", Journal of Portfolio Management 21(1), 1994.
    sortino: mean(r) / sqrt(mean(min(r, 0)^2)) x sqrt(P). Source: Sortino & Price, "Performance Measurement in a
    Downside Risk Framework", Journal of Investing 3(3), 1994.
    """
    days = tally["days"]
    year = math.sqrt(periods_per_year)
    deviation = sample_deviation(tally["day_squares"], days)
    downside = math.sqrt(tally["day_downside"] / days) if days else None
    return {
        "n_days": days,
        "volatility": None if deviation is None else deviation * year,
        "sharpe": _scaled(ratio(tally["day_mean"], deviation), year),
        "sortino": _scaled(ratio(tally["day_mean"], downside), year),
    }


def trade_figures(tally: dict[str, Any]) -> dict[str, Figure]:
    """Figures of the closed trades. A trade that earned exactly nothing is neither won nor lost.

    win_rate: won / all. profit_factor: gross profit / gross loss. expectancy: mean result of a trade.
    sqn: sqrt(n) x mean / s of the results. Source: Tharp, "Definitive Guide to Position Sizing", 2008.
    """
    trades, wins, losses = tally["trades"], tally["wins"], tally["losses"]
    deviation = sample_deviation(tally["trade_squares"], trades)
    return {
        "total_trades": trades,
        "winning_trades": wins,
        "losing_trades": losses,
        "win_rate": ratio(wins, trades),
        "gross_profit": tally["gross_profit"],
        "gross_loss": tally["gross_loss"],
        "profit_factor": ratio(tally["gross_profit"], tally["gross_loss"]),
        "average_win": ratio(tally["gross_profit"], wins),
        "average_loss": ratio(tally["gross_loss"], losses),
        "best_trade": tally["best"] if trades else None,
        "worst_trade": tally["worst"] if trades else None,
        "expectancy": tally["trade_mean"] if trades else None,
        "sqn": _scaled(ratio(tally["trade_mean"], deviation), math.sqrt(trades)),
        "max_consecutive_losses": tally["longest_losing_run"],
        "average_bars_held": ratio(tally["bars_held"], trades),
    }


def cagr(initial: float, final: float, days: float) -> float | None:
    """Compound annual growth: (final / initial)^(1 / years) - 1, a year being 365.25 days.

    None without a span of time, after a total loss, and where a few hours' gain would compound beyond any float.
    """
    if days <= 0 or final <= 0:
        return None
    try:
        return float((final / initial) ** (DAYS_PER_YEAR / days) - 1.0)
    except OverflowError:
        return None


def sample_deviation(squares: float, count: int) -> float | None:
    """Standard deviation of a sample, from the sum of squared distances from its mean; None below two values."""
    return math.sqrt(squares / (count - 1)) if count > 1 and squares >= 0 else None


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _defined(value: Figure) -> Figure:
    return value if value is None or math.isfinite(value) else None
