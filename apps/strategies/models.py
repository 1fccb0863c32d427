"""A user's named parameter sets of the strategies that this server knows."""

from typing import Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models

from apps.accounts.models import User


class StrategyConfigQuerySet(models.QuerySet["StrategyConfig"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        return self.filter(owner_id=user.pk)


class StrategyConfig(models.Model):
    """One strategy with all its parameters, under a name that is unique per user."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="strategy_configs")
    name = models.CharField(max_length=120)
    strategy_type = models.CharField(max_length=80)
    parameters = models.JSONField(default=dict)
    description = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = StrategyConfigQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="strategy_config_name_unique_per_owner")]

    def __str__(self) -> str:
        return self.name


class StrategySource(models.Model):
    """The code of a strategy as an execution was started with it: what its manifest names by the digest."""

    digest = models.CharField(max_length=64, primary_key=True)
    strategy_type = models.CharField(max_length=80, db_index=True)
    file = models.CharField(max_length=255, help_text="Name of the strategy's own file, without its folder.")
    text = models.TextField(help_text="What was in it; of a package, only the strategy's own file.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.strategy_type} {self.digest[:12]}"
