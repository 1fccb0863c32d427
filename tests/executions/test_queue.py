"""Whose execution is taken up next, and what one that waits is told: users take turns."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts.models import Quota
from apps.accounts.services import register
from apps.executions import lifecycle, queue
from apps.executions.models import Execution, Turn
from apps.executions.services import start
from apps.runner import recorder, sweep
from tests.runner.conftest import let_lapse

pytestmark = [pytest.mark.storage, pytest.mark.django_db]

Starter = Callable[..., list[Any]]


@pytest.fixture
def started(make_task: Any, make_config: Any, import_dataset: Any) -> Starter:
    """started(user, n): n executions of this user that wait."""
    dataset, configs, names = import_dataset(), {}, count(1)

    def make(user: Any, number: int = 1) -> list[Any]:
        if user not in configs:
            configs[user] = make_config(owner=user)
        config = configs[user]
        return [
            start(make_task(owner=user, name=f"{next(names)}", config=config, dataset=dataset)) for _ in range(number)
        ]

    return make


@pytest.fixture
def people() -> list[Any]:
    return [register(email=f"person{i}@example.org", password="a long walk by the sea") for i in range(4)]


def drained() -> Iterator[Any]:
    """Every waiting execution in the order of its turn; each is over before the next is taken up."""
    while (claim := recorder.claim_next()) is not None:
        yield claim.execution
        lifecycle.complete(claim.execution)


@contextmanager
def nothing_changes(execution: Any) -> Iterator[None]:
    before = Execution.objects.filter(pk=execution.pk).values().get()
    yield
    assert Execution.objects.filter(pk=execution.pk).values().get() == before


def test_one_users_many_do_not_block_anothers_one(started: Starter, people: list[Any]) -> None:
    many, (one,) = started(people[0], 20), started(people[1])

    order = [execution.pk for execution in drained()]

    assert order.index(one.pk) <= 1
    assert sorted(order) == sorted([*(each.pk for each in many), one.pk])


def test_users_take_turns_and_each_ones_own_go_in_their_order(started: Starter, people: list[Any]) -> None:
    waiting = {person.pk: [each.pk for each in started(person, 5)] for person in people}

    order = list(drained())

    for place in range(0, 20, 4):
        assert {execution.owner_id for execution in order[place : place + 4]} == set(waiting)
    for owner, own in waiting.items():
        assert [execution.pk for execution in order if execution.owner_id == owner] == own


def test_who_holds_fewer_workers_goes_first(started: Starter, people: list[Any]) -> None:
    started(people[0], 6)
    for _ in range(3):
        assert recorder.claim_next() is not None
    late = started(people[1], 4)

    taken = [recorder.claim_next() for _ in range(3)]

    assert [claim.execution.pk for claim in taken if claim] == [each.pk for each in late[:3]]


def test_what_gave_way_goes_behind_its_owners_others(started: Starter, people: list[Any]) -> None:
    first, second = started(people[0], 2)
    claim = recorder.claim_next()
    assert claim is not None
    assert claim.execution.pk == first.pk
    assert queue.should_yield(claim.execution)

    recorder.release(claim)

    assert queue.next_up() == (people[0].pk, second.pk)


def test_a_worker_is_not_given_back_where_nobody_would_go_first(started: Starter, people: list[Any]) -> None:
    started(people[0], 3)
    assert recorder.claim_next() is not None
    started(people[1])
    only = recorder.claim_next()
    assert only is not None
    assert only.execution.owner == people[1]

    assert not queue.should_yield(only.execution)
    started(people[2])
    assert queue.should_yield(only.execution)


def test_a_claim_passes_over_what_may_not_run(started: Starter, people: list[Any]) -> None:
    paused, stopped, hopeless, good = started(people[0], 4)
    Execution.objects.filter(pk=paused.pk).update(status="paused")
    lifecycle.stop(stopped)
    Execution.objects.filter(pk=hopeless.pk).update(status="running", workers_lost=queue.MAX_ATTEMPTS - 1)
    let_lapse(hopeless)

    assert [execution.pk for execution in drained()] == [good.pk]
    sweep.give_up()
    hopeless.refresh_from_db()
    assert hopeless.status == "failed"


def test_one_whose_worker_died_is_taken_up_again(started: Starter, people: list[Any]) -> None:
    (execution,) = started(people[0])
    first = recorder.claim_next()
    let_lapse(execution)

    again = recorder.claim_next()

    assert first is not None
    assert again is not None
    assert (again.execution.pk, again.attempt) == (execution.pk, first.attempt + 1)
    assert recorder.claim_next() is None


@pytest.mark.parametrize("limit", [1, 2])
def test_no_more_of_a_user_run_than_may(started: Starter, people: list[Any], limit: int) -> None:
    started(people[0], 4)
    Quota.objects.create(user=people[0], running=limit)

    claims = [recorder.claim_next() for _ in range(4)]

    taken = [claim for claim in claims if claim is not None]
    assert len(taken) == limit
    assert Turn.objects.count() == 1
    lifecycle.complete(taken[0].execution)
    assert recorder.claim_next() is not None
    assert recorder.claim_next() is None


# What one that waits is told


def status_of(user: Any, execution: Any) -> Any:
    from tests.conftest import signed_in

    answer = signed_in(user).get(f"/api/trading/executions/{execution.pk}/status/")
    assert answer.status_code == 200
    return answer.json()["queue"]


def test_places_are_the_order_in_which_they_are_taken_up(started: Starter, people: list[Any]) -> None:
    for person, number in zip(people, (7, 1, 3, 2), strict=True):
        started(person, number)
    for _ in range(2):
        assert recorder.claim_next() is not None
    started(people[1], 2)
    Quota.objects.create(user=people[2], running=2)
    waiting = Execution.objects.filter(lease_until=None)
    places = {each.pk: queue.place_of(each) for each in waiting}

    order = []
    while (claim := recorder.claim_next()) is not None:
        order.append(claim.execution.pk)

    told = sorted((place.position, pk) for pk, place in places.items() if place and place.position is not None)
    assert [pk for _, pk in told][: len(order)] == order
    assert [position for position, _ in told][: len(order)] == list(range(1, len(order) + 1))


def test_one_just_sent_is_next(api: APIClient, owner: Any, execution: Any) -> None:
    told = status_of(owner, execution)

    assert (told["position"], told["reason"]) == (1, "next")
    assert told["since"].endswith("Z")


def test_one_behind_others_is_told_how_many(started: Starter, people: list[Any]) -> None:
    *_, last = started(people[0], 4)
    assert recorder.claim_next() is not None

    told = status_of(people[0], last)

    assert (told["position"], told["reason"]) == (3, "workers_busy")
    assert "2 before it" in told["message"]


def test_where_no_worker_takes_anything_up_it_is_said(owner: Any, execution: Any) -> None:
    Execution.objects.update(sent_at=timezone.now() - timedelta(minutes=5))

    told = status_of(owner, execution)

    assert (told["position"], told["reason"]) == (1, "no_worker")


def test_a_lost_worker_is_told(owner: Any, execution: Any) -> None:
    assert recorder.claim_next() is not None
    let_lapse(execution)

    assert status_of(owner, execution)["reason"] == "worker_lost"


def test_ones_own_quota_is_told(started: Starter, people: list[Any]) -> None:
    _, waiting = started(people[0], 2)
    Quota.objects.create(user=people[0], running=1)
    assert recorder.claim_next() is not None

    told = status_of(people[0], waiting)

    assert (told["position"], told["reason"]) == (None, "quota")


def test_a_paused_one_is_told_so_and_one_that_runs_or_is_over_nothing(owner: Any, execution: Any) -> None:
    claim = recorder.claim_next()
    assert claim is not None
    assert status_of(owner, execution) is None
    lifecycle.pause(claim.execution)
    assert status_of(owner, execution)["reason"] == "paused"
    lifecycle.stop(claim.execution)
    assert status_of(owner, execution) is None


def test_a_changed_place_is_a_changed_answer(started: Starter, people: list[Any]) -> None:
    from tests.conftest import signed_in

    first, second = started(people[0], 2)
    client, url = signed_in(people[0]), f"/api/trading/executions/{second.pk}/status/"
    tag = client.get(url)["ETag"]
    assert client.get(url, headers={"if-none-match": tag}).status_code == 304

    lifecycle.stop(first)

    assert client.get(url, headers={"if-none-match": tag}).status_code == 200


def test_telling_a_place_changes_nothing_and_costs_as_much_for_many(
    started: Starter, people: list[Any], django_assert_max_num_queries: Any
) -> None:
    *_, last = started(people[0], 12)
    for person in people[1:]:
        started(person, 2)

    with nothing_changes(last), django_assert_max_num_queries(6):
        place = queue.place_of(last)

    assert place is not None
    assert place.position == 18
