from functools import partial
from typing import Any

from django.apps import AppConfig
from django.db import transaction
from django.db.models.signals import post_delete


class MarketConfig(AppConfig):
    name = "apps.market"

    def ready(self) -> None:
        """However a version is deleted (its user's deletion reaches it too), its rows leave the store with the last."""
        from apps.market.models import DatasetVersion

        post_delete.connect(_forget_rows, sender=DatasetVersion)


def _forget_rows(instance: Any, **signal: Any) -> None:
    from apps.market.services import forget

    transaction.on_commit(partial(forget, instance.content_hash))
