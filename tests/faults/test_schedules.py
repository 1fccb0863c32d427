"""A few schedules of each stack; `manage.py faults` plays as many as one likes."""

from pathlib import Path

import pytest

from tests.faults.conftest import opened
from tests.faults.deeds import weights_of
from tests.faults.schedules import draw
from tests.faults.theatre import Outcome, Theatre

pytestmark = pytest.mark.acceptance
SEED = 7
NUMBERS = [("served", 6), ("embedded", 4)]
TRIES = 8


def account(outcome: Outcome) -> str:
    return "\n".join([str(outcome.schedule), *outcome.lines, *outcome.violations])


@pytest.mark.parametrize(
    ("theatre", "number"),
    [(stack, number) for stack, count in NUMBERS for number in range(1, count + 1)],
    indirect=["theatre"],
)
def test_whatever_goes_wrong_the_tape_is_that_of_an_undisturbed_run(theatre: Theatre, number: int) -> None:
    stack = theatre.deck.kind

    outcome = theatre.play(draw(stack, SEED, number, weights_of(stack)))

    assert outcome.violations == [], account(outcome)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ablation", "stack", "kind", "damage"),
    [
        ("fence", "served", "oversleep", "undisturbed"),
        ("transaction", "embedded", "die_after_commit", "the state to go on from"),
    ],
)
def test_the_suite_sees_that_a_safeguard_is_missing(
    ablation: str, stack: str, kind: str, damage: str, tmp_path: Path
) -> None:
    weights = weights_of(stack, only=(kind,))

    seen: list[str] = []
    with opened(stack, tmp_path, ablation) as theatre:
        for number in range(1, TRIES + 1):  # the damage of the one before may be another
            seen += theatre.play(draw(stack, SEED, number, weights)).violations
            if any(damage in text for text in seen):
                return

    pytest.fail(f"{TRIES} schedules never met {damage!r}: {seen}")
