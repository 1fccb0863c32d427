"""Points survive their blocks bit for bit, however they were cut into chunks."""

from typing import Any

import numpy as np
import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from apps.equity.blocks import POINT, extremes, pack, unpack
from apps.equity.journal import equity
from apps.equity.models import BLOCK_POINTS, EquityBlock
from apps.executions.models import Execution
from tests.journal.conftest import points

moments = arrays.arrays(np.int64, st.integers(0, 50), elements=st.integers(-(2**53), 2**53))
database_laws = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(times=moments, data=st.data())
def test_pack_and_unpack_lose_no_bit(times: np.ndarray, data: st.DataObject) -> None:
    made = np.empty(len(times), POINT)
    made["time"] = times
    made["balance"] = data.draw(arrays.arrays(np.float64, len(times), elements=st.floats(allow_nan=False)))

    assert unpack(pack(made)).tobytes() == made.tobytes()


@given(
    values=arrays.arrays(np.float64, st.integers(1, 400), elements=st.floats(-1e6, 1e6)),
    limit=st.integers(2, 120),
)
@example(values=np.zeros(10), limit=2)
def test_a_sample_is_short_ordered_and_keeps_ends_and_extremes(values: np.ndarray, limit: int) -> None:
    chosen = extremes(values, limit)

    assert len(chosen) <= limit or len(chosen) == len(values) <= limit
    assert (chosen[0], chosen[-1]) == (0, len(values) - 1)
    assert np.all(np.diff(chosen) > 0)
    if limit >= 4:
        assert values[chosen].min() == values.min()
        assert values[chosen].max() == values.max()


def cut(count: int, sizes: list[int]) -> list[int]:
    """Sizes that add up to count, by going round the given ones."""
    parts, left = [], count
    while left:
        parts.append(min(sizes[len(parts) % len(sizes)], left))
        left -= parts[-1]
    return parts


def write(execution_id: int, made: np.ndarray, sizes: list[int]) -> None:
    EquityBlock.objects.filter(execution_id=execution_id).delete()
    first = 1
    for size in cut(len(made), sizes):
        with transaction.atomic():
            equity.write(execution_id, first, made[first - 1 : first - 1 + size])
        first += size
    Execution.objects.filter(pk=execution_id).update(equity_head=len(made))


@pytest.mark.storage
@pytest.mark.django_db
@database_laws
@given(count=st.integers(1, 2 * BLOCK_POINTS + 10), sizes=st.lists(st.integers(500, 9000), min_size=1, max_size=4))
@example(count=BLOCK_POINTS, sizes=[BLOCK_POINTS])
@example(count=BLOCK_POINTS + 1, sizes=[BLOCK_POINTS])
@example(count=2 * BLOCK_POINTS, sizes=[BLOCK_POINTS - 1, 2])
@example(count=30, sizes=[1])
def test_any_chunking_gives_the_same_blocks(execution: Any, count: int, sizes: list[int]) -> None:
    made = points(count)

    write(execution.pk, made, sizes)

    kept = equity.points(execution.pk, 1, count)
    blocks = list(EquityBlock.objects.filter(execution=execution).order_by("sequence"))
    assert kept["sequence"].tolist() == list(range(1, count + 1))
    assert kept["time"].tobytes() == made["time"].tobytes()
    assert kept["balance"].tobytes() == made["balance"].tobytes()
    assert [block.sequence for block in blocks] == list(range(1, count + 1, BLOCK_POINTS))
    assert [block.last_sequence for block in blocks[:-1]] == [block.sequence - 1 for block in blocks[1:]]
    assert (blocks[-1].last_sequence, blocks[-1].ends_at) == (count, int(made["time"][-1]))


@pytest.mark.storage
@pytest.mark.django_db
@database_laws
@given(
    first=st.integers(-5, 10_000),
    length=st.integers(0, 6000),
    after=st.integers(0, 10_000),
    limit=st.integers(2, 50),
)
def test_any_window_is_the_same_as_of_the_whole(
    execution: Any, first: int, length: int, after: int, limit: int
) -> None:
    made = points(9000)
    if not EquityBlock.objects.filter(execution=execution).exists():
        write(execution.pk, made, [3000, 1])
    start, end = int(made["time"][0]) + first * 60_000_000 - 1, int(made["time"][0]) + (first + length) * 60_000_000

    window = equity.between(execution.pk, start, end, after)
    sample = equity.sample(execution.pk, limit, start, end, after)

    numbers = np.arange(1, 9001)
    inside = (made["time"] >= start) & (made["time"] <= end) & (numbers > after)
    assert window["sequence"].tolist() == numbers[inside].tolist()
    assert window["balance"].tolist() == made["balance"][inside].tolist()
    assert len(sample) <= limit
    assert set(sample["sequence"].tolist()) <= set(window["sequence"].tolist())
    if len(window):
        assert (sample["sequence"][0], sample["sequence"][-1]) == (window["sequence"][0], window["sequence"][-1])
