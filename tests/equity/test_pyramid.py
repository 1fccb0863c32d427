"""A thin curve is drawn from thin curves kept beside the blocks, hides no extreme, and is the same in any chunks."""

from typing import Any

import numpy as np
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from apps.equity import pyramid
from apps.equity.blocks import POINT, numbered, pack_thinned, unpack_thinned
from apps.equity.journal import equity
from apps.equity.models import BLOCK_POINTS, EquityBlock, EquityLevel
from tests.equity.test_blocks import write
from tests.journal.conftest import points

database_laws = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SPIKE = 1e9


def from_scratch(made: np.ndarray, level: int) -> np.ndarray:
    """Every bucket of the whole blocks, one by one."""
    whole = len(made) // BLOCK_POINTS * BLOCK_POINTS
    kept = []
    for start in range(0, whole, level):
        balances = made["balance"][start : start + level]
        kept += sorted((start + int(balances.argmin()), start + int(balances.argmax())))
    return numbered(made, 1)[kept]


def stored(execution_id: int, level: int) -> np.ndarray:
    curves = [curve for _, _, curve in pyramid.read(execution_id, level, 1, 10**9)]
    return np.concatenate(curves) if curves else numbered(np.empty(0, POINT), 1)


@pytest.mark.storage
@pytest.mark.django_db
@database_laws
@given(count=st.integers(1, 6 * BLOCK_POINTS), sizes=st.lists(st.integers(500, 12_000), min_size=1, max_size=4))
@example(count=3 * BLOCK_POINTS, sizes=[BLOCK_POINTS])
@example(count=3 * BLOCK_POINTS, sizes=[BLOCK_POINTS - 1, 2])
@example(count=20 * BLOCK_POINTS, sizes=[17 * BLOCK_POINTS, 900])
def test_any_chunking_gives_the_levels_made_from_scratch(execution: Any, count: int, sizes: list[int]) -> None:
    made = points(count)
    EquityLevel.objects.filter(execution=execution).delete()

    write(execution.pk, made, sizes)

    for level in pyramid.LEVELS:
        assert stored(execution.pk, level).tobytes() == from_scratch(made, level).tobytes()
        rows = EquityLevel.objects.filter(execution=execution, bucket_points=level).order_by("sequence")
        starts = [row.sequence for row in rows]
        assert starts == [1 + n * level * pyramid.ROW_BUCKETS for n in range(len(starts))]


@pytest.fixture
def long_curve(execution: Any) -> np.ndarray:
    made = points(150_000)
    write(execution.pk, made, [40_000, 7])
    return made


@pytest.mark.storage
@pytest.mark.django_db
@database_laws
@given(first=st.integers(1, 150_000), length=st.integers(0, 150_000), limit=st.integers(2, 400), missing=st.booleans())
@example(first=1, length=150_000, limit=4, missing=False)
@example(first=BLOCK_POINTS + 1, length=2 * BLOCK_POINTS, limit=5, missing=False)
@example(first=BLOCK_POINTS, length=2 * BLOCK_POINTS + 2, limit=5, missing=True)
def test_a_sample_of_any_window_keeps_its_ends_and_extremes(
    execution: Any, long_curve: np.ndarray, first: int, length: int, limit: int, missing: bool
) -> None:
    if missing:  # as in a tape that was written before there were levels
        EquityLevel.objects.filter(execution=execution, sequence__gt=70_000).delete()
    window = numbered(long_curve, 1)[first - 1 : first - 1 + length]
    times = long_curve["time"]
    end = int(times[min(first - 1 + length, len(times)) - 1]) if length else int(times[first - 1]) - 1

    sample = equity.sample(execution.pk, limit, int(times[first - 1]), end)

    assert len(sample) <= limit
    assert np.all(np.diff(sample["sequence"]) > 0)
    assert set(sample.tolist()) <= set(window.tolist())
    if len(window):
        assert (sample[0], sample[-1]) == (window[0], window[-1])
    if len(window) and limit >= 4:
        assert sample["balance"].min() == window["balance"].min()
        assert sample["balance"].max() == window["balance"].max()
    if len(window) <= limit:
        assert sample.tolist() == window.tolist()


