"""The form of a new back-test: fixed fields, and the chosen strategy's parameters made from its schema."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse

from apps.accounts.models import User
from apps.dashboard import advanced_form
from apps.dashboard.advanced_form import AdvancedForm
from apps.dashboard.fields import PercentField, percent_of
from apps.executions.models import Execution
from apps.market.conventions import timeframe_text
from apps.market.models import Dataset, DatasetVersion

PERIOD = ("start_time", "end_time", "session", "timeframe")
COMMISSIONS = ("commission_rate", "commission_per_trade", "commission_per_unit", "commission_minimum")
UNITS = {
    "start_time": "UTC",
    "end_time": "UTC",
    "session": "optional",
    "timeframe": "optional",
    "warm_up_bars": "rows",
    "equity_seconds": "s",
    "commission_rate": "%",
    "name": "optional",
    "bars_per_second": "rows a second, optional",
}
MOMENT = "%Y-%m-%dT%H:%M"


def datasets_of(user: User) -> QuerySet[Dataset]:
    """The datasets that the user can run on: visible, and with rows."""
    versions = DatasetVersion.objects.filter(dataset=OuterRef("pk"))
    return Dataset.objects.visible_to(user).filter(Exists(versions)).select_related("instrument").order_by("name")


class MomentInput(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format=MOMENT)


class BacktestForm(AdvancedForm):
    """Everything but the parameters; `task_fields` are those of a BacktestTask."""

    strategy_type = forms.ChoiceField(label="Strategy", choices=())
    dataset = forms.ModelChoiceField(Dataset.objects.none(), label="Dataset", empty_label=None)
    name = forms.CharField(
        required=False,
        max_length=120,
        help_text="Yours to find it by; left empty, it is made of strategy, data and time.",
    )
    start_time = forms.DateTimeField(label="From", required=False, widget=MomentInput())
    end_time = forms.DateTimeField(label="To", required=False, widget=MomentInput())
    session = forms.CharField(
        label="Hours",
        required=False,
        max_length=60,
        help_text="Trade only then, for instance 09:30-16:00 America/New_York; the end is exclusive.",
        widget=forms.TextInput({"list": "sessions"}),
    )
    timeframe = forms.CharField(
        label="Timeframe",
        required=False,
        max_length=10,
        help_text="Of the bars that the strategy sees; they are made of the dataset's, which still fill the orders.",
        widget=forms.TextInput({"list": "timeframes"}),
    )
    warm_up_bars = forms.IntegerField(
        label="Warm-up",
        required=False,
        initial=0,
        help_text="Of the dataset, before the period: the strategy has seen them when it begins.",
    )
    equity_seconds = forms.IntegerField(
        label="Equity every",
        required=False,
        help_text="Of a run on ticks: between two points of the curve; 0 for a point a tick, empty for 60 s.",
    )
    initial_balance = forms.FloatField(label="Initial balance", initial=10_000)
    commission_rate = PercentField(label="Share of the value", initial=0, help_text="Of each fill.")
    commission_per_trade = forms.FloatField(label="For each fill", initial=0)
    commission_per_unit = forms.FloatField(label="For each unit", initial=0)
    commission_minimum = forms.FloatField(label="At least", initial=0, help_text="Of what the units cost.")
    bars_per_second = forms.FloatField(
        label="Pace",
        required=False,
        help_text="Slows the run down so that it can be watched; empty: as fast as it goes.",
    )
    opened_at = forms.DateTimeField(widget=forms.HiddenInput())

    def __init__(self, user: User, definitions: Sequence[Mapping[str, Any]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, unit in UNITS.items():
            self.fields[name].unit = unit  # type: ignore[attr-defined]
        self.titles = {definition["id"]: definition["name"] for definition in definitions}
        self.fields["strategy_type"] = forms.ChoiceField(label="Strategy", choices=list(self.titles.items()))
        self.fields["strategy_type"].widget.attrs.update(_swap("dashboard:strategy-parameters", "#parameters"))
        dataset = self.fields["dataset"]
        assert isinstance(dataset, forms.ModelChoiceField)
        dataset.queryset = self.datasets = datasets_of(user)
        dataset.widget.attrs.update(_swap("dashboard:dataset-coverage", "#coverage"))

    def coverage(self) -> dict[str, Any]:
        """The chosen dataset and its newest version, None where there is none; the fields of the period fit it."""
        asked = str(self["dataset"].value() or "")
        chosen = self.datasets.filter(pk=int(asked)).first() if asked.isdecimal() else None
        dataset = chosen or self.datasets.first()
        version = dataset.latest if dataset else None
        if version is not None:
            limits = {"min": version.starts_at.strftime(MOMENT), "max": version.ends_at.strftime(MOMENT)}
            for name in ("start_time", "end_time"):
                self.fields[name].widget.attrs.update(limits)
        if dataset is not None:
            self.fields["timeframe"].widget.attrs["placeholder"] = timeframe_text(dataset.timeframe_seconds)
        return {"dataset": dataset, "version": version}

    def clean(self) -> dict[str, Any]:
        """A period that misses the data would fail only when it runs: say so now."""
        dataset, start, end = (self.cleaned_data.get(name) for name in ("dataset", "start_time", "end_time"))
        version = dataset.latest if dataset else None
        if version and start and start > version.ends_at:
            self.add_error("start_time", f"The data ends at {version.ends_at:%Y-%m-%d %H:%M}.")
        if version and end and end < version.starts_at:
            self.add_error("end_time", f"The data begins at {version.starts_at:%Y-%m-%d %H:%M}.")
        return self.cleaned_data

    @property
    def name_or_made(self) -> str:
        """The name, or one that a second submission of the same page makes again: it cannot start a second run."""
        if name := self.cleaned_data["name"].strip():
            return str(name)
        opened_at: datetime = self.cleaned_data["opened_at"]
        title, dataset = self.titles[self.cleaned_data["strategy_type"]], self.cleaned_data["dataset"]
        stamp = opened_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        return f"{title} on {dataset}"[:95] + f", {stamp}"

    @property
    def task_fields(self) -> dict[str, Any]:
        names = ("dataset", *PERIOD, "equity_seconds", "initial_balance", *COMMISSIONS, "bars_per_second")
        made = {"warm_up_bars": self.cleaned_data["warm_up_bars"] or 0, "name": self.name_or_made}
        return {**{name: self.cleaned_data[name] for name in names}, **self.terms, **made}


def filled_like(execution: Execution) -> tuple[dict[str, Any], dict[str, Any]]:
    """Initial values of both forms that repeat an execution."""
    task, manifest = execution.task, execution.manifest
    assert task is not None
    names = (*PERIOD, "warm_up_bars", "equity_seconds", "initial_balance", *COMMISSIONS, "bars_per_second")
    values: dict[str, Any] = {name: getattr(task, name) for name in names}
    values |= {"commission_rate": percent_of(task.commission_rate), **advanced_form.filled_like(manifest)}
    chosen = {"strategy_type": manifest["strategy"]["type"], "dataset": task.dataset_id}
    return _whole({**values, **chosen}), _whole(manifest["strategy"]["parameters"])


def _whole(values: Mapping[str, Any]) -> dict[str, Any]:
    """Whole floats as people write them: 5000 and not 5000.0."""
    return {
        name: int(value) if isinstance(value, float) and value.is_integer() else value for name, value in values.items()
    }


class ParametersForm(forms.Form):
    """A strategy's parameters, in the widgets that suit their JSON Schema; what they may be, the strategy says."""

    prefix = "parameters"

    def __init__(self, schema: Mapping[str, Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, described in schema.get("properties", {}).items():
            self.fields[name] = _field(_whole(described))


def _swap(view: str, target: str) -> dict[str, str]:
    """Attributes of a choice that fetches the part of the form that depends on it."""
    return {"hx-get": reverse(view), "hx-target": target, "hx-swap": "outerHTML", "hx-trigger": "change"}


def _field(described: Mapping[str, Any]) -> forms.Field:
    common = {
        "label": described.get("title", ""),
        "help_text": described.get("description", ""),
        "initial": described.get("default"),
    }
    match described:
        case {"enum": options}:
            field: forms.Field = forms.ChoiceField(choices=[(option, option) for option in options], **common)
        case {"type": "boolean"}:
            field = forms.BooleanField(required=False, **common)
        case {"type": "integer" | "number" as kind}:
            limits = {"min": described.get("minimum"), "max": described.get("maximum")}
            attributes = {key: value for key, value in limits.items() if value is not None}
            attributes["step"] = 1 if kind == "integer" else "any"
            field = forms.CharField(widget=forms.NumberInput(attributes), **common)
        case _:
            field = forms.CharField(required=False, **common)
    field.unit = _unit(described)  # type: ignore[attr-defined]
    return field


def _unit(described: Mapping[str, Any]) -> str:
    """Unit and range: "bars, 2 to 500"."""
    least, most = described.get("minimum"), described.get("maximum")
    if least is not None and most is not None:
        limits = f"{least} to {most}"
    else:
        limits = f"from {least}" if least is not None else f"up to {most}" if most is not None else ""
    return ", ".join(filter(None, (described.get("x-unit", ""), limits)))
