"""Messages in the order of their sending, users in turns: who has little to do does not wait for who has much."""

from collections import Counter
from typing import Any

import pytest

from apps.accounts.services import register
from apps.executions.models import Execution
from apps.executions.services import start
from apps.runner import recorder, tasks
from tests.runner.conftest import tape_of

pytestmark = [pytest.mark.storage, pytest.mark.django_db]


def test_of_many_users_each_has_its_turn_and_each_run_is_carried_out_once(
    make_task: Any, make_config: Any, import_dataset: Any, sent: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    people = [register(email=f"person{i}@example.org", password="a long walk by the sea") for i in range(5)]
    dataset, configs = import_dataset(), {person.pk: make_config(owner=person) for person in people}
    wanted = [people[0]] * 9 + people[1:] + [people[1]] * 2
    with django_capture_on_commit_callbacks(execute=True):
        for number, person in enumerate(wanted):
            start(make_task(name=str(number), owner=person, config=configs[person.pk], dataset=dataset))

    for execution_id in sent + sent[:5]:  # five of the messages come twice
        tasks.run_execution(execution_id)

    done = list(Execution.objects.order_by("completed_at", "pk"))
    assert len(sent) == len(wanted)
    assert {(execution.status, execution.attempt) for execution in done} == {("completed", 1)}
    assert Counter(execution.owner_id for execution in done[:5]) == Counter(person.pk for person in people)
    assert {execution.owner_id for execution in done[9:]} == {people[0].pk}
    assert len({tape_of(execution).balances for execution in done}) == 1


def test_a_long_run_gives_way_to_who_has_none(
    make_task: Any, make_config: Any, import_dataset: Any, stranger: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TURN_SECONDS = 0.0
    monkeypatch.setattr("apps.runner.run.CHECKPOINT_SECONDS", 0.0)
    dataset = import_dataset()
    long = start(make_task(dataset=dataset))
    short = start(make_task(owner=stranger, config=make_config(owner=stranger), dataset=dataset))

    tasks.run_execution(long.pk)
    first = Execution.objects.get(pk=long.pk)
    tasks.run_execution(long.pk)
    second = Execution.objects.get(pk=short.pk)

    assert (first.status, first.lease_until) == ("running", None)
    assert 0 < first.processed < 300
    assert second.attempt == 1
    settings.TURN_SECONDS = 60.0
    tasks.run_execution(long.pk)
    tasks.run_execution(long.pk)
    assert tape_of(long).balances == tape_of(short).balances
    assert recorder.claim_next() is None