@pytest.mark.storage
@pytest.mark.django_db
@database_laws
@given(first=st.integers(1, 100_000), length=st.integers(1, 150_000), limit=st.integers(2, 400), kept=st.data())
def test_levels_that_are_missing_change_no_sample(
    execution: Any, long_curve: np.ndarray, first: int, length: int, limit: int, kept: st.DataObject
) -> None:
    last = min(first - 1 + length, len(long_curve))
    whole = equity.thinned(execution.pk, first, last, limit)

    rows = list(EquityLevel.objects.filter(execution=execution).values_list("bucket_points", "sequence"))
    with transaction.atomic():
        for level, sequence in kept.draw(st.lists(st.sampled_from(rows))):
            EquityLevel.objects.filter(execution=execution, bucket_points=level, sequence=sequence).delete()
        without = equity.thinned(execution.pk, first, last, limit)
        transaction.set_rollback(True)

    assert without.tolist() == whole.tolist()


@pytest.mark.storage
@pytest.mark.django_db
@pytest.mark.parametrize("place", [0, 1, 63, 64, 4095, 4096, 500_000, 999_423, 999_424, 999_999])
@pytest.mark.parametrize("height", [SPIKE, -SPIKE])
def test_one_spike_in_a_million_points_is_in_every_sample(execution: Any, place: int, height: float) -> None:
    made = np.empty(1_000_000, POINT)
    made["time"] = 60_000_000 * np.arange(len(made))
    made["balance"] = 10_000.0
    made["balance"][place] = height
    write(execution.pk, made, [300_000, 100_001])

    for limit in (4, 5, 10, 100, 1000, 20_000):
        sample = equity.sample(execution.pk, limit)
        assert height in sample["balance"]
        assert len(sample) <= limit


@pytest.mark.storage
@pytest.mark.django_db
def test_a_chart_of_many_points_reads_two_blocks(execution: Any, long_curve: np.ndarray) -> None:
    for limit in (4, 100, 1000):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            equity.thinned(execution.pk, 1, 150_000, limit)

        assert len(queries) == 2
        assert sum(EquityBlock._meta.db_table in query["sql"] for query in queries) == 1


@pytest.mark.storage
@pytest.mark.django_db
def test_levels_that_are_missing_or_cut_are_made_anew_by_the_next_whole_block(
    execution: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = points(10 * BLOCK_POINTS + 5)
    write(execution.pk, made[:-5], [3 * BLOCK_POINTS])
    EquityLevel.objects.filter(execution=execution, bucket_points=256).delete()
    monkeypatch.setattr("apps.equity.journal.CATCH_UP_POINTS", 4 * BLOCK_POINTS)

    equity.write(execution.pk, 10 * BLOCK_POINTS + 1, made[-5:])
    assert len(stored(execution.pk, 256)) == 0
    equity.write(execution.pk, 10 * BLOCK_POINTS + 6, points(BLOCK_POINTS, first=10 * BLOCK_POINTS + 5))

    whole = points(11 * BLOCK_POINTS + 5)
    for level in pyramid.LEVELS:
        assert stored(execution.pk, level).tobytes() == from_scratch(whole, level).tobytes()


@given(st.lists(st.integers(0, 65_535), max_size=40), st.integers(1, 2**50), st.data())
def test_a_thin_curve_loses_no_bit(steps: list[int], first: int, data: st.DataObject) -> None:
    made = numbered(np.empty(len(steps), POINT), 1)
    made["sequence"] = first + np.cumsum(np.array(steps, np.int64))
    made["time"] = data.draw(st.lists(st.integers(-(2**53), 2**53), min_size=len(steps), max_size=len(steps)))
    made["balance"] = data.draw(st.lists(st.floats(allow_nan=False), min_size=len(steps), max_size=len(steps)))

    assert unpack_thinned(pack_thinned(made, first), first).tobytes() == made.tobytes()
