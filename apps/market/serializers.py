"""Shapes of the market endpoints."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.bodies import KnownMembers
from apps.errors import Invalid
from apps.market.conventions import timeframe_of
from apps.market.models import Dataset, DatasetVersion, Instrument
from apps.market.quality import CROSSED, REFUSE
from apps.market.series import LONGEST


class InstrumentSerializer(KnownMembers, serializers.ModelSerializer[Instrument]):
    """An instrument; what its numbers may be the service says."""

    symbol = serializers.CharField(max_length=40, help_text="Unique among yours; kept in capital letters.")
    is_shared = serializers.SerializerMethodField(help_text="The server's own, which every user sees and none changes.")

    class Meta:
        model = Instrument
        fields = [
            "id", "symbol", "name", "kind", "quote_currency", "price_increment", "pip_size", "quantity_step",
            "min_quantity", "max_quantity", "periods_per_year", "multiplier", "is_inverse", "settles_in",
            "initial_margin", "maintenance_margin", "liquidation_fee", "is_shared", "created_at",
        ]  # fmt: skip
        read_only_fields = ["created_at"]
        validators: list[Any] = []  # uniqueness per owner is the service's to say

    def get_is_shared(self, instrument: Instrument) -> bool:
        return instrument.owner_id is None


class DatasetVersionSerializer(serializers.ModelSerializer[DatasetVersion]):
    """Rows that never change, from the open of the first bar, or from the first tick, to that of the last."""

    class Meta:
        model = DatasetVersion
        fields = ["id", "number", "content_hash", "rows", "starts_at", "ends_at", "report", "created_at"]


class DatasetSerializer(serializers.ModelSerializer[Dataset]):
    """A dataset with its newest version."""

    instrument_id = serializers.IntegerField(read_only=True)
    instrument = serializers.CharField(source="instrument.symbol", read_only=True)
    kind = serializers.CharField(source="instrument.kind", read_only=True)
    is_shared = serializers.SerializerMethodField()
    latest_version = serializers.SerializerMethodField()

    class Meta:
        model = Dataset
        fields = [
            "id", "name", "instrument", "instrument_id", "kind", "layout", "timeframe_seconds", "source", "licence",
            "is_synthetic", "is_shared", "latest_version", "created_at",
        ]  # fmt: skip

    def get_is_shared(self, dataset: Dataset) -> bool:
        return dataset.owner_id is None

    @extend_schema_field(DatasetVersionSerializer(allow_null=True))
    def get_latest_version(self, dataset: Dataset) -> dict[str, Any] | None:
        newest = next(iter(dataset.versions.all()), None)  # prefetched, newest first
        return DatasetVersionSerializer(newest).data if newest else None


class DatasetDetailSerializer(DatasetSerializer):
    """A dataset with all its versions, newest first."""

    versions = DatasetVersionSerializer(many=True, read_only=True)

    class Meta(DatasetSerializer.Meta):
        fields = [*DatasetSerializer.Meta.fields, "versions"]


@extend_schema_field(OpenApiTypes.STR)
class TimeframeField(serializers.Field[int, Any, int, Any]):
    """`1m`, `4h`, `1d` or a number of seconds."""

    def to_internal_value(self, data: Any) -> int:
        try:
            return timeframe_of(str(data))
        except Invalid as refusal:
            raise serializers.ValidationError(refusal.message) from refusal

    def to_representation(self, value: int) -> int:
        return value


class SaidOrNotField(serializers.BooleanField):
    """True or false; a form that leaves it out has not said false."""

    default_empty_html = serializers.empty


class UploadSerializer(KnownMembers, serializers.Serializer[Any]):
    """A file of rows, what it is, and optionally the numbers of an instrument that is new."""

    file = serializers.FileField(allow_empty_file=True, help_text=".csv, .csv.gz or .parquet")
    name = serializers.CharField(max_length=120)
    symbol = serializers.CharField(max_length=40)
    layout = serializers.ChoiceField(
        choices=Dataset.Layout.choices, default=Dataset.Layout.BARS, help_text="What the rows of the file are."
    )
    timeframe_seconds = TimeframeField(
        required=False, help_text="Of bars: 1m, 4h, 1d, or a number of seconds. Ticks have none."
    )
    crossed = serializers.ChoiceField(
        choices=CROSSED,
        default=REFUSE,
        help_text="Quotes whose ask is below their bid: refuse the file, or drop them, which the report counts.",
    )
    source = serializers.CharField(  # type: ignore[assignment]
        max_length=LONGEST["source"], required=False, allow_blank=True
    )
    licence = serializers.CharField(max_length=LONGEST["licence"], required=False, allow_blank=True)
    is_synthetic = serializers.BooleanField(required=False, default=False)
    kind = serializers.ChoiceField(choices=Instrument.Kind.choices, required=False)
    quote_currency = serializers.CharField(max_length=10, required=False)
    price_increment = serializers.FloatField(required=False)
    pip_size = serializers.FloatField(required=False)
    quantity_step = serializers.FloatField(required=False)
    min_quantity = serializers.FloatField(required=False)
    max_quantity = serializers.FloatField(required=False)
    periods_per_year = serializers.IntegerField(required=False)
    multiplier = serializers.FloatField(required=False)
    is_inverse = SaidOrNotField(required=False)
    settles_in = serializers.CharField(max_length=10, required=False, allow_blank=True)
    initial_margin = serializers.FloatField(required=False)
    maintenance_margin = serializers.FloatField(required=False)
    liquidation_fee = serializers.FloatField(required=False)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        said = getattr(self, "initial_data", None)
        of_bars = (Dataset.Layout.BARS, Dataset.Layout.QUOTE_BARS)
        fields["timeframe_seconds"].required = said is not None and said.get("layout", Dataset.Layout.BARS) in of_bars
        return fields


class BarsQuerySerializer(serializers.Serializer[Any]):
    """Which bars, and how many at most; both ends inclusive, a time without an offset is UTC."""

    start = serializers.DateTimeField(required=False)
    end = serializers.DateTimeField(required=False)
    max_points = serializers.IntegerField(min_value=1, max_value=10_000, default=1000)
    version = serializers.IntegerField(min_value=1, required=False, help_text="Number of a version; else the newest.")


class BarsSerializer(serializers.Serializer[Any]):
    """Columns of bars, one value a point; `count` is how many rows there are, before folding.

    Of quote bars and ticks the prices are the middle of bid and ask, and the volume is the number of ticks.
    """

    version = serializers.IntegerField()
    count = serializers.IntegerField()
    points = serializers.IntegerField()
    time = serializers.ListField(child=serializers.IntegerField(), help_text="Seconds UTC of each point's first bar.")
    open = serializers.ListField(child=serializers.FloatField())
    high = serializers.ListField(child=serializers.FloatField())
    low = serializers.ListField(child=serializers.FloatField())
    close = serializers.ListField(child=serializers.FloatField())
    volume = serializers.ListField(child=serializers.FloatField())
