"""What a new server shows: a user, a finished back-test on real prices, and one on made-up prices to be watched."""

import secrets
from typing import Any

from apps.accounts.models import User
from apps.executions import services
from apps.executions.models import BacktestTask, Execution
from apps.market.models import Dataset
from apps.strategies.models import StrategyConfig

EMAIL = "demo@example.org"
FINISHED: dict[str, Any] = {
    "name": "EUR/USD 2017, moving averages",
    "description": "A year of hourly prices, as fast as it goes.",
    "dataset": "EUR_USD 1 h, ask, 2017",
    "strategy_type": "sma_cross",
    "parameters": {"fast": 24, "slow": 120, "direction": "both", "quantity": 10_000.0},
    "commission_rate": 0.00002,
}
WATCHED: dict[str, Any] = {
    "name": "Synthetic coin, moving averages",
    "description": "Made-up minutes, slowed down to two hours a second so that they can be watched.",
    "dataset": "SYN_USD 1 min, synthetic",
    "strategy_type": "sma_cross",
    "parameters": {"fast": 20, "slow": 100, "direction": "both", "sizing": "equity", "fraction": 0.5},
    "commission_rate": 0.0004,
    "bars_per_second": 120.0,
}


def ensure_user(*, new_password: bool) -> str | None:
    """Make the demonstration's user, an administrator; returns the password while it is new, else None."""
    user = User.objects.filter(email=EMAIL).first()
    if user is not None and not new_password:
        return None
    password = secrets.token_urlsafe(12)
    if user is None:
        User.objects.create_superuser(EMAIL, password, name="Demonstration")
    else:
        user.set_password(password)
        user.save()
    return password


def start() -> tuple[Execution, Execution]:
    """An execution that is finished or soon will be, and one that runs slowly; started where there is none."""
    owner = User.objects.get(email=EMAIL)
    finished, watched = _task(owner, **FINISHED), _task(owner, **WATCHED)
    return (
        finished.executions.first() or services.start(finished),
        watched.executions.filter(status__in=services.UNFINISHED).first() or services.start(watched),
    )


def _task(owner: User, *, name: str, dataset: str, strategy_type: str, parameters: Any, **fields: Any) -> BacktestTask:
    task = BacktestTask.objects.filter(owner=owner, name=name).first()
    if task is not None:
        return task
    config, _ = StrategyConfig.objects.get_or_create(
        owner=owner, name=name, defaults={"strategy_type": strategy_type, "parameters": parameters}
    )
    return services.create_backtest_task(
        owner=owner, name=name, config=config, dataset=Dataset.objects.get(owner=None, name=dataset), **fields
    )
