"""Reports as other packages against those packages themselves; skipped where one is not installed.

Those that have an environment of their own are in tests/peers/test_reports.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.engine.test_metrics_dialects import CASH, days, reported, run_of

pytestmark = pytest.mark.filterwarnings("ignore")  # theirs

EQUITY, TRADES, PRICES = run_of(4)


def package(name: str) -> Any:
    return pytest.importorskip(name, reason=f"{name} is not installed", exc_type=ImportError)


def stamps(times: Any) -> Any:
    pandas = package("pandas")
    return pandas.DatetimeIndex(np.asarray(times).astype("M8[us]"))


def agree(ours: dict[str, Any], names: dict[str, Any]) -> None:
    for name, theirs in names.items():
        assert ours[name] == pytest.approx(float(theirs), rel=1e-9), name


def test_quantstats_computes_the_same() -> None:
    stats, pandas = package("quantstats.stats"), package("pandas")
    curve = np.append(CASH, days(EQUITY))
    dates = pandas.date_range("2024-01-01", periods=len(curve) - 1)
    returns = pandas.Series(np.diff(curve) / curve[:-1], index=dates)

    theirs = {name: getattr(stats, each.key)(returns) for name, each in dialect("quantstats").items()}

    agree(reported("quantstats", EQUITY, TRADES), theirs)


def test_freqtrade_computes_the_same() -> None:
    theirs, pandas = package("freqtrade.data.metrics"), package("pandas")
    trades = pandas.DataFrame({"profit_abs": TRADES["pnl"], "close_date": stamps(TRADES["closed_at"])})
    first, last = stamps(EQUITY["time"][[0, -1]])
    span = (trades, first, last, CASH)
    fall = theirs.calculate_max_drawdown(trades, starting_balance=CASH)
    expectancy, expectancy_ratio = theirs.calculate_expectancy(trades)

    agree(
        reported("freqtrade", EQUITY, TRADES),
        {
            "sharpe": theirs.calculate_sharpe(*span),
            "sortino": theirs.calculate_sortino(*span),
            "calmar": theirs.calculate_calmar(*span),
            "cagr": theirs.calculate_cagr((last - first).days, CASH, CASH + TRADES["pnl"].sum()),
            "max_drawdown_abs": fall.drawdown_abs,
            "max_drawdown": fall.relative_account_drawdown,
            "expectancy": expectancy,
            "expectancy_ratio": expectancy_ratio,
            "sqn": theirs.calculate_sqn(trades, CASH),
        },
    )


def test_empyrical_computes_the_same() -> None:
    """Our own definitions of these agree with it, where the drawdown is of days."""
    empyrical = package("empyrical")
    from tests.engine.test_metrics_report import report

    curve = np.append(CASH, days(EQUITY))
    returns = np.diff(curve) / curve[:-1]

    agree(
        report(EQUITY, initial_cash=CASH),
        {
            "sharpe": empyrical.sharpe_ratio(returns),
            "sortino": empyrical.sortino_ratio(returns),
            "volatility": empyrical.annual_volatility(returns),
            "annual_return": empyrical.annual_return(returns),
            "omega": empyrical.omega_ratio(returns),
            "tail_ratio": empyrical.tail_ratio(returns),
            "calmar_daily": empyrical.calmar_ratio(returns),
        },
    )


def dialect(name: str) -> Any:
    from apps.engine import metrics

    return metrics.DIALECTS[name]
