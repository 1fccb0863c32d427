"""The cast and the props of every test, made by the services that make them in real life."""

import io
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken

from apps.engine.types import BAR
from tests import services
from tests.stack import KINDS

MINUTE = 60_000_000
MONDAY = 1_704_067_200_000_000  # 2024-01-01T00:00:00Z in microseconds


def pytest_configure(config: pytest.Config) -> None:
    run = Path(os.environ["TAPEDECK_TEST_FOLDER"])
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a slow one is not what is tested
    settings.CELERY_BROKER_URL = "memory://"
    database = settings.DATABASES["default"]
    is_sqlite = database["ENGINE"].endswith("sqlite3")
    # a file: connections of other threads would not wait for the locks of a database in memory
    name = str(run / "test.sqlite3") if is_sqlite else run.name.replace("-", "_").lower()
    database.setdefault("TEST", {})["NAME"] = name


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave only the storage tests to the second session of `python -m tests`, and put the browser's last."""
    if os.environ.get("TAPEDECK_TEST_STORAGE"):
        others = [item for item in items if item.get_closest_marker("storage") is None]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item.get_closest_marker("storage")]
    # from its first test on, Playwright runs an event loop in this thread, and no other can
    items.sort(key=lambda item: (item.get_closest_marker("browser") is not None, _stack_of(item)))


def _stack_of(item: pytest.Item) -> str:
    """The kind of the stack that a test drives: in a random order each test would start one of the other kind."""
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    kinds = (value for value in parameters.values() if isinstance(value, str) and value in KINDS)
    return next(kinds, "") if item.get_closest_marker("acceptance") else ""


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real market data and golden cases."""
    folder = Path(os.environ.get("TAPEDECK_SHARED", Path(__file__).resolve().parents[2] / "shared"))
    if not (folder / "golden" / "index.json").exists():
        pytest.skip(f"No market data at {folder}; TAPEDECK_SHARED names the folder.")
    return folder


@pytest.fixture(autouse=True)
def _no_archives_of_others() -> Iterator[None]:
    """A file is not rolled back as a row is, and the next test's execution may have the same number."""
    yield
    shutil.rmtree(Path(settings.DATA_DIR) / "archive", ignore_errors=True)


# The cast -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def owner(db: None) -> Any:
    from apps.accounts.services import register

    return register(email="owner@example.org", password="a long walk by the sea", name="Olga Owner")


@pytest.fixture
def stranger(db: None) -> Any:
    from apps.accounts.services import register

    return register(email="stranger@example.org", password="a short walk in the rain", name="Sam Stranger")


@pytest.fixture
def api(owner: Any) -> APIClient:
    return signed_in(owner)


@pytest.fixture
def stranger_api(stranger: Any) -> APIClient:
    return signed_in(stranger)


@pytest.fixture
def anonymous_api() -> APIClient:
    return APIClient()


def signed_in(user: Any) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {AccessToken.for_user(user)}")
    return client


# The props ----------------------------------------------------------------------------------------------------------


def random_bars(count: int, *, seed: int = 1, start: int = MONDAY, step: int = MINUTE) -> np.ndarray:
    """(count,) BAR: a seeded random walk without gaps, prices in cents."""
    generator = np.random.default_rng(seed)
    close = np.round(100.0 * np.exp(np.cumsum(generator.normal(0, 0.001, count))), 2)
    bars = np.empty(count, BAR)
    bars["time"] = start + step * np.arange(count)
    bars["open"] = np.concatenate((close[:1], close[:-1]))
    bars["close"] = close
    bars["high"] = np.maximum(bars["open"], close) + 0.05
    bars["low"] = np.minimum(bars["open"], close) - 0.05
    bars["volume"] = generator.integers(1, 1000, count)
    return bars


def as_csv(bars: np.ndarray) -> bytes:
    """Bars in our own CSV layout."""
    times = np.datetime_as_string(bars["time"].astype("datetime64[us]"), unit="s")
    columns = (bars[name].tolist() for name in ("open", "high", "low", "close", "volume"))
    lines = [f"{time}Z,{','.join(map(repr, values))}" for time, *values in zip(times, *columns, strict=True)]
    return "\n".join(["timestamp,open,high,low,close,volume", *lines, ""]).encode()


@pytest.fixture
def import_dataset(owner: Any) -> Callable[..., Any]:
    """import_dataset(bars, **changes): the Dataset of these bars."""

    def make(bars: np.ndarray | None = None, **changes: Any) -> Any:
        from apps.market.services import import_bars

        values = {"owner": owner, "name": "minutes", "symbol": "EUR_USD", "timeframe_seconds": 60, **changes}
        content = as_csv(random_bars(300) if bars is None else bars)
        return import_bars(file=io.BytesIO(content), filename="bars.csv", **values).dataset

    return make


@pytest.fixture
def make_config(owner: Any) -> Callable[..., Any]:
    def make(**changes: Any) -> Any:
        from apps.strategies.models import StrategyConfig

        values = {"owner": owner, "name": "fast cross", "strategy_type": "sma_cross"}
        values["parameters"] = {"fast": 3, "slow": 8}
        return StrategyConfig.objects.create(**{**values, **changes})

    return make


@pytest.fixture
def make_task(owner: Any, make_config: Callable[..., Any], import_dataset: Callable[..., Any]) -> Callable[..., Any]:
    """make_task(**changes): a BacktestTask that trades often on 300 random minutes."""

    def make(**changes: Any) -> Any:
        from apps.executions.services import create_backtest_task

        values = {"owner": owner, "name": "a back-test", "initial_balance": 10_000.0, **changes}
        values["config"] = values.get("config") or make_config()
        values["dataset"] = values.get("dataset") or import_dataset()
        return create_backtest_task(**values)

    return make


@pytest.fixture
def make_trading_task(
    owner: Any, make_config: Callable[..., Any], import_dataset: Callable[..., Any]
) -> Callable[..., Any]:
    """make_trading_task(**changes): a TradingTask of the same terms as `make_task` makes, as fast as it goes."""

    def make(**changes: Any) -> Any:
        from apps.executions import trading_tasks

        values = {"owner": owner, "name": "a trading task", "initial_balance": 10_000.0, **changes}
        values["config"] = values.get("config") or make_config()
        values["dataset"] = values.get("dataset") or import_dataset()
        return trading_tasks.create(**values)

    return make


@pytest.fixture
def execution(make_task: Callable[..., Any]) -> Any:
    """Started, and not taken up by any worker yet."""
    from apps.executions.services import start

    return start(make_task())


@pytest.fixture
def finished(execution: Any) -> Any:
    """Carried out to its end by the runner, in this process."""
    from apps.runner.run import run

    run(execution.pk)
    execution.refresh_from_db()
    assert execution.status == "completed", execution.error_message
    return execution


@pytest.fixture
def require_services() -> Any:
    """`require_postgres()`, `require_redis()`, `require_chromium()`: a URL or path, a skip, or a failure."""
    return services
