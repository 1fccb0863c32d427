"""Guessing passwords: five tries for an account from an address, fifty for an address, refused before any hashing."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest
from django.test import Client

from apps.accounts import limits
from tests import services
from tests.accounts.conftest import PASSWORD
from tests.stack import _own_number

DOORS = {
    "/api/accounts/auth/login/": "email",
    "/api/token/": "username",
    "/sign-in/": "username",
    "/admin/login/": "username",
}
SIGNED_IN = {200, 302}
LOGIN = "/api/accounts/auth/login/"
Knock = Callable[..., Any]


@pytest.fixture(params=["redis", "own"], autouse=True)
def limited(request: pytest.FixtureRequest, settings: Any) -> Iterator[Any]:
    """The settings, with the limits of a new server, counted by Redis and by the process."""
    settings.SIGN_IN_TRIES, settings.SIGN_IN_TRIES_PER_ADDRESS = 5, 50
    limits.windows_at.cache_clear()
    if request.param == "redis":
        with _own_number(services.require_redis()) as url:
            settings.CHANNEL_REDIS_URL = url
            yield settings
    else:
        settings.CHANNEL_REDIS_URL = ""
        yield settings
    limits.windows_at.cache_clear()


@pytest.fixture
def knock(owner: Any) -> Knock:
    """knock(door, password): one try to come in as the owner, unless another e-mail address is given."""

    def knock(door: str, password: str, email: str = owner.email, **more: Any) -> Any:
        return Client().post(door, {DOORS[door]: email, "password": password}, **more)

    return knock


@pytest.fixture
def hashed() -> Iterator[mock.Mock]:
    """Counts how often a password was looked at."""
    with mock.patch.object(
        ModelBackend, "authenticate", autospec=True, side_effect=ModelBackend.authenticate
    ) as looked:
        yield looked


@pytest.mark.parametrize("door", DOORS)
def test_the_sixth_try_is_refused_before_the_password_is_looked_at(door: str, knock: Knock, hashed: mock.Mock) -> None:
    for _ in range(5):
        assert knock(door, "a guess").status_code in (200, 401)  # a form is shown again
    right = knock(door, PASSWORD)

    assert hashed.call_count == 5
    assert right.status_code == 429
    assert 1 <= int(right["Retry-After"]) <= 900
    assert "sessionid" not in right.cookies
    assert b"Too many failed tries" in right.content


def test_a_refusal_of_the_api_has_the_common_body_and_an_unknown_account_the_same(knock: Knock) -> None:
    for email in ("owner@example.org", "nobody@example.org"):
        answers = [knock(LOGIN, "a guess", email) for _ in range(6)]

        assert [answer.status_code for answer in answers] == [401] * 5 + [429]
        assert answers[-1].json()["code"] == "rate_limited"


def test_all_doors_count_together(knock: Knock) -> None:
    for door in (*DOORS, LOGIN):
        knock(door, "a guess")

    assert {knock(door, PASSWORD).status_code for door in DOORS} == {429}


def test_success_gives_the_tries_back(knock: Knock) -> None:
    for _ in range(3):
        assert [knock(LOGIN, "a guess").status_code for _ in range(4)] == [401] * 4
        assert knock(LOGIN, PASSWORD).status_code == 200


def test_another_address_and_another_account_may_go_on(knock: Knock, stranger: Any) -> None:
    for _ in range(6):
        knock(LOGIN, "a guess")

    assert knock(LOGIN, PASSWORD, REMOTE_ADDR="203.0.113.9").status_code == 200
    assert knock(LOGIN, "a short walk in the rain", stranger.email).status_code == 200
    assert knock(LOGIN, PASSWORD).status_code == 429


def test_the_spelling_of_the_account_is_no_way_round(knock: Knock) -> None:
    spellings = (
        "owner@example.org",
        "Owner@example.org",
        " owner@example.org",
        "OWNER@EXAMPLE.ORG ",
        "owner@Example.org",
    )
    for email in spellings:
        knock(LOGIN, "a guess", email)

    assert knock(LOGIN, PASSWORD).status_code == 429


def test_the_51st_failed_try_from_an_address_is_refused_whoever_it_is_for(knock: Knock) -> None:
    for number in range(50):
        assert knock(LOGIN, "a guess", f"person{number}@example.org").status_code == 401

    assert knock(LOGIN, PASSWORD).status_code == 429
    assert knock(LOGIN, PASSWORD, REMOTE_ADDR="203.0.113.9").status_code == 200


def test_a_program_with_an_old_password_does_not_shut_its_address_out(
    limited: Any, knock: Knock, stranger: Any
) -> None:
    limited.SIGN_IN_TRIES_PER_ADDRESS = 6
    for _ in range(8):
        knock(LOGIN, "a guess")

    assert knock(LOGIN, "a short walk in the rain", stranger.email).status_code == 200


def test_who_knows_the_password_may_sign_in_as_often_as_they_like(limited: Any, knock: Knock) -> None:
    limited.SIGN_IN_TRIES_PER_ADDRESS = 6

    assert {knock(LOGIN, PASSWORD).status_code for _ in range(8)} == {200}


def test_after_the_window_one_may_try_again(knock: Knock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SIGN_IN_SECONDS", 1)
    for _ in range(6):
        refused = knock(LOGIN, "a guess")
    assert refused.status_code == 429
    time.sleep(int(refused["Retry-After"]))

    assert knock(LOGIN, PASSWORD).status_code == 200


def test_of_32_tries_at_once_exactly_five_are_looked_at() -> None:
    request = HttpRequest()
    request.META = {"REMOTE_ADDR": "203.0.113.9"}

    def is_heard(_: int) -> bool:
        try:
            limits.Try.of("owner@example.org", request).begin()
        except limits.RateLimited:
            return False
        return True

    with ThreadPoolExecutor(32) as pool:
        assert sum(pool.map(is_heard, range(32))) == 5


def test_a_limit_of_0_is_none(limited: Any, knock: Knock) -> None:
    limited.SIGN_IN_TRIES = limited.SIGN_IN_TRIES_PER_ADDRESS = 0

    assert {knock(LOGIN, "a guess").status_code for _ in range(7)} == {401}
