"""Trades: closed round trips, judged after fees. One that earned exactly nothing is neither won nor lost."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from apps.engine.metrics.definitions import metric
from apps.engine.metrics.moments import deviation, difference, mean, product, quantile, ratio, total

if TYPE_CHECKING:
    from apps.engine.metrics.run import Run
    from apps.engine.types import Array, Column

THARP = 'Tharp, "Definitive Guide to Position Sizing", 2008'
KELLY = 'Kelly, "A New Interpretation of Information Rate", Bell System Technical Journal 35(4), 1956'


@metric("n", unit="count", sample="trades")
def total_trades(run: Run) -> int:
    """Closed trades."""
    return len(run.trades)


@metric("trades with a result > 0", unit="count", sample="trades")
def winning_trades(run: Run) -> int:
    """Trades that earned something."""
    return run.samples["wins"]


@metric("trades with a result < 0", unit="count", sample="trades")
def losing_trades(run: Run) -> int:
    """Trades that lost something."""
    return run.samples["losses"]


@metric("trades with a result = 0", unit="count", sample="trades")
def even_trades(run: Run) -> int:
    """Trades that earned exactly nothing."""
    return len(run.trades) - run.samples["wins"] - run.samples["losses"]


@metric("number of long trades", unit="count", sample="trades")
def long_trades(run: Run) -> int:
    """Trades that bought first."""
    return run.samples["longs"]


@metric("number of short trades", unit="count", sample="trades")
def short_trades(run: Run) -> int:
    """Trades that sold first."""
    return run.samples["shorts"]


@metric("wins / n", unit="fraction", sample="trades")
def win_rate(run: Run) -> float | None:
    """The share of trades that won; even ones are in the denominator."""
    return _win_rate(run.results)


@metric("wins / n of long trades", unit="fraction", sample="longs")
def win_rate_long(run: Run) -> float | None:
    """The share of long trades that won."""
    return _win_rate(_of_side(run, 1))


@metric("wins / n of short trades", unit="fraction", sample="shorts")
def win_rate_short(run: Run) -> float | None:
    """The share of short trades that won."""
    return _win_rate(_of_side(run, -1))


@metric("Σ results > 0", unit="money", sample="wins")
def gross_profit(run: Run) -> float:
    """What the winning trades earned."""
    return gains(run.results)


@metric("−Σ results < 0", unit="money", sample="losses")
def gross_loss(run: Run) -> float:
    """What the losing trades lost, as a positive amount."""
    return losses(run.results)


@metric("Σ results of long trades", unit="money", sample="longs")
def net_pnl_long(run: Run) -> float:
    """What the closed long trades earned."""
    return total(_of_side(run, 1))


@metric("Σ results of short trades", unit="money", sample="shorts")
def net_pnl_short(run: Run) -> float:
    """What the closed short trades earned."""
    return total(_of_side(run, -1))


@metric("gross_profit / gross_loss", unit="ratio", sample="trades")
def profit_factor(run: Run) -> float | None:
    """Money won for each unit lost."""
    return _profit_factor(run.results)


@metric("gross profit / gross loss of long trades", unit="ratio", sample="longs")
def profit_factor_long(run: Run) -> float | None:
    """Money won for each unit lost, long."""
    return _profit_factor(_of_side(run, 1))


@metric("gross profit / gross loss of short trades", unit="ratio", sample="shorts")
def profit_factor_short(run: Run) -> float | None:
    """Money won for each unit lost, short."""
    return _profit_factor(_of_side(run, -1))


@metric("gross_profit / wins", unit="money", sample="wins")
def average_win(run: Run) -> float | None:
    """What a winning trade earns on average."""
    return ratio(gains(run.results), run.samples["wins"])


@metric("gross_loss / losses", unit="money", sample="losses")
def average_loss(run: Run) -> float | None:
    """What a losing trade loses on average, as a positive amount."""
    return ratio(losses(run.results), run.samples["losses"])


@metric("average_win / average_loss", unit="ratio", sample="trades")
def payoff_ratio(run: Run) -> float | None:
    """The size of an average win in average losses."""
    return ratio(average_win(run), average_loss(run))


@metric("mean result", unit="money", sample="trades")
def expectancy(run: Run) -> float | None:
    """What a trade earns on average."""
    return mean(run.results)


@metric("expectancy / average_loss", unit="ratio", sample="trades", source=THARP)
def expectancy_ratio(run: Run) -> float | None:
    """What a trade earns for each unit that a losing one loses."""
    return ratio(mean(run.results), average_loss(run))


@metric("median result", unit="money", sample="trades")
def median_trade(run: Run) -> float | None:
    """The result in the middle."""
    return quantile(run.results, 0.5)


@metric("max result", unit="money", sample="trades")
def best_trade(run: Run) -> float | None:
    """The largest result."""
    return float(run.results.max()) if len(run.results) else None


@metric("min result", unit="money", sample="trades")
def worst_trade(run: Run) -> float | None:
    """The smallest result."""
    return float(run.results.min()) if len(run.results) else None


@metric("mean(result / (quantity × entry price))", unit="fraction", sample="trades")
def average_trade_return(run: Run) -> float | None:
    """What a trade earns on the value it was entered with."""
    return mean(returns_of(run.trades))


@metric("s(result / (quantity × entry price))", unit="fraction", sample="trades")
def trade_deviation(run: Run) -> float | None:
    """How much the returns of the trades differ."""
    return deviation(returns_of(run.trades))


@metric("√n × mean(result) / s(result)", unit="ratio", sample="trades", source=THARP)
def sqn(run: Run) -> float | None:
    """System quality number: the t statistic of the mean trade."""
    return product(_quality(run), math.sqrt(len(run.results)))


@metric("√min(n, 100) × mean(result) / s(result)", unit="ratio", sample="trades", source=THARP)
def sqn_100(run: Run) -> float | None:
    """The same for at most a hundred trades, so that mere number is not quality."""
    return product(_quality(run), math.sqrt(min(len(run.results), 100)))


@metric("W − (1 − W) / payoff_ratio, W = win_rate", unit="fraction", sample="trades", source=KELLY)
def kelly(run: Run) -> float | None:
    """The share of the account that a gambler with these odds would stake; below 0 none."""
    rate = win_rate(run)
    return None if rate is None else difference(rate, ratio(1.0 - rate, payoff_ratio(run)))


@metric("longest run of results > 0", unit="count", sample="trades")
def max_consecutive_wins(run: Run) -> int:
    """The longest winning streak."""
    return longest_run(run.results > 0.0)


@metric("longest run of results < 0", unit="count", sample="trades")
def max_consecutive_losses(run: Run) -> int:
    """The longest losing streak."""
    return longest_run(run.results < 0.0)


@metric("trades since the last of another sign; losses below 0", unit="count", sample="trades")
def current_streak(run: Run) -> int:
    """The streak the run ended in."""
    signs = np.sign(run.results)
    if not len(signs):
        return 0
    others = np.flatnonzero(signs != signs[-1])
    return int(signs[-1]) * (len(signs) - (int(others[-1]) + 1 if len(others) else 0))


@metric("n / days between first and last bar × 365.25", unit="a year", sample="trades")
def trades_per_year(run: Run) -> float | None:
    """How many trades a year closes."""
    return product(ratio(len(run.trades), run.span_days), 365.25)


def gains(results: Column) -> float:
    return total(results[results > 0.0])


def losses(results: Column) -> float:
    """As a positive amount."""
    return abs(total(results[results < 0.0]))


def returns_of(trades: Array) -> Column:
    """(trades,) the result of each over the value it was entered with."""
    return trades["pnl"] / (trades["quantity"] * trades["entry_price"])


def longest_run(flags: Array) -> int:
    """The most neighbours that are true."""
    edges = np.flatnonzero(np.diff(flags, prepend=False, append=False))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def _of_side(run: Run, side: int) -> Column:
    return run.results[run.trades["side"] == side]


def _win_rate(results: Column) -> float | None:
    return ratio(float((results > 0.0).sum()), len(results))


def _profit_factor(results: Column) -> float | None:
    return ratio(gains(results), losses(results))


def _quality(run: Run) -> float | None:
    return ratio(mean(run.results), deviation(run.results))
