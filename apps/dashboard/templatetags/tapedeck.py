"""How pages spell numbers, times and small pictures."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.dashboard import terms
from apps.engine import strategies
from apps.market.conventions import timeframe_text

register = template.Library()
MISSING = "–"


@register.filter
def grouped(number: str | float | None) -> str:
    """Thousands by commas, digits as they are: "-12345.60" gives "−12,345.60"; nothing gives a dash."""
    if number is None or number == "":
        return MISSING
    text = format(Decimal(repr(number)), "f") if isinstance(number, float) else str(number)  # 0.00001, not 1e-05
    whole, point, fraction = text.lstrip("-").partition(".")
    return ("−" if text.startswith("-") else "") + f"{int(whole):,}{point}{fraction}"


@register.filter
def signed(number: str | float | None) -> str:
    """`grouped` with a plus before what is above zero."""
    return ("+" if number not in (None, "") and float(number) > 0 else "") + grouped(number)


@register.filter
def tone(number: str | float | None) -> str:
    """The class that colours a gain or a loss; zero and nothing stay plain."""
    value = float(number) if number not in (None, "") else 0.0
    return "gain" if value > 0 else "loss" if value < 0 else ""


@register.filter
def moment(value: datetime | str | None) -> SafeString | str:
    """A time to the minute, in UTC, for people and for programs."""
    if not value:
        return MISSING
    iso = value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value
    return format_html('<time datetime="{}">{}</time>', iso, iso[:16].replace("T", " "))


@register.filter
def elapsed(seconds: float | None) -> str:
    """65 as "1 min 05 s"; under ten seconds with one decimal."""
    if seconds is None:
        return MISSING
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


@register.inclusion_tag("dashboard/parts/sparkline.html")
def sparkline(values: Sequence[float], label: str = "Equity") -> dict[str, Any]:
    """A curve in a box of 100 × 32 with a dashed line at its first value; nothing for fewer than two values."""
    if len(values) < 2:
        return {"points": ""}
    low, high = min(values), max(values)
    scale = 28 / (high - low) if high > low else 0.0
    heights = [30 - (value - low) * scale if scale else 16.0 for value in values]
    step = 100 / (len(values) - 1)
    return {
        "points": " ".join(f"{index * step:.1f},{height:.1f}" for index, height in enumerate(heights)),
        "start": f"{heights[0]:.1f}",
        "tone": "gain" if values[-1] >= values[0] else "loss",
        "label": f"{label} from {values[0]:,.2f} to {values[-1]:,.2f}",
    }


@register.inclusion_tag("dashboard/parts/band.html")
def coverage_band(starts_at: datetime, ends_at: datetime, first: datetime, last: datetime) -> dict[str, Any]:
    """Where a period lies between `first` and `last`, as a band."""
    whole = max((last - first).total_seconds(), 1.0)
    left = (starts_at - first).total_seconds() / whole * 100
    width = max((ends_at - starts_at).total_seconds() / whole * 100, 0.8)
    return {"left": f"{left:.2f}", "width": f"{width:.2f}", "starts_at": starts_at, "ends_at": ends_at}


@register.filter
def words(name: str | None) -> str:
    """A name of programs in words: "trade_executed" as "Trade executed"."""
    return str(name or "").replace("_", " ").capitalize()


@register.filter
def told(event: dict[str, Any] | None) -> str:
    """What an event carries: {"side": "buy", "units": 10, "price": "1.2", "fee": "0.1"} as "buy 10 at 1.2, fee 0.1"."""
    rest = {name: value for name, value in (event or {}).items() if value not in (None, "")}
    if "from" in rest and "to" in rest:
        return f"{rest['from']} → {rest['to']}"
    deed = rest.pop("side", None) or rest.pop("signal", None)
    parts = []
    if deed and "units" in rest and "price" in rest:
        parts.append(f"{deed} {grouped(rest.pop('units'))} at {rest.pop('price')}")
    parts += [f"{name.replace('_', ' ')} {plain(value)}" for name, value in rest.items()]
    return ", ".join(parts)


@register.filter
def plain(value: Any) -> str:
    """A value of any kind: numbers grouped, whole ones without a point, names in words."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value).replace("_", " ")
    return grouped(int(value) if value == int(value) else value)


@register.filter
def strategy_title(strategy_type: str) -> str:
    """What a strategy calls itself; its type where this server does not know it any more."""
    known = strategies.all().get(strategy_type)
    return known.title if known else strategy_type


costs = register.filter(terms.costs)
timeframe = register.filter("timeframe", timeframe_text)
