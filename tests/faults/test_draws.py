"""The draw of schedules, without a stack."""

from hypothesis import given
from hypothesis import strategies as st

from tests.faults.deeds import KINDS, weights_of
from tests.faults.schedules import FAULTS, STACKS, draw

numbers = st.integers(0, 10**6)


@given(stack=st.sampled_from(STACKS), seed=numbers, number=numbers)
def test_a_seed_and_a_number_always_draw_the_same_schedule(stack, seed, number):
    weights = weights_of(stack)

    assert draw(stack, seed, number, weights) == draw(stack, seed, number, weights)


@given(stack=st.sampled_from(STACKS), seed=numbers, number=numbers)
def test_a_schedule_holds_only_what_can_be_done_to_its_stack(stack, seed, number):
    schedule = draw(stack, seed, number, weights_of(stack))

    slowest = max(run.seconds for run in schedule.runs if run.seconds)
    assert 1 <= len(schedule.runs) <= 4
    assert FAULTS[0] <= len(schedule.faults) <= FAULTS[1]
    assert all(stack in KINDS[fault.kind].stacks and fault.at <= slowest for fault in schedule.faults)
    assert all(reader.run < len(schedule.runs) for reader in schedule.readers)


def test_a_thousand_schedules_hold_every_kind_of_fault():
    for stack in STACKS:
        weights = weights_of(stack)
        drawn = {fault.kind for number in range(1000) for fault in draw(stack, 1, number, weights).faults}

        assert drawn == set(weights)
