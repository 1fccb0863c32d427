"""What foreign clients call an execution."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from apps.dialects import names
from apps.dialects.models import ForeignName, Surface
from apps.errors import NotFound
from apps.executions.services import start

pytestmark = pytest.mark.django_db


@pytest.fixture
def many(make_task: Callable[..., Any]) -> list[Any]:
    """Three executions of one user, made in the same second."""
    from apps.executions.models import Execution

    first = make_task()
    shared = {"dataset": first.dataset, "config": first.config}
    made = [start(first), *(start(make_task(name=f"task {number}", **shared)) for number in range(2))]
    Execution.objects.update(created_at=made[0].created_at)
    return list(Execution.objects.order_by("pk"))


@pytest.mark.storage
def test_executions_of_one_second_have_different_stamps(many: list[Any]) -> None:
    stamps = [row.stamp for row in names.of_all(many).values()]

    assert len(set(stamps)) == len(many)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d", stamp) for stamp in stamps)
    assert stamps == sorted(stamps)


@pytest.mark.storage
def test_an_execution_keeps_the_names_that_it_was_told_once(execution: Any) -> None:
    first = names.of(execution)

    again = names.of(execution)

    assert (again.uuid, again.run_id, again.stamp) == (first.uuid, first.run_id, first.stamp)
    assert ForeignName.objects.count() == 1


def test_every_name_finds_its_execution_and_only_its_owners(execution: Any, owner: Any, stranger: Any) -> None:
    row = names.name(execution, surface=Surface.JESSE, reference="unique-session-id")
    spellings: list[dict[str, Any]] = [
        {"uuid": row.uuid},
        {"run_id": row.run_id},
        {"stamp": row.stamp},
        {"surface": "jesse", "reference": "unique-session-id"},
    ]

    for by in spellings:
        assert names.find(owner, **by) == execution
        with pytest.raises(NotFound):
            names.find(stranger, **by)


def test_a_reference_that_is_used_again_means_the_newer_execution(many: list[Any], owner: Any) -> None:
    for execution in many:
        names.name(execution, surface=Surface.JESSE, reference="mine")

    assert names.find(owner, surface=Surface.JESSE, reference="mine") == many[-1]
    assert ForeignName.objects.filter(reference="mine").count() == 1


def test_two_users_may_use_the_same_reference(execution: Any, owner: Any, stranger: Any) -> None:
    names.name(execution, surface=Surface.JESSE, reference="mine")

    assert names.newest(owner, Surface.JESSE) == execution
    assert names.newest(owner, Surface.LEAN) is None
    assert names.newest(stranger, Surface.JESSE) is None
