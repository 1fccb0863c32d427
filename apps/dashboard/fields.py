"""Form fields that speak as people do, in per cent and in lines, and give what the services take."""

from decimal import Decimal
from typing import Any

from django import forms

PERCENT = Decimal(100)
MOST_PERCENT = 1_000_000


def percent_of(share: float) -> str:
    """A share as people write it: 0.0007 is "0.07"."""
    return format((Decimal(repr(share)) * PERCENT).normalize(), "f")


class PercentField(forms.DecimalField):
    """A percentage; cleaned to the share, by decimals: 0.07 / 100 in binary is not what 0.07 % is elsewhere."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_value=MOST_PERCENT, min_value=-MOST_PERCENT, **options)

    def clean(self, value: Any) -> Any:
        percent = super().clean(value)
        return None if percent is None else float(percent / PERCENT)


class TiersField(forms.CharField):
    """Lines of a traded value and two percentages; cleaned to [value, maker's share, taker's share] of each line."""

    def __init__(self, **options: Any) -> None:
        widget = forms.Textarea({"rows": 3, "placeholder": "0 0.1 0.2\n100000 0.08 0.16"})
        super().__init__(max_length=5000, widget=widget, **options)

    def clean(self, value: Any) -> Any:
        return [_tier(number, line) for number, line in enumerate(super().clean(value).splitlines(), 1) if line.strip()]


def tiers_text(tiers: list[list[float]]) -> str:
    """The lines that `TiersField` reads as these tiers."""
    return "\n".join(f"{start!r} {percent_of(maker)} {percent_of(taker)}" for start, maker, taker in tiers)


def _tier(number: int, line: str) -> list[float]:
    try:
        start, maker, taker = line.replace(";", " ").split()
        percent = PercentField()
        return [float(start), percent.clean(maker), percent.clean(taker)]
    except (ValueError, forms.ValidationError):
        raise forms.ValidationError(
            f"Line {number} must be three numbers, as 100000 0.08 0.16: the value traded so far, "
            "the maker's and the taker's per cent."
        ) from None
