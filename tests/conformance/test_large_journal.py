"""A journal of a million events: a page costs the same wherever it lies."""

import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from rest_framework.test import APIClient

from apps.events.journal import events

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.storage]
ROWS = 1_000_000
FILLS_EVERY = 4
TIMES = 5  # the fastest of so many: what the server takes, not what else this machine does
IS_EMBEDDED = "sqlite" in settings.DATABASES["default"]["ENGINE"]
MAX_SECONDS = 0.1
MAX_BYTES = 16 * 2**20
EVENT = '"event_type":"%s","strategy_type":"sma_cross","timestamp":"2024-01-02T00:00:00Z","event":{"price":"1.2345"}'
ROW = "'{\"sequence\":' || n || ',' || {event} || ',\"created_at\":\"2024-01-02T00:00:00Z\"}'"


@pytest.fixture
def million(execution: Any) -> Any:
    """An execution with so many events, made by the database itself."""
    fill, signal = (f"'{EVENT % kind}'" for kind in ("trade_executed", "strategy_signal"))
    kind = f"CASE WHEN n % {FILLS_EVERY} = 0 THEN 'trade_executed' ELSE 'strategy_signal' END"
    body = ROW.replace("{event}", f"CASE WHEN n % {FILLS_EVERY} = 0 THEN {fill} ELSE {signal} END")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM events_event WHERE execution_id = %s", [execution.pk])
        cursor.execute(
            f"""
            WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {ROWS})
            INSERT INTO events_event (execution_id, sequence, event_type, body)
            SELECT {execution.pk}, n, {kind}, {body} FROM numbers
            """
        )
        if not IS_EMBEDDED:
            cursor.execute("ANALYZE events_event")
    kinds = ["trade_executed" if n % FILLS_EVERY == 0 else "strategy_signal" for n in range(1, ROWS + 1)]
    events.places.note(execution.pk, 1, kinds)
    type(execution).objects.filter(pk=execution.pk).update(events_head=ROWS)
    return execution


def questions() -> Iterator[tuple[dict[str, Any], list[int], int]]:
    """A query, the sequences that answer it, and how many there are in all."""
    for page in (1, 500, 1000):
        yield {"page": page}, list(range(1000 * page - 999, 1000 * page + 1)), ROWS
    yield {"page": 1001}, [], ROWS
    yield {"since_sequence": ROWS - 5}, list(range(ROWS - 4, ROWS + 1)), 5
    fills = list(range(FILLS_EVERY, ROWS + 1, FILLS_EVERY))
    for page in (1, len(fills) // 1000):
        yield {"event_type": "trade_executed", "page": page}, fills[1000 * page - 1000 : 1000 * page], len(fills)
    yield {"event_type": "trade_executed", "since_sequence": ROWS - 9}, fills[-3:], 3


@pytest.mark.case("T78")
@pytest.mark.timeout(300)
def test_any_page_of_a_million_events_is_quick_and_small(api: APIClient, million: Any) -> None:
    url = f"/api/trading/executions/{million.pk}/events/"
    api.get(url, {"page_size": 1})

    for query, expected, count in questions():
        clock = time.thread_time if IS_EMBEDDED else time.perf_counter  # SQLite works in this thread
        took = []
        for _ in range(TIMES):
            began = clock()
            answer = api.get(url, query)
            took.append(clock() - began)
        tracemalloc.start()
        api.get(url, query)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

        body = answer.json()
        assert [row["sequence"] for row in body["events"]] == expected, query
        assert body["count"] == count
        assert min(took) <= MAX_SECONDS, (query, took)
        assert peak <= MAX_BYTES, (query, peak)
