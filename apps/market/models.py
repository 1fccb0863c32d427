"""Instruments and their versioned datasets. What the rows look like on disk only `store.py` knows."""

from typing import Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q

from apps.accounts.models import User


def _own_or_shared(user: User | AnonymousUser) -> Q:
    """Rows without an owner are the server's own, and shared with everybody."""
    return Q(owner_id=user.pk) | Q(owner=None)


class InstrumentQuerySet(models.QuerySet["Instrument"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        return self.filter(_own_or_shared(user))


class DatasetQuerySet(models.QuerySet["Dataset"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        return self.filter(_own_or_shared(user))


class Instrument(models.Model):
    """Something that can be traded, with the numbers a fill needs to know."""

    class Kind(models.TextChoices):
        FOREX = "forex"
        EQUITY = "equity"
        CRYPTO = "crypto"
        FUTURE = "future"
        INDEX = "index"

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="instruments"
    )
    symbol = models.CharField(max_length=40, help_text="The canonical name, for instance EUR_USD or SPY.")
    name = models.CharField(max_length=120, blank=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    quote_currency = models.CharField(max_length=10, default="USD")
    price_increment = models.FloatField(default=0.01, help_text="The smallest step of a price.")
    pip_size = models.FloatField(default=0.01, help_text="0.0001 for most currency pairs, 0.01 against JPY.")
    quantity_step = models.FloatField(default=1.0, help_text="The smallest step of a quantity.")
    min_quantity = models.FloatField(default=1.0)
    max_quantity = models.FloatField(null=True, blank=True, help_text="The largest order; empty: as large as you like.")
    periods_per_year = models.PositiveSmallIntegerField(
        default=252, help_text="Trading days a year, for annual figures: 252, or 365 where trade never rests."
    )
    multiplier = models.FloatField(default=1.0, help_text="What one unit is worth at a price of 1: 50 for a mini S&P.")
    is_inverse = models.BooleanField(
        default=False, help_text="A unit is a fixed amount of the quote currency, and settles in the base currency."
    )
    settles_in = models.CharField(
        max_length=10, blank=True, help_text="Currency of gains, losses and fees; empty: the quote currency."
    )
    initial_margin = models.FloatField(
        default=1.0, help_text="Share of its value that a margin account needs to open a position."
    )
    maintenance_margin = models.FloatField(
        default=0.0, help_text="Share of its value that a margin account needs to keep a position."
    )
    liquidation_fee = models.FloatField(default=0.0, help_text="Share of the value that a liquidation costs on top.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = InstrumentQuerySet.as_manager()

    class Meta:
        ordering = ["symbol"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "symbol"], name="instrument_symbol_unique_per_owner"),
            models.UniqueConstraint(
                fields=["symbol"], condition=Q(owner=None), name="instrument_symbol_unique_among_shared"
            ),
        ]

    def __str__(self) -> str:
        return self.symbol


class Dataset(models.Model):
    """A series of one instrument in one layout and timeframe; each import that changes its rows is a new version."""

    class Layout(models.TextChoices):
        BARS = "bars", "bars"
        QUOTE_BARS = "quote_bars", "quote bars"
        TICKS = "ticks", "ticks"

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="datasets"
    )
    instrument = models.ForeignKey(Instrument, on_delete=models.RESTRICT, related_name="datasets")
    name = models.CharField(max_length=120)
    layout = models.CharField(
        max_length=10,
        choices=Layout.choices,
        default=Layout.BARS,
        help_text="What its rows are: bars, bars of bid and ask, or ticks of bid and ask.",
    )
    timeframe_seconds = models.PositiveIntegerField(help_text="Length of one bar; 0 for ticks.")
    source = models.CharField(max_length=200, blank=True, help_text="Where the rows come from.")
    licence = models.CharField(max_length=120, blank=True)
    is_synthetic = models.BooleanField(default=False, help_text="Made by a generator, not by a market.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = DatasetQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="dataset_name_unique_per_owner"),
            models.UniqueConstraint(fields=["name"], condition=Q(owner=None), name="dataset_name_unique_among_shared"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def latest(self) -> "DatasetVersion | None":
        return self.versions.order_by("-number").first()


class DatasetVersion(models.Model):
    """Rows that never change, found in the store by the hash of their content."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    content_hash = models.CharField(max_length=64, db_index=True)
    rows = models.PositiveBigIntegerField()
    starts_at = models.DateTimeField(help_text="Open of the first bar, or time of the first tick.")
    ends_at = models.DateTimeField(help_text="Open of the last bar, or time of the last tick.")
    report = models.JSONField(default=dict, help_text="What the import found: gaps, flat bars, duplicates left out.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["dataset", "number"], name="dataset_version_number_unique"),
            models.UniqueConstraint(fields=["dataset", "content_hash"], name="dataset_version_content_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.dataset} v{self.number}"
