"""The strategies this server knows: the built-in ones, those of installed packages, and files of the owner's folder.

A package offers its own by an entry point of the group `tapedeck.strategies` that names a Strategy class.
"""

from __future__ import annotations

import logging
from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from apps.engine.errors import UnknownStrategy, did_you_mean
from apps.engine.strategies.bollinger_bracket import BollingerBracket
from apps.engine.strategies.buy_and_hold import BuyAndHold
from apps.engine.strategies.cross_momentum import CrossMomentum
from apps.engine.strategies.donchian_breakout import DonchianBreakout
from apps.engine.strategies.ema_trail import EmaTrail
from apps.engine.strategies.floor import Floor
from apps.engine.strategies.floor_classic import FloorClassic
from apps.engine.strategies.folder import Folder, source_of
from apps.engine.strategies.grid import Grid
from apps.engine.strategies.ichimoku_cloud import IchimokuCloud
from apps.engine.strategies.macd_cross import MacdCross
from apps.engine.strategies.monthly_rotation import MonthlyRotation
from apps.engine.strategies.opening_range import OpeningRange
from apps.engine.strategies.overnight import Overnight
from apps.engine.strategies.pair_spread import PairSpread
from apps.engine.strategies.regular_investment import RegularInvestment
from apps.engine.strategies.rsi_reversion import RsiReversion
from apps.engine.strategies.sma_cross import SmaCross
from apps.engine.strategies.supertrend_follow import SupertrendFollow
from apps.engine.strategies.trend_pullback import TrendPullback
from apps.engine.strategies.turn_of_month import TurnOfMonth
from apps.engine.strategies.turtle import Turtle
from apps.engine.strategies.volatility_target import VolatilityTarget

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.engine.strategy import Strategy

BUILT_IN: tuple[type[Strategy], ...] = (
    BuyAndHold,
    RegularInvestment,
    # with the trend
    SmaCross,
    EmaTrail,
    MacdCross,
    SupertrendFollow,
    IchimokuCloud,
    DonchianBreakout,
    Turtle,
    OpeningRange,
    # against it
    RsiReversion,
    BollingerBracket,
    TrendPullback,
    Grid,
    Floor,
    FloorClassic,
    # by the calendar, and by risk
    TurnOfMonth,
    Overnight,
    VolatilityTarget,
    # among several instruments
    PairSpread,
    MonthlyRotation,
    CrossMomentum,
)

logger = logging.getLogger(__name__)
own = Folder()
"""The folder of the server's owner; it has no path until somebody says where it is."""


def all() -> Mapping[str, type[Strategy]]:  # noqa: A001 - `strategies.all()` reads as English
    """Every strategy by its type; a built-in one cannot be replaced, and an installed one not by a file."""
    return {**own.strategies(), **_installed(), **{strategy.strategy_type: strategy for strategy in BUILT_IN}}


def problems() -> dict[str, str]:
    """What is wrong with files of the folder, by their names."""
    taken = all()
    hidden = {kind: strategy for kind, strategy in own.strategies().items() if taken[kind] is not strategy}
    told = {
        source.name: f"There is another strategy {kind}: choose another name."
        for kind, strategy in hidden.items()
        if (source := source_of(strategy))
    }
    return {**own.problems, **told}


def get(strategy_type: str) -> type[Strategy]:
    """The class of this type. Raises UnknownStrategy, which says what was probably meant."""
    known = all()
    try:
        return known[strategy_type]
    except KeyError:
        hint = did_you_mean(strategy_type, known)
        raise UnknownStrategy(f"There is no strategy {strategy_type!r}. {hint}") from None


@cache
def _installed() -> dict[str, type[Strategy]]:
    found: dict[str, type[Strategy]] = {}
    for point in entry_points(group="tapedeck.strategies"):
        try:
            strategy: type[Strategy] = point.load()
        except Exception:  # a stranger's package must not take the others down
            logger.exception("The strategy %s cannot be loaded and is left out.", point.value)
        else:
            found[strategy.strategy_type] = strategy
    return found
