"""The clock of a replay: which rows have come, and when the next one does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.brokers.replay import LATEST, SECOND, Clock, Replay, evenly

closes = st.lists(st.integers(1, 10**12), min_size=1, max_size=40).map(
    lambda steps: [sum(steps[: place + 1]) for place in range(len(steps))]
)
rates = st.floats(1e-5, 1e9)


@st.composite
def replays(draw: st.DrawFn) -> tuple[Replay, Clock, int]:
    found = draw(closes)
    clock = Clock(draw(st.integers(0, 2 * 10**15)), draw(st.integers(0, len(found) - 1)))
    return Replay(found, clock, rate=draw(rates)), clock, len(found)


@given(made=replays(), elapsed=st.integers(0, 10**15))
def test_a_row_has_come_from_its_moment_on(made: tuple[Replay, Clock, int], elapsed: int) -> None:
    replay, clock, count = made
    now = clock.at + elapsed

    come = replay.come(now)

    assert clock.row <= come <= count
    assert all(replay.moment_of(row) <= now for row in range(clock.row, come))
    assert all(replay.moment_of(row) > now for row in range(come, count))


@given(made=replays())
def test_rows_come_in_their_order(made: tuple[Replay, Clock, int]) -> None:
    replay, clock, count = made
    moments = [replay.moment_of(row) for row in range(clock.row, count)]

    assert moments == sorted(moments)
    assert clock.at <= moments[0]
    assert moments[-1] <= LATEST


@given(count=st.integers(1, 1000), rate=st.floats(0.01, 1e6))
def test_bars_a_second_do_not_ask_when_the_bars_were(count: int, rate: float) -> None:
    replay = Replay(evenly(count), Clock(0), rate=rate)

    assert replay.moment_of(count - 1) == pytest.approx(count * SECOND / rate, abs=1)


def test_after_the_last_row_none_comes() -> None:
    replay = Replay(evenly(3), Clock(0), rate=1.0)

    with pytest.raises(IndexError):
        replay.moment_of(3)


def test_a_clock_that_was_put_on_goes_on_where_it_stood() -> None:
    replay = Replay([60 * SECOND, 120 * SECOND, 3600 * SECOND], Clock(at=10**15, row=2), rate=60.0)

    assert replay.come(10**15) == 2
    assert replay.moment_of(2) == 10**15 + (3600 - 120) * SECOND // 60
