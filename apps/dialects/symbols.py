"""Which dataset a foreign client means by a symbol: BTC-USDT, BTC/USDT, BTCUSDT and BTC_USDT are one."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import F, Func, QuerySet, Value
from django.db.models.functions import Replace, Upper

from apps.accounts.models import User
from apps.errors import Invalid
from apps.market.models import Dataset, DatasetVersion, Instrument

SEPARATORS = "_-/:."


class UnknownSymbol(Invalid):
    """No dataset of this symbol; `supported` names those that there are."""

    code = "unknown_symbol"

    def __init__(self, message: str, supported: list[str]) -> None:
        super().__init__(message)
        self.supported = supported


def key_of(symbol: str) -> str:
    """What all spellings of a symbol have in common."""
    return re.sub(f"[{re.escape(SEPARATORS)}]", "", symbol.strip().upper())


def supported(user: User) -> list[str]:
    """The symbols that the user has data of."""
    symbols = (
        Dataset.objects.visible_to(user).filter(versions__isnull=False).values_list("instrument__symbol", flat=True)
    )
    return sorted(set(symbols))


def newest_version(
    user: User,
    symbol: str,
    *,
    timeframe_seconds: int | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> DatasetVersion:
    """The rows to run on: the newest version of the dataset of this symbol that suits best.

    Bars must make up the timeframe, where one is asked for. Of several the one that holds most of the period, then the
    user's own, then the finest bars, then the newest. Raises UnknownSymbol, and Invalid where the bars do not suit.
    """
    versions = [dataset.latest for dataset in _datasets(user, symbol)]
    there = [version for version in versions if version is not None]
    if not there:
        symbols = supported(user)
        raise UnknownSymbol(f"There is no data of {symbol[:60]!r}. There is: {', '.join(symbols) or 'none'}.", symbols)
    suiting = [version for version in there if _makes_up(version.dataset, timeframe_seconds)]
    if not suiting:
        finest = min(version.dataset.timeframe_seconds for version in there)
        raise Invalid(f"The data of {symbol} has bars of {finest} s; they do not make up {timeframe_seconds} s.")
    return max(suiting, key=_suits(start, end))


def _datasets(user: User, symbol: str) -> QuerySet[Dataset]:
    spelt: Func = Upper(F("symbol"))
    for separator in SEPARATORS:
        spelt = Replace(spelt, Value(separator), Value(""))
    instruments = Instrument.objects.alias(key=spelt).filter(key=key_of(symbol))
    return Dataset.objects.visible_to(user).filter(instrument__in=instruments).select_related("instrument")


def _makes_up(dataset: Dataset, timeframe_seconds: int | None) -> bool:
    return timeframe_seconds is None or timeframe_seconds % dataset.timeframe_seconds == 0


def _suits(start: datetime | None, end: datetime | None) -> Callable[[DatasetVersion], Any]:
    """How well rows suit; larger is better."""

    def rank(version: DatasetVersion) -> tuple[float, bool, int, int]:
        begins, ends = max(start or version.starts_at, version.starts_at), min(end or version.ends_at, version.ends_at)
        held = max((ends - begins).total_seconds(), 0.0)
        dataset = version.dataset
        return held, dataset.owner_id is not None, -dataset.timeframe_seconds, version.pk

    return rank
