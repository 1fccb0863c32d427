from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from apps.market import instruments, services
from apps.market.models import Dataset, DatasetVersion, Instrument


class InstrumentForm(forms.ModelForm):  # type: ignore[type-arg]
    """Refuses what the service refuses; the multiplier and the margins, left empty, are as for a plain instrument."""

    usual = ("multiplier", *instruments.MARGINS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.usual:
            self.fields[name].required = False

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        plain = Instrument()
        cleaned |= {name: getattr(plain, name) for name in self.usual if cleaned.get(name, 0) is None}
        if not self.errors:
            for name, texts in services.problems_of(Instrument(pk=self.instance.pk, **cleaned)).items():
                self.add_error(name, texts)
        return cleaned

    def clean_symbol(self) -> str:
        symbol: str = self.cleaned_data["symbol"]
        return symbol.strip().upper()


@admin.register(Instrument)
class InstrumentAdmin(ModelAdmin):
    form = InstrumentForm
    list_display = ["symbol", "name", "kind", "quote_currency", "price_increment", "quantity_step", "owner"]
    list_select_related = ["owner"]
    list_filter = ["kind", "quote_currency"]
    search_fields = ["symbol", "name", "owner__email"]
    autocomplete_fields = ["owner"]


class DatasetVersionInline(TabularInline):
    """What an import wrote, nobody edits."""

    model = DatasetVersion
    fields = ["number", "rows", "starts_at", "ends_at", "report", "content_hash", "created_at"]
    readonly_fields = fields
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Dataset | None = None) -> bool:
        return False


@admin.register(Dataset)
class DatasetAdmin(ModelAdmin):
    list_display = ["name", "instrument", "layout", "timeframe", "owner", "source", "is_synthetic", "created_at"]
    list_select_related = ["instrument", "owner"]
    list_filter = ["is_synthetic", "layout", "timeframe_seconds"]
    search_fields = ["name", "instrument__symbol", "owner__email"]
    readonly_fields = ["name", "instrument", "layout", "timeframe_seconds", "owner", "is_synthetic", "created_at"]
    inlines = [DatasetVersionInline]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # a dataset begins with an import

    @display(description="Timeframe", ordering="timeframe_seconds")
    def timeframe(self, dataset: Dataset) -> str:
        return f"{dataset.timeframe_seconds} s" if dataset.timeframe_seconds else "–"
