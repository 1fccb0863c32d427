"""What tasks of every kind say: a strategy's data and period, its account and costs."""

from typing import ClassVar, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models

from apps.accounts.models import User


class TaskQuerySet(models.QuerySet):  # type: ignore[type-arg] # of a back-test's and of a trading task alike
    def visible_to(self, user: User | AnonymousUser) -> Self:
        return self.filter(owner_id=user.pk)


class Task(models.Model):
    """A saved definition; each start of it is a numbered execution."""

    kind: ClassVar[str]
    """The `task_type` of its executions, which they know it by as `<kind>_task`."""

    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    start_time = models.DateTimeField(
        null=True, blank=True, help_text="First bar, inclusive; empty: the first there is."
    )
    end_time = models.DateTimeField(null=True, blank=True, help_text="Last bar, inclusive; empty: the last there is.")
    session = models.CharField(
        max_length=60,
        blank=True,
        help_text="Trade these hours only, for instance 09:30-16:00 America/New_York; the end is exclusive.",
    )
    timeframe = models.CharField(
        max_length=10,
        blank=True,
        help_text="Of the bars that the strategy sees, made of the dataset's: 5m, 4h, 1d; empty: the dataset's own.",
    )
    warm_up_bars = models.PositiveIntegerField(
        default=0, help_text="How many of the dataset's bars before start_time the strategy has seen when it begins."
    )
    initial_balance = models.FloatField(default=10_000.0, help_text="In the currency that the instrument settles in.")
    commission_rate = models.FloatField(default=0.0, help_text="Share of each fill's value: 0.001 is 0.1 %.")
    commission_per_trade = models.FloatField(default=0.0, help_text="Fixed amount for each fill.")
    commission_per_unit = models.FloatField(default=0.0, help_text="Amount for each unit filled.")
    commission_minimum = models.FloatField(default=0.0, help_text="Least amount of the commission per unit.")
    costs = models.JSONField(
        default=dict, blank=True, help_text="Spread, slippage, maker's rate and tiers; those left out cost nothing."
    )
    fill_rules = models.JSONField(
        default=dict, blank=True, help_text="How bars fill orders; the rules left out are the engine's defaults."
    )
    account = models.JSONField(
        default=dict, blank=True, help_text="Who carries the positions; what is left out has the engine's defaults."
    )
    equity_seconds = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Of ticks: seconds between two points of the equity, 0 for a point a tick; empty: 60.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name
