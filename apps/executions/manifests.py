"""The manifest of an execution: all that goes into it, in one spelling, with a hash and a seal on each field."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from importlib.metadata import version as version_of
from typing import Any, Final

from apps.engine import ENGINE_VERSION, source_digest
from apps.engine.errors import UnknownStrategy
from apps.executions import terms
from apps.executions.models import BacktestTask, TradingTask
from apps.market.models import DatasetVersion
from apps.strategies import services as strategies
from apps.strategies import sources

INSTRUMENT: Final = (
    "symbol",
    "quote_currency",
    "price_increment",
    "pip_size",
    "quantity_step",
    "min_quantity",
    "max_quantity",
    "periods_per_year",
    "multiplier",
    "is_inverse",
    "settles_in",
    "initial_margin",
    "maintenance_margin",
    "liquidation_fee",
)
"""Fields of an instrument that a manifest carries to the engine."""

NUMBERS: Final = {"float": "float64", "fastmath": False, "parallel": False, "error_model": "numpy"}
"""How every kernel of the engine calculates."""

LIBRARIES: Final = ("numba", "numpy")
"""Those that make the engine's machine code and its random numbers."""


def manifest_of(task: BacktestTask | TradingTask, version: DatasetVersion) -> dict[str, Any]:
    """Everything that goes into a run; equal manifests give equal tapes, whoever the task belongs to."""
    instrument = task.dataset.instrument
    strategy_type = task.config.strategy_type
    return {
        "strategy": {
            "type": strategy_type,
            "parameters": strategies.clean(strategy_type, task.config.parameters),
            "source": sources.digest_of(strategy_type),
        },
        "data": {
            "content_hash": version.content_hash,
            "timeframe_seconds": task.dataset.timeframe_seconds,
            "start_time": _iso(task.start_time),
            "end_time": _iso(task.end_time),
            "session": task.session,
            "timeframe": task.timeframe,
            "warm_up_bars": task.warm_up_bars,
        },
        "instrument": {name: getattr(instrument, name) for name in INSTRUMENT},
        "account": terms.account_of(task),
        "costs": terms.costs_of(task),
        "rules": terms.rules_of(task),
        **terms.ticks_of(task),
        "engine": {**_engine(), "seed": 0},
    }


def canonical(value: Any) -> bytes:
    """JSON in one spelling: neither the order of the members nor the way a number is written changes it.

    A database may give 1e22 back as a whole number, and 10000.0 as 10000. Raises ValueError for nan and infinity.
    """
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def manifest_hash(manifest: Mapping[str, Any]) -> str:
    """SHA-256 of the manifest in its canonical spelling, 64 hex digits."""
    return sha256(canonical(manifest)).hexdigest()


def leaves_of(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Each value that is no object, by its dotted path: `strategy.parameters.fast`; a list is one value."""
    return dict(sorted(_leaves("", manifest)))


def seal_of(manifest: Mapping[str, Any]) -> dict[str, str]:
    """A digest of each leaf by its dotted path, 32 hex digits: what tells later which field has changed."""
    return {path: _leaf_digest(value) for path, value in leaves_of(manifest).items()}


def broken_fields(manifest: Mapping[str, Any], hash_: str, seal: Mapping[str, str]) -> list[str]:
    """The fields of a manifest that are not as they were sealed, with those that were added or are gone.

    `manifest_hash`, or `seal.` and a path, where only that was changed, and the manifest itself was not.
    """
    now = seal_of(manifest)
    differing = [path for path in sorted({*now, *seal}) if now.get(path) != seal.get(path)]
    if manifest_hash(manifest) == hash_:
        return [f"seal.{path}" for path in differing]
    return differing or ["manifest_hash"]


def changed_code(manifest: Mapping[str, Any]) -> tuple[dict[str, tuple[Any, Any]], list[str]]:
    """How the code of this server differs from that of a manifest: (then, now) by path; and what cannot be told.

    An older manifest does not know all of the paths.
    """
    then, now = leaves_of(manifest), leaves_of({"engine": _engine()})
    try:
        now["strategy.source"] = sources.digest_that_runs(str(then.get("strategy.type")), then.get("strategy.source"))
    except UnknownStrategy:
        then.pop("strategy.source", None)
        now["strategy.source"] = None
    changed = {path: (then[path], now[path]) for path in sorted(now) if path in then and then[path] != now[path]}
    return changed, sorted(set(now) - set(then))


def _engine() -> dict[str, Any]:
    libraries = {name: _library(name) for name in LIBRARIES}
    return {"version": ENGINE_VERSION, "source": _engine_source(), "numbers": NUMBERS, "libraries": libraries}


@cache
def _engine_source() -> str:
    """What this process has imported is what it runs, whatever the files say later; reading them takes 4 ms."""
    return source_digest()


@cache
def _library(name: str) -> str:
    return version_of(name)


def _plain(value: Any) -> Any:
    match value:
        case Mapping():
            return {name: _plain(member) for name, member in value.items()}
        case list() | tuple():
            return [_plain(member) for member in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value


def _leaves(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, member in value.items():
            yield from _leaves(f"{prefix}.{name}" if prefix else str(name), member)
    else:
        yield prefix, value


def _leaf_digest(value: Any) -> str:
    return sha256(canonical(value)).hexdigest()[:32]


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None
