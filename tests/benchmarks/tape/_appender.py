"""Appends to the database of its settings, and prints the times: `append` starts it."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

django.setup()

import numpy as np  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from apps.accounts.services import register  # noqa: E402
from apps.engine.types import EQUITY, FILL, ORDER_EVENT, PAYMENT, TRADE, OrderEventKind, OrderType, Rows  # noqa: E402
from apps.equity.journal import equity  # noqa: E402
from apps.executions import lifecycle, services  # noqa: E402
from apps.market.services import import_bars  # noqa: E402
from apps.runner import recorder  # noqa: E402
from apps.strategies.models import StrategyConfig  # noqa: E402
from tests.conftest import as_csv, random_bars  # noqa: E402

ROUNDS = 3
EVENTS, CHUNK_EVENTS = 500_000, 25_000
POINTS, CHUNK_POINTS = 3_000_000, 150_000  # a chunk of a fast run is up to half a million bars
CHART_POINTS, CHARTS = 1000, 50
TICKS = os.sysconf("SC_CLK_TCK")
START = 1_514_764_800_000_000


def main() -> None:
    call_command("migrate", verbosity=0)
    task = prepared_task()
    kinds: dict[str, tuple[int, int, Callable[[np.random.Generator, int, int], Rows]]] = {
        "events": (EVENTS, CHUNK_EVENTS, order_rows),
        "equity points": (POINTS, CHUNK_POINTS, equity_rows),
    }
    times = {name: {"count": kind[0], **best(lambda kind=kind: append(task, *kind))} for name, kind in kinds.items()}
    print(json.dumps({"appended": times, "chart": best(lambda: chart(task))}))


def best(work: Callable[[], dict[str, float]]) -> dict[str, float]:
    return min((work() for _ in range(ROUNDS)), key=lambda times: times["wall"])


def append(task: Any, count: int, size: int, made: Callable[..., Rows]) -> dict[str, float]:
    """Seconds that it takes to record so many rows in chunks of a size."""
    random = np.random.default_rng(3)
    claim = recorder.claim(services.start(task).pk)
    assert claim is not None
    chunks = [made(random, start, size) for start in range(0, count, size)]
    server = server_cpu()
    wall, cpu = time.perf_counter(), time.process_time()
    for number, rows in enumerate(chunks, start=1):
        done = number * size
        recorder.record(claim, rows, recorder.Progress(done, count, START, bytes(2000), None))
    times = {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "server_cpu": server_cpu() - server,
    }
    lifecycle.stop(claim.execution)
    return times


def chart(task: Any) -> dict[str, float]:
    """Seconds that it takes to read what a chart of the last appended curve is drawn from."""
    execution = task.executions.latest("pk")
    equity.sample(execution.pk, CHART_POINTS)
    server = server_cpu()
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(CHARTS):
        assert len(equity.sample(execution.pk, CHART_POINTS)) > CHART_POINTS // 2
    spent = time.perf_counter() - wall, time.process_time() - cpu, server_cpu() - server
    return dict(zip(("wall", "cpu", "server_cpu"), (seconds / CHARTS for seconds in spent), strict=True))


def order_rows(random: np.random.Generator, start: int, size: int) -> Rows:
    """Orders as a moving-average cross gives them: submitted, and filled at the next bar's open."""
    orders, fills = np.zeros(size, ORDER_EVENT), np.zeros(size // 2, FILL)
    numbers = start + np.arange(size)
    orders["bar"] = numbers * 15
    orders["time"] = START + 60_000_000 * orders["bar"]
    orders["order"], orders["type"] = 1 + numbers // 2, OrderType.MARKET
    orders["kind"] = np.where(numbers % 2, OrderEventKind.FILLED, OrderEventKind.SUBMITTED)
    orders["side"] = np.where(numbers // 2 % 2, -1, 1)
    orders["quantity"] = random.integers(1, 10_000, size)
    orders["price"] = np.round(random.uniform(50.0, 150.0, size), 2)
    filled = orders[1::2]
    for name in ("time", "bar", "order", "side", "quantity", "price"):
        fills[name] = filled[name]
    fills["fee"] = filled["price"] * filled["quantity"] * 0.001
    fills["position"] = np.where(filled["side"] > 0, filled["quantity"], 0.0)
    return Rows(orders, fills, np.zeros(0, TRADE), np.zeros(0, EQUITY), np.zeros(0, PAYMENT))


def equity_rows(random: np.random.Generator, start: int, size: int) -> Rows:
    """A random walk with all digits that a balance may have."""
    points = np.zeros(size, EQUITY)
    points["time"] = START + 60_000_000 * (start + np.arange(size))
    points["equity"] = 1_000_000.0 + np.cumsum(random.normal(0.0, 50.0, size))
    empty = (np.zeros(0, layout) for layout in (ORDER_EVENT, FILL, TRADE))
    return Rows(*empty, points, np.zeros(0, PAYMENT))


def server_cpu() -> float:
    """User and system seconds of this connection's server process; 0 where there is none that can be looked at."""
    if connection.vendor != "postgresql":
        return 0.0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        stat = Path(f"/proc/{cursor.fetchone()[0]}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def prepared_task() -> Any:
    import io

    owner = register(email="bench@example.org", password="a long walk by the sea", name="Bench")
    file = io.BytesIO(as_csv(random_bars(300)))
    dataset = import_bars(
        file=file, filename="bars.csv", owner=owner, name="bars", symbol="EUR_USD", timeframe_seconds=60
    ).dataset
    config = StrategyConfig.objects.create(
        owner=owner, name="cross", strategy_type="sma_cross", parameters={"fast": 3, "slow": 8}
    )
    return services.create_backtest_task(owner=owner, name="bench", config=config, dataset=dataset)


if __name__ == "__main__":
    main()
