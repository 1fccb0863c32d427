"""While the database is away people are told to come back, by whichever door they came."""

from unittest import mock

import pytest
from django.db import InterfaceError, OperationalError
from django.test import Client
from rest_framework.test import APIClient

from apps.accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return User.objects.create_user(email="owner@example.org", password="nine brown bears")


@pytest.mark.parametrize("outage", [OperationalError("the server closed the connection"), InterfaceError("closed")])
def test_the_api_answers_503_with_the_time_to_try_again(owner: User, outage: Exception) -> None:
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(owner)
    with mock.patch("apps.executions.services.find", side_effect=outage):
        answer = client.get("/api/trading/executions/1/status/")

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer.json()["code"] == "unavailable"
    assert str(outage) not in answer.json()["error"]


def test_a_page_answers_503_too(owner: User) -> None:
    client = Client(raise_request_exception=False)
    with mock.patch("apps.dashboard.views.people.SignIn.get_context_data", side_effect=OperationalError("gone")):
        answer = client.get("/sign-in/")

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_another_failure_is_still_ours(owner: User) -> None:
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(owner)
    with mock.patch("apps.executions.services.find", side_effect=RuntimeError("boom")):
        answer = client.get("/api/trading/executions/1/status/")

    assert (answer.status_code, answer.json()["code"]) == (500, "server_error")
