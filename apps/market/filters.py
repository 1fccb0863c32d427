"""What the lists of market data can be narrowed by."""

import django_filters
from django.db.models import Q, QuerySet

from apps.market.models import Dataset, Instrument


class InstrumentFilter(django_filters.FilterSet):
    search = django_filters.CharFilter(method="matching", help_text="Part of the symbol or of the name.")

    class Meta:
        model = Instrument
        fields = ["symbol", "kind"]

    def matching(self, instruments: QuerySet[Instrument], name: str, words: str) -> QuerySet[Instrument]:
        return instruments.filter(Q(symbol__icontains=words) | Q(name__icontains=words))


class DatasetFilter(django_filters.FilterSet):
    symbol = django_filters.CharFilter(field_name="instrument__symbol", lookup_expr="iexact")
    search = django_filters.CharFilter(method="matching", help_text="Part of the name or of the instrument's symbol.")

    class Meta:
        model = Dataset
        fields = ["layout", "timeframe_seconds", "is_synthetic"]

    def matching(self, datasets: QuerySet[Dataset], name: str, words: str) -> QuerySet[Dataset]:
        return datasets.filter(Q(name__icontains=words) | Q(instrument__symbol__icontains=words))
