"""The strategies this server knows: the built-in ones, and those of installed packages.

A package offers its own by an entry point of the group `tapedeck.strategies` that names a Strategy class.
"""

from __future__ import annotations

import logging
from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from apps.engine.errors import UnknownStrategy, did_you_mean
from apps.engine.strategies.buy_and_hold import BuyAndHold
from apps.engine.strategies.donchian_breakout import DonchianBreakout
from apps.engine.strategies.floor import Floor
from apps.engine.strategies.floor_classic import FloorClassic
from apps.engine.strategies.rsi_reversion import RsiReversion
from apps.engine.strategies.sma_cross import SmaCross

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.engine.strategy import Strategy

BUILT_IN: tuple[type[Strategy], ...] = (BuyAndHold, SmaCross, RsiReversion, DonchianBreakout, Floor, FloorClassic)

logger = logging.getLogger(__name__)


@cache
def all() -> Mapping[str, type[Strategy]]:  # noqa: A001 - `strategies.all()` reads as English
    """Every strategy by its type; a built-in one cannot be replaced."""
    return {**_installed(), **{strategy.strategy_type: strategy for strategy in BUILT_IN}}


def get(strategy_type: str) -> type[Strategy]:
    """The class of this type. Raises UnknownStrategy, which says what was probably meant."""
    try:
        return all()[strategy_type]
    except KeyError:
        hint = did_you_mean(strategy_type, all())
        raise UnknownStrategy(f"There is no strategy {strategy_type!r}. {hint}") from None


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
