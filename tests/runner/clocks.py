"""Executions on feeds whose clock a test turns."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models import F

from apps.brokers.replay import Clock
from apps.executions.models import Execution
from apps.executions.replays import microseconds
from apps.runner import pace, trading

START = datetime(2026, 1, 1, tzinfo=UTC)


class World:
    """The moment, as seconds since START, at which every feed's clock stands until the test turns it."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.seconds = 0.0
        patch.setattr(trading, "_clock_of", self._clock_of)
        patch.setattr(pace, "REST_SECONDS", 0.0)  # it does not go on while somebody rests

    @property
    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def pass_(self, seconds: float) -> None:
        self.seconds += seconds

    def _clock_of(self, claim: Any) -> tuple[Clock, Callable[[], int]]:
        ours = Execution.objects.filter(pk=claim.execution.pk)
        ours.filter(clock_at=None).update(clock_at=self.now, clock_row=F("processed"))
        clock_at, row = ours.values_list("clock_at", "clock_row").get()
        return Clock(microseconds(clock_at), row), lambda: microseconds(self.now)
