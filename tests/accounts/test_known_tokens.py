"""A token is verified once, and its user is looked up each time."""

from typing import Any
from unittest import mock

import pytest
from rest_framework.test import APIClient
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.tokens import AccessToken

from apps.accounts import authentication

pytestmark = pytest.mark.django_db
ME = "/api/accounts/me/"


@pytest.fixture(autouse=True)
def _nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authentication, "_known", {})


def test_a_known_token_is_not_verified_again(api: APIClient) -> None:
    assert api.get(ME).status_code == 200

    with mock.patch.object(TokenBackend, "decode", side_effect=AssertionError):
        assert api.get(ME).status_code == 200


def test_a_known_token_expires(api: APIClient, owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert api.get(ME).status_code == 200
    expires = next(iter(authentication._known.values()))["exp"]

    monkeypatch.setattr("apps.accounts.authentication.time.time", lambda: float(expires))

    assert api.get(ME).status_code == 401


@pytest.mark.parametrize("deed", ["close", "delete"])
def test_a_known_token_of_a_closed_account_opens_nothing(api: APIClient, owner: Any, deed: str) -> None:
    assert api.get(ME).status_code == 200

    if deed == "close":
        owner.is_active = False
        owner.save()
    else:
        owner.delete()

    assert api.get(ME).status_code == 401


def test_a_changed_password_ends_all_tokens(api: APIClient, anonymous_api: APIClient, owner: Any) -> None:
    from apps.accounts import services

    tokens = services.issue(owner)
    assert api.get(ME).status_code == 200

    owner.set_password("a longer walk by the sea")
    owner.save()

    assert api.get(ME).status_code == 401
    assert anonymous_api.post("/api/accounts/auth/refresh/", {"refresh": tokens.refresh}).status_code == 401
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {services.issue(owner).access}")
    assert api.get(ME).status_code == 200


def test_under_another_secret_a_token_is_verified_again(api: APIClient) -> None:
    assert api.get(ME).status_code == 200

    with (
        mock.patch.object(authentication.api_settings, "SIGNING_KEY", "another one, long enough for every algorithm"),
        mock.patch.object(TokenBackend, "decode", side_effect=TokenBackend.decode, autospec=True) as decode,
    ):
        api.get(ME)

    assert decode.called


def test_a_token_that_is_none_is_not_kept(anonymous_api: APIClient) -> None:
    anonymous_api.credentials(HTTP_AUTHORIZATION="Bearer a.b.c")

    assert anonymous_api.get(ME).status_code == 401
    assert not authentication._known


def test_so_many_are_known_and_no_more(owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authentication, "MOST_KNOWN", 3)
    client = APIClient()

    for _ in range(10):
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {AccessToken.for_user(owner)}")
        assert client.get(ME).status_code == 200
        assert len(authentication._known) <= 3
