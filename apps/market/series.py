"""What is said about the rows of an import: what they are called, what they are of, and where they come from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from apps.accounts.models import User
from apps.market import instruments
from apps.market.conventions import MAX_TIMEFRAME_SECONDS
from apps.market.importers.raw import NAMES
from apps.market.models import Dataset, Instrument

LONGEST = {"source": 200, "licence": 120}


@dataclass(frozen=True)
class Series:
    """instrument: fields of an instrument that may be new. about: further fields of the dataset."""

    owner: User | None
    name: str
    symbol: str
    layout: str
    timeframe_seconds: int
    instrument: Mapping[str, Any]
    about: Mapping[str, Any]

    @classmethod
    def of(
        cls,
        owner: User | None,
        name: str,
        symbol: str,
        layout: str,
        timeframe_seconds: int,
        instrument: Mapping[str, Any] | None,
        about: Mapping[str, Any],
    ) -> Self:
        """With name and symbol in their usual spelling."""
        return cls(owner, name.strip(), symbol.strip().upper(), layout, timeframe_seconds, instrument or {}, about)

    def problems(self) -> dict[str, list[str]]:
        """What is wrong with it, by field."""
        problems: dict[str, list[str]] = {}
        if not 0 < len(self.name) <= 120 or not self.name.isprintable():
            problems["name"] = ["A dataset needs a name of 1 to 120 printable characters."]
        if self.layout not in NAMES:
            problems["layout"] = [f"It must be one of {', '.join(NAMES)}."]
        elif self.layout == Dataset.Layout.TICKS:
            if self.timeframe_seconds:
                problems["timeframe_seconds"] = ["Ticks have no timeframe: leave it out."]
        elif not 0 < self.timeframe_seconds <= MAX_TIMEFRAME_SECONDS:
            problems["timeframe_seconds"] = ["It must be more than 0 seconds and at most 366 days."]
        for field, longest in LONGEST.items():
            if len(self.about.get(field, "")) > longest:
                problems[field] = [f"It may have {longest} characters at most."]
        if unknown := self.instrument.keys() - instruments.DESCRIBED:
            problems["instrument"] = [f"An instrument has no {', '.join(sorted(unknown))}."]
        else:
            sample = Instrument(symbol=self.symbol, **{"kind": Instrument.Kind.EQUITY, **self.instrument})
            problems |= instruments.problems_of(sample)
        return problems
