"""What foreign clients call an execution, and the tokens that some of them sign in with."""

from typing import Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q

from apps.accounts.models import User
from apps.executions.models import Execution


class Surface(models.TextChoices):
    """Whose API it is."""

    JESSE = "jesse"
    LEAN = "lean"
    AGENTS = "agents"
    CRACKTRADER = "cracktrader"


class ForeignNameQuerySet(models.QuerySet["ForeignName"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        return self.filter(owner_id=user.pk)


class ForeignName(models.Model):
    """One execution under the names of every dialect, whichever it was started through."""

    execution = models.OneToOneField(
        Execution, on_delete=models.CASCADE, primary_key=True, related_name="foreign_name", db_constraint=True
    )
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    uuid = models.UUIDField(unique=True)
    run_id = models.CharField(max_length=12, unique=True, help_text="Twelve hex digits.")
    stamp = models.CharField(max_length=19, help_text="When it was made, as 2026-01-31_09-30-00; unique per user.")
    surface = models.CharField(
        max_length=12, choices=Surface, blank=True, help_text="It was started through; empty: none of them."
    )
    reference = models.CharField(max_length=64, blank=True, help_text="What the client that started it calls it.")
    request = models.JSONField(default=dict, help_text="What the client sent and wants to hear again; never a secret.")

    objects = ForeignNameQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "stamp"], name="foreign_stamp_unique_per_owner"),
            models.UniqueConstraint(
                fields=["owner", "surface", "reference"],
                condition=~Q(reference=""),
                name="foreign_reference_unique_per_surface",
            ),
        ]
        indexes = [models.Index(fields=["owner", "surface", "-execution"], name="foreign_newest_of_surface")]

    def __str__(self) -> str:
        return self.reference or str(self.uuid)


class Token(models.Model):
    """A sign-in through one dialect, which opens nothing but that dialect."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    surface = models.CharField(max_length=12, choices=Surface)
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.surface} token of {self.user}"
