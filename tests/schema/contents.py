"""All that the database holds, to be compared with what it holds later."""

from typing import Any

from django.apps import apps


def contents() -> dict[str, list[Any]]:
    """The rows of every table, by the label of its model."""
    found = {}
    for model in apps.get_models():
        if model._meta.managed and not model._meta.proxy:
            found[model._meta.label] = list(model._base_manager.order_by("pk").values_list())
    return found
