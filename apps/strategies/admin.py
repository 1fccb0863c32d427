from typing import Any

from django import forms
from django.contrib import admin
from unfold.admin import ModelAdmin

from apps.errors import Invalid
from apps.strategies import services
from apps.strategies.models import StrategyConfig


class StrategyConfigForm(forms.ModelForm):  # type: ignore[type-arg]
    """Refuses what the service refuses; the parameters are completed by their defaults."""

    def clean_parameters(self) -> dict[str, Any]:
        parameters = self.cleaned_data["parameters"] or {}
        if not isinstance(parameters, dict):
            raise forms.ValidationError('They must be an object, as {"fast": 10}.')
        return parameters

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                cleaned["parameters"] = services.clean(cleaned["strategy_type"], cleaned["parameters"])
            except Invalid as refusal:
                field = "strategy_type" if "strategy_type" in refusal.fields else "parameters"
                self.add_error(field, refusal.message)
        return cleaned


@admin.register(StrategyConfig)
class StrategyConfigAdmin(ModelAdmin):
    form = StrategyConfigForm
    list_display = ["name", "strategy_type", "owner", "updated_at"]
    list_select_related = ["owner"]
    list_filter = ["strategy_type"]
    search_fields = ["name", "owner__email"]
    autocomplete_fields = ["owner"]
    date_hierarchy = "created_at"
