"""What most people leave as it is in a new back-test: who carries it, how bars fill, and what worse prices cost."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from apps.dashboard.fields import PercentField, TiersField, percent_of, tiers_text
from apps.dashboard.terms import ACCOUNT_KINDS, INTRABAR, capital

ACCOUNT = ("kind", "leverage", "hedging", "margin_call")
COSTS = (
    "spread",
    "slippage_ticks",
    "slippage_rate",
    "slippage_atr",
    "slippage_impact",
    "slippage_random",
    "maker_rate",
    "tiers",
)
FILL_RULES = (
    "intrabar",
    "exit_in_entry_bar",
    "market_at_close",
    "volume_share",
    "latency_bars",
    "latency_seconds",
    "compare_opposite",
)
UNITS = {
    "leverage": "times",
    "margin_call": "% of the margin",
    "spread": "in price",
    "slippage_ticks": "price increments",
    "slippage_rate": "% of the price",
    "slippage_atr": "% of the range",
    "slippage_impact": "share of the price",
    "slippage_random": "% of the price",
    "maker_rate": "%, optional",
    "tiers": "optional",
    "volume_share": "%",
    "latency_bars": "bars",
    "latency_seconds": "seconds",
}


def _choices(told: Mapping[str, str]) -> list[tuple[str, str]]:
    """Names with their words, as a person begins a line."""
    return [(name, capital(words)) for name, words in told.items()]


class AnswerField(forms.TypedChoiceField):
    """A question with two answers in words, the default first; cleaned to true or false, None when left out."""

    def __init__(self, label: str, **answers: str) -> None:
        super().__init__(
            label=label,
            required=False,
            choices=list(answers.items()),
            coerce="true".__eq__,
            empty_value=None,
        )


class AdvancedForm(forms.Form):
    """`terms` are a task's `account`, `costs` and `fill_rules`; what they may be the service says."""

    kind = forms.ChoiceField(label="Account", required=False, choices=_choices(ACCOUNT_KINDS))
    leverage = forms.FloatField(
        label="Leverage",
        required=False,
        initial=0,
        help_text="The most that a margin account lends; zero: what the instrument's initial margin allows.",
    )
    hedging = AnswerField(
        "A purchase while short",
        false="Closes the short position first",
        true="Is held beside it, for accounts that hedge",
    )
    margin_call = PercentField(
        label="Margin call",
        required=False,
        initial=0,
        help_text="Logged when equity is below this share of the initial margin; zero: never. For cross margin.",
    )
    intrabar = forms.ChoiceField(
        label="What comes first inside a bar",
        required=False,
        choices=_choices(INTRABAR),
        help_text="When a bar reaches several orders and its prices leave open which one first.",
    )
    exit_in_entry_bar = AnswerField(
        "Stops and targets work", true="At once after their entry", false="From the bar after their entry on"
    )
    market_at_close = AnswerField(
        "Market orders fill", false="At the open of the next bar", true="At the close at which they are given"
    )
    volume_share = PercentField(
        label="Share of a bar's volume",
        required=False,
        initial=0,
        help_text="What all fills in a bar may take together; zero: as much as is asked for.",
    )
    latency_bars = forms.IntegerField(
        label="Latency", required=False, initial=0, help_text="How much later than at once orders reach the market."
    )
    latency_seconds = forms.FloatField(
        label="Latency in time", required=False, initial=0, help_text="On top of it; counted from the next open."
    )
    compare_opposite = AnswerField(
        "Run the opposite rule as well",
        true="Yes, once a bar was ambiguous",
        false="No, it takes as long as the run itself",
    )
    spread = forms.FloatField(
        label="Spread",
        required=False,
        initial=0,
        help_text="Between bid and ask; the bars are the middle, and half of it is paid.",
    )
    slippage_ticks = forms.FloatField(label="Slippage by increments", required=False, initial=0)
    slippage_rate = PercentField(label="Slippage by price", required=False, initial=0)
    slippage_atr = PercentField(
        label="Slippage by range", required=False, initial=0, help_text="Of the mean true range of the 14 bars before."
    )
    slippage_impact = forms.FloatField(
        label="Market impact",
        required=False,
        initial=0,
        help_text="Times the share of the bar's volume that a fill takes, squared.",
    )
    slippage_random = PercentField(
        label="Random slippage",
        required=False,
        initial=0,
        help_text="At most; drawn for each fill, and the same when the run is repeated.",
    )
    maker_rate = PercentField(
        label="Commission of makers",
        required=False,
        help_text="In place of the share of the value, for limit orders that rested; below zero it is paid to you.",
    )
    tiers = TiersField(
        label="Tiers",
        required=False,
        help_text="A line each: the value traded so far, then the maker's and the taker's per cent.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, unit in UNITS.items():
            self.fields[name].unit = unit  # type: ignore[attr-defined]

    @property
    def account_fields(self) -> list[BoundField]:
        return [self[name] for name in ACCOUNT]

    @property
    def fill_rule_fields(self) -> list[BoundField]:
        return [self[name] for name in FILL_RULES]

    @property
    def cost_fields(self) -> list[BoundField]:
        return [self[name] for name in COSTS]

    @property
    def is_advanced(self) -> bool:
        """Whether any of these fields is wrong, or is not as it is left by most people."""
        fields = [*self.account_fields, *self.fill_rule_fields, *self.cost_fields]
        return any(field.errors or str(field.value() or 0) not in ("0", _left(field)) for field in fields)

    @property
    def terms(self) -> dict[str, dict[str, Any]]:
        """What is left out stays as the engine has it."""
        parts = {"account": ACCOUNT, "costs": COSTS, "fill_rules": FILL_RULES}
        given = {name: value for name, value in self.cleaned_data.items() if value not in (None, "", [])}
        return {part: {name: given[name] for name in names if name in given} for part, names in parts.items()}


def filled_like(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Initial values that repeat the terms of a manifest."""
    terms = {**manifest["account"], **manifest["costs"], **manifest.get("rules", {})}
    values = {name: terms[name] for name in (*ACCOUNT, *COSTS, *FILL_RULES) if name in terms}
    for name, value in values.items():
        if isinstance(value, bool):
            values[name] = str(value).lower()
        elif name == "tiers":
            values[name] = tiers_text(value)
        elif isinstance(AdvancedForm.base_fields[name], PercentField) and value is not None:
            values[name] = percent_of(value)
    return values


def _left(field: BoundField) -> str:
    """The value of a field that nobody touched."""
    choices = getattr(field.field, "choices", None)
    return str(choices[0][0] if choices else field.field.initial or 0)
