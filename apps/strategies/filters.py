"""What the list of configurations can be narrowed by."""

import django_filters
from django.db.models import Q, QuerySet

from apps.strategies.models import StrategyConfig


class StrategyConfigFilter(django_filters.FilterSet):
    search = django_filters.CharFilter(method="matching", help_text="Part of the name or of the description.")

    class Meta:
        model = StrategyConfig
        fields = ["strategy_type"]

    def matching(self, configs: QuerySet[StrategyConfig], name: str, words: str) -> QuerySet[StrategyConfig]:
        return configs.filter(Q(name__icontains=words) | Q(description__icontains=words))
