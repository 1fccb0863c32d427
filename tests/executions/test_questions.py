"""A question that is put into SQL once is answered as its queryset is."""

from typing import Any

import pytest
from django.contrib.auth.models import AbstractBaseUser

pytestmark = pytest.mark.django_db


@pytest.mark.storage
def test_it_finds_the_row_as_the_queryset_does(finished: Any, owner: AbstractBaseUser) -> None:
    from apps.executions.models import Execution
    from apps.questions import Question

    question = Question(lambda: Execution.objects.filter(pk=0).filter(owner_id=0))

    found = question.first(finished.pk, owner.pk)
    expected = Execution.objects.get(pk=finished.pk)

    assert found is not expected
    assert found == expected
    assert {field.attname: getattr(found, field.attname) for field in Execution._meta.concrete_fields} == {
        field.attname: getattr(expected, field.attname) for field in Execution._meta.concrete_fields
    }
    assert question.first(finished.pk, owner.pk + 1) is None


@pytest.mark.storage
@pytest.mark.parametrize("number", [0, 2**63 - 1, 2**63, 10**30, -(10**30)])
def test_a_number_of_nothing_finds_nothing(number: int, db: None) -> None:
    from apps.executions.models import Execution
    from apps.questions import Question

    assert Question(lambda: Execution.objects.filter(pk=0)).first(number) is None


def test_what_is_left_out_is_read_when_it_is_wanted(
    finished: Any, owner: AbstractBaseUser, django_assert_num_queries: Any
) -> None:
    from apps.executions import services

    with django_assert_num_queries(1):
        found = services.find(owner, finished.pk)

    with django_assert_num_queries(1):
        assert found.manifest == finished.manifest


def test_a_found_row_can_be_saved(finished: Any, owner: AbstractBaseUser) -> None:
    from apps.executions import services

    found = services.find(owner, finished.pk)
    found.error_message = "changed"
    found.save()

    finished.refresh_from_db()
    assert finished.error_message == "changed"
    assert finished.manifest["strategy"]
