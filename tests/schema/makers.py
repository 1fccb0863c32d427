"""Who owns what: for each path with an id, a thing of a given person that the id can be of.

An endpoint whose path leads to a new kind of thing needs a line in MAKERS (or in EVERYBODYS, when nobody owns it).
"""

import io
from collections.abc import Callable
from itertools import count
from typing import Any

from tests.conftest import as_csv, random_bars

MARK = "kept to oneself"
"""In every name that a maker gives: an answer to a stranger must not hold it."""
_numbers = count(1)


def _name() -> str:
    return f"{MARK} {next(_numbers)}"


def api_key(owner: Any) -> Any:
    from apps.accounts import keys
    from apps.accounts.models import ApiKey

    return keys.create(owner, name=_name(), scope=ApiKey.Scope.TRADE, expires_at=None)[0]


def instrument(owner: Any) -> Any:
    from apps.market.services import create_instrument

    values = {"kind": "forex", "quote_currency": "USD", "price_increment": 0.01, "pip_size": 0.01}
    return create_instrument(owner=owner, symbol=f"X{next(_numbers)}", name=_name(), **values)


def dataset(owner: Any) -> Any:
    from apps.market.services import import_bars

    values = {"name": _name(), "symbol": f"Y{next(_numbers)}", "timeframe_seconds": 60}
    file = io.BytesIO(as_csv(random_bars(40)))
    return import_bars(owner=owner, file=file, filename="bars.csv", **values).dataset


def strategy_config(owner: Any) -> Any:
    from apps.strategies.services import create_config

    return create_config(owner=owner, name=_name(), strategy_type="sma_cross", parameters={"fast": 3, "slow": 8})


def backtest_task(owner: Any) -> Any:
    from apps.executions.services import create_backtest_task

    values = {"config": strategy_config(owner), "dataset": dataset(owner), "initial_balance": 10_000.0}
    return create_backtest_task(owner=owner, name=_name(), **values)


def trading_task(owner: Any) -> Any:
    from apps.executions import trading_tasks

    values = {"config": strategy_config(owner), "dataset": dataset(owner), "initial_balance": 10_000.0, "speed": 60.0}
    return trading_tasks.create(owner=owner, name=_name(), **values)


def execution(owner: Any) -> Any:
    """Started, and not taken up by any worker yet."""
    from apps.executions.services import start

    return start(backtest_task(owner))


def finished(owner: Any) -> Any:
    """An execution that was carried out to its end."""
    from apps.runner.run import run

    made = execution(owner)
    run(made.pk)
    made.refresh_from_db()
    return made


MAKERS: dict[str, Callable[[Any], Any]] = {
    "/api/accounts/keys/{id}/": api_key,
    "/api/market/datasets/{id}/": dataset,
    "/api/market/instruments/{id}/": instrument,
    "/api/trading/backtest-tasks/{id}/": backtest_task,
    "/api/trading/executions/{id}/": execution,
    "/api/trading/strategy-configs/{id}/": strategy_config,
    "/api/trading/trading-tasks/{id}/": trading_task,
}
EVERYBODYS = {"/api/trading/strategies/{strategy_type}/": "sma_cross"}
"""Paths to what belongs to nobody, each with an id that there is."""
REFERENCES: dict[str, Callable[[Any], Any]] = {
    "config": strategy_config,
    "dataset": dataset,
    "task_id": backtest_task,
}
"""Members of bodies that are ids of one's own things."""


QUERIES: dict[str, Callable[[Any], Any]] = {"ids": execution}
"""Query parameters that must be there, and are ids of one's own things."""


def query(operation: Any, owner: Any) -> dict[str, str] | None:
    """What an operation must be asked with, about new things of this owner; KeyError when nothing is known of it."""
    required = [each["name"] for each in operation.parameters if each["in"] == "query" and each.get("required")]
    return {name: str(QUERIES[name](owner).pk) for name in required} or None


def path_to(path: str, owner: Any, maker: Callable[[Any], Any] | None = None) -> str:
    """The path with the id of a new thing of this owner in it; KeyError when nothing is known of such a path."""
    head, found, rest = path.partition("}/")
    owned = head + found
    if not found:
        return path
    wanted = EVERYBODYS.get(owned) or (maker or MAKERS[owned])(owner).pk
    return f"{owned.partition('{')[0]}{wanted}/{rest}"


def with_references(body: Any, owner: Any) -> Any:
    """The body with ids of new things of this owner, wherever it names some."""
    if isinstance(body, list):
        return [with_references(each, owner) for each in body]
    if not isinstance(body, dict):
        return body
    return {
        name: REFERENCES[name](owner).pk
        if name in REFERENCES and isinstance(value, int)
        else with_references(value, owner)
        for name, value in body.items()
    }
