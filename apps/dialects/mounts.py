"""Where each dialect is served: at its documented paths, under a prefix, or not at all.

A dialect is a package of this room. Its `urls` holds its paths. Its `sockets`, where it has some, has a function
`routes(hub)` with the paths of its WebSockets, and may have one `crossroads(hub)` with what answers it at `/ws`, which
several dialects claim.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from apps.dialects.crossroads import Crossroads


def patterns() -> list[URLPattern | URLResolver]:
    """The paths of every dialect that is served."""
    return [path(prefix, include(f"apps.dialects.{name}.urls")) for name, prefix in settings.DIALECTS.items()]


def sockets(hub: Any) -> list[URLPattern]:
    """The WebSockets of every dialect that is served."""
    routes: list[URLPattern] = []
    claims: dict[str, dict[str, Any]] = {}
    for name, prefix in settings.DIALECTS.items():
        if find_spec(f"apps.dialects.{name}.sockets") is None:
            continue
        module = import_module(f"apps.dialects.{name}.sockets")
        routes += [path(f"{prefix}{route.pattern}", route.callback) for route in module.routes(hub)]
        if hasattr(module, "crossroads"):
            claims.setdefault(prefix, {})[name] = module.crossroads(hub)
    shared: list[Any] = [path(f"{prefix}ws", Crossroads(claimed)) for prefix, claimed in claims.items()]  # type: ignore[arg-type]
    return [*routes, *shared]
