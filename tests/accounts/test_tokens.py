"""Signing in, going on, signing out."""

from datetime import timedelta

import pytest
from rest_framework_simplejwt.tokens import AccessToken

from tests.accounts.conftest import PASSWORD

LOGIN, TOKEN = "/api/accounts/auth/login/", "/api/token/"
REFRESH, LOGOUT = "/api/accounts/auth/refresh/", "/api/accounts/auth/logout/"
ME = "/api/accounts/me/"


def is_challenge(answer):
    return (
        answer.status_code == 401 and answer["WWW-Authenticate"].startswith("Bearer") and bool(answer.json()["error"])
    )


@pytest.mark.case("T79")
def test_a_login_answers_as_documented(owner, anonymous_api):
    answer = anonymous_api.post(LOGIN, {"email": "Owner@Example.org", "password": PASSWORD})

    assert answer.status_code == 200
    assert set(answer.data) == {"token", "refresh", "user"}
    assert answer.data["user"]["id"] == owner.pk
    anonymous_api.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.data['token']}")
    assert anonymous_api.get(ME).status_code == 200


@pytest.mark.parametrize("name", ["email", "username"])
def test_a_token_pair_is_given_for_either_name_of_the_address(owner, anonymous_api, name):
    answer = anonymous_api.post(TOKEN, {name: owner.email, "password": PASSWORD})

    assert answer.status_code == 200
    assert set(answer.data) == {"access", "refresh"}


WRONG = {
    "another password": {"password": "another password"},
    "an unknown address": {"email": "nobody@example.org"},
    "the password with a blank": {"password": PASSWORD + " "},
}


@pytest.mark.parametrize("path", [LOGIN, TOKEN])
@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG.keys())
def test_wrong_credentials_are_all_answered_alike(owner, anonymous_api, path, changes):
    answer = anonymous_api.post(path, {"email": owner.email, "password": PASSWORD, **changes})

    assert is_challenge(answer)
    assert answer.json()["error"] == "Invalid credentials."


def test_a_closed_account_cannot_sign_in_nor_go_on(owner, api, anonymous_api, tokens):
    owner.is_active = False
    owner.save()

    assert is_challenge(anonymous_api.post(LOGIN, {"email": owner.email, "password": PASSWORD}))
    assert is_challenge(anonymous_api.post(REFRESH, {"refresh": tokens.refresh}))
    assert is_challenge(api.get(ME))


JUNK = {
    "a list": ["username"],
    "a text": "email",
    "nothing": {},
    "numbers": {"email": 1, "password": 2},
    "objects": {"email": {"a": 1}, "password": ["x"]},
    "a NUL": {"email": "a\0@example.org", "password": "x"},
    "endless texts": {"email": "a" * 100_000, "password": "b" * 100_000},
}


@pytest.mark.parametrize("path", [LOGIN, TOKEN, REFRESH, LOGOUT])
@pytest.mark.parametrize("body", JUNK.values(), ids=JUNK.keys())
def test_a_body_that_makes_no_sense_is_refused_without_harm(db, anonymous_api, path, body):
    answer = anonymous_api.post(path, body)

    assert answer.status_code in (400, 401)
    assert answer.json()["error"]


def test_a_token_pair_can_be_renewed_once(anonymous_api, tokens):
    first = anonymous_api.post("/api/token/refresh/", {"refresh": tokens.refresh})
    second = anonymous_api.post(REFRESH, {"refresh": tokens.refresh})
    third = anonymous_api.post(REFRESH, {"refresh": first.data["refresh"]})

    assert (first.status_code, third.status_code) == (200, 200)
    assert set(first.data) == {"access", "refresh"}
    assert is_challenge(second)


def test_after_a_logout_the_refresh_token_is_worth_nothing(anonymous_api, tokens):
    assert anonymous_api.post(LOGOUT, {"refresh": tokens.refresh}).status_code == 204

    assert is_challenge(anonymous_api.post(REFRESH, {"refresh": tokens.refresh}))
    assert is_challenge(anonymous_api.post(LOGOUT, {"refresh": tokens.refresh}))


def test_an_old_token_in_the_header_does_not_keep_one_from_signing_in(owner, anonymous_api):
    anonymous_api.credentials(HTTP_AUTHORIZATION="Bearer old.and.broken")

    assert anonymous_api.post(LOGIN, {"email": owner.email, "password": PASSWORD}).status_code == 200


def expired(user):
    token = AccessToken.for_user(user)
    token.set_exp(lifetime=-timedelta(minutes=1))
    return str(token)


def of_nobody(user):
    token = AccessToken.for_user(user)
    token["user_id"] = "999999"
    return str(token)


def of_a_word(user):
    token = AccessToken.for_user(user)
    token["user_id"] = "x" * 100
    return str(token)


def tampered(user):
    head, body, signature = str(AccessToken.for_user(user)).split(".")
    return f"{head}.{body}x.{signature}"


TOKENS = {
    "expired": expired,
    "of nobody": of_nobody,
    "of a user id that is a word": of_a_word,
    "tampered with": tampered,
    "three words": lambda user: "a b c",
    "garbage": lambda user: "garbage",
    "not ASCII": lambda user: "\xff\xfe",
}


@pytest.mark.parametrize("make", TOKENS.values(), ids=TOKENS.keys())
def test_a_bad_access_token_is_a_challenge_in_the_common_form(owner, anonymous_api, make):
    anonymous_api.credentials(HTTP_AUTHORIZATION=f"Bearer {make(owner)}")

    answer = anonymous_api.get(ME)

    assert is_challenge(answer)
    assert answer.json()["code"] == "token_not_valid"


@pytest.mark.parametrize("header", ["", "abc", "Token abc", "Bearer"])
def test_no_bearer_token_is_a_challenge(db, anonymous_api, header):
    anonymous_api.credentials(HTTP_AUTHORIZATION=header)

    assert is_challenge(anonymous_api.get(ME))


def test_a_refresh_token_does_not_open_the_api(anonymous_api, tokens):
    anonymous_api.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.refresh}")

    assert is_challenge(anonymous_api.get(ME))
