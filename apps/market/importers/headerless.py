"""Files of vendors who name no columns, known by the look of their first line."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from apps.engine.series.quotes import TICK
from apps.engine.types import BAR
from apps.market.importers.raw import PRICES, microseconds

NUMBER = r"\d+(?:\.\d+)?"


@dataclass(frozen=True)
class Headerless:
    """columns: which column holds what. width: how many there are. moments: microseconds UTC of the column of times."""

    line: re.Pattern[str]
    layout: np.dtype[Any]
    columns: dict[str, int]
    width: int
    moments: Callable[[Iterable[str]], list[int]] = microseconds


def _histdata(digits: int) -> Callable[[Iterable[str]], list[int]]:
    """Times of HistData, 20240131 235959 or 20240131 235959999: New York without summer time, so always UTC - 5."""
    start, hours = datetime(1970, 1, 1, tzinfo=UTC), timedelta(hours=5)

    def moment(text: str) -> int:
        text = text.strip()
        if len(text) != 9 + digits:
            raise ValueError(f"{text!r} is no time of HistData")
        at = datetime.fromisoformat(f"{text[:8]}T{text[9:15]}Z") + hours
        return (at - start) // timedelta(microseconds=1) + int(text[15:] or 0) * 1000

    return lambda texts: [moment(text) for text in texts]


FORMATS = {
    "HistData, ticks": Headerless(
        re.compile(rf"\d{{8}} \d{{9}},{NUMBER},{NUMBER},\d+\s*"),
        TICK,
        {"time": 0, "bid": 1, "ask": 2},
        4,
        _histdata(9),
    ),
    "HistData, minutes": Headerless(
        re.compile(rf"\d{{8}} \d{{6}}(?:;{NUMBER}){{4}};\d+\s*"),
        BAR,
        {"time": 0, **{name: at for at, name in enumerate(PRICES, 1)}, "volume": 5},
        6,
        _histdata(6),
    ),
    "TrueFX": Headerless(
        re.compile(rf"[A-Z]{{3}}/[A-Z]{{3}},\d{{8}} \d\d:\d\d:\d\d\.\d{{3}},{NUMBER},{NUMBER}\s*"),
        TICK,
        {"time": 1, "bid": 2, "ask": 3},
        4,
    ),
}
"""TrueFX tells its times in UTC."""


def known(line: str, layout: np.dtype[Any]) -> Headerless | None:
    """The format of this layout that a file with such a first line has."""
    return next((each for each in FORMATS.values() if each.layout == layout and each.line.fullmatch(line)), None)
