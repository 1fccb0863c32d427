"""Signing in and out, and making an account."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User

pytestmark = pytest.mark.django_db

PASSWORD = "a long walk by the sea"
SIGN_IN, REGISTER, LIST = "/sign-in/", "/register/", "/executions/"


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_the_right_password_leads_to_the_executions(owner: Any) -> None:
    client = Client()

    answer = client.post(SIGN_IN, {"username": "Owner@Example.org", "password": PASSWORD})

    assert answer.status_code == 302
    assert answer.url == LIST
    assert is_signed_in(client)


def test_a_wrong_password_leads_nowhere_and_does_not_say_which_half_was_wrong(owner: Any) -> None:
    client = Client()

    known = client.post(SIGN_IN, {"username": "owner@example.org", "password": "wrong"})
    unknown = client.post(SIGN_IN, {"username": "nobody@example.org", "password": "wrong"})

    for answer in (known, unknown):
        assert answer.status_code == 200
        assert b"do not belong together" in answer.content
    assert not is_signed_in(client)


def test_signing_in_goes_on_where_one_wanted_to_but_never_to_another_site(owner: Any) -> None:
    fields = {"username": "owner@example.org", "password": PASSWORD}

    onward = Client().post(SIGN_IN, {**fields, "next": "/data/"})
    abroad = Client().post(SIGN_IN, {**fields, "next": "https://example.com/"})

    assert onward.url == "/data/"
    assert abroad.url == LIST


def test_signing_out_is_a_deed_not_a_link(browser: Client) -> None:
    looked = browser.get(reverse("dashboard:sign-out"))
    assert looked.status_code == 405
    assert is_signed_in(browser)

    answer = browser.post(reverse("dashboard:sign-out"))

    assert answer.url == SIGN_IN
    assert not is_signed_in(browser)


def test_a_new_account_is_signed_in_at_once() -> None:
    client = Client()

    answer = client.post(REGISTER, {"email": "New@Example.org", "password": PASSWORD, "name": "Nora New"})

    assert answer.url == LIST
    assert is_signed_in(client)
    assert User.objects.get().email == "new@example.org"


def test_a_refused_account_says_why_at_each_field_and_is_not_made(owner: Any) -> None:
    client = Client()

    answer = client.post(REGISTER, {"email": "owner@example.org", "password": "12345"})

    assert answer.status_code == 200
    assert "email" in answer.context["form"].errors
    assert "password" in answer.context["form"].errors
    assert User.objects.count() == 1
    assert not is_signed_in(client)


def test_a_closed_server_neither_offers_nor_makes_accounts(settings: Any) -> None:
    settings.REGISTRATION_OPEN = False
    client = Client()

    offered = client.get(SIGN_IN)
    answer = client.post(REGISTER, {"email": "new@example.org", "password": PASSWORD})

    assert REGISTER.encode() not in offered.content
    assert answer.status_code == 404
    assert not User.objects.exists()
