from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_delete


class KeepingConfig(AppConfig):
    name = "apps.keeping"

    def ready(self) -> None:
        """However an execution is deleted (its user's deletion reaches it too), its journals are swept away."""
        from apps.executions.models import Execution

        post_delete.connect(_remember, sender=Execution, dispatch_uid="keeping.remember")


def _remember(instance: Any, **signal: Any) -> None:
    from apps.keeping.leftovers import remember

    remember(instance.pk)
