"""Commits on one execution at a steady pace: `python -m … EXECUTION A_SECOND COUNT`; `follow` starts it.

Prints one line a commit: the head of the events, and the monotonic nanosecond at which it was committed.
"""

import sys
import time
from datetime import timedelta

import django
import numpy as np

django.setup()

from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from apps.equity.blocks import POINT  # noqa: E402
from apps.equity.journal import equity  # noqa: E402
from apps.events.journal import content, events  # noqa: E402
from apps.executions.models import Execution, Status  # noqa: E402
from apps.journal import doorbell  # noqa: E402
from apps.journal.journal import NewRows  # noqa: E402

ROWS = 3  # events a commit, and one point of the curve
TIME = "2026-01-05T09:30:00Z"
SIGNAL = '{"type":"signal","side":"buy","quantity":1,"price":"101.25","reason":"the fast mean crossed the slow one"}'


def commit(execution_id: int, number: int, total: int) -> tuple[int, int]:
    """What a worker's record does: heads, rows, progress, bell. The head, and when it was committed."""
    at: list[int] = []
    with transaction.atomic():
        row = Execution.objects.filter(pk=execution_id)
        row.select_for_update().values_list("pk").get()
        head = row.values_list("equity_head", flat=True).get()
        lease = timezone.now() + timedelta(seconds=30)
        row.update(equity_head=head + 1, progress=100.0 * number / total, status=Status.RUNNING, lease_until=lease)
        contents = [content("strategy_signal", "none", TIME, SIGNAL)] * ROWS
        events.append(execution_id, NewRows((["strategy_signal"] * ROWS,), contents, TIME))
        points = np.zeros(1, POINT)
        points["time"], points["balance"] = 1_700_000_000_000_000 + head * 60_000_000, 10_000.0 + number
        equity.write(execution_id, head + 1, points)
        events_head = row.values_list("events_head", flat=True).get()
        transaction.on_commit(lambda: at.append(time.monotonic_ns()))
        doorbell.ring(execution_id)
    return events_head, at[0]


def main(execution_id: int, a_second: float, count: int) -> None:
    due = time.monotonic()
    for number in range(1, count + 1):
        due += 1.0 / a_second
        time.sleep(max(0.0, due - time.monotonic()))
        print(*commit(execution_id, number, count))


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
