import pytest

from apps.accounts.models import User
from apps.accounts.services import RegistrationClosed, register

URL = "/api/accounts/auth/register/"
ACCOUNT = {"email": "new@example.org", "password": "four green glass bottles", "name": "Nora New"}


def test_a_new_account_can_be_used_at_once(db, anonymous_api):
    answer = anonymous_api.post(URL, ACCOUNT)

    assert answer.status_code == 201
    assert answer.data["user"]["email"] == "new@example.org"
    anonymous_api.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.data['token']}")
    assert anonymous_api.get("/api/accounts/me/").data["name"] == "Nora New"
    assert "password" not in answer.content.decode()


def test_an_address_is_one_account_however_it_is_written(db, anonymous_api):
    anonymous_api.post(URL, ACCOUNT)

    answer = anonymous_api.post(URL, {**ACCOUNT, "email": " NEW@Example.ORG "})

    assert answer.status_code == 400
    assert User.objects.count() == 1


WRONG = {
    "an address without a domain": ({"email": "nobody"}, {"/email"}),
    "an address that is endless": ({"email": "a" * 300 + "@example.org"}, {"/email"}),
    "no address": ({"email": None}, {"/email"}),
    "a short password": ({"password": "abc"}, {"/password"}),
    "a password everybody has": ({"password": "password1"}, {"/password"}),
    "a password made of the address": ({"password": "new@example.org"}, {"/password"}),
    "a password that is endless": ({"password": "x" * 100_000}, {"/password"}),
    "a name with a NUL": ({"name": "a\0b"}, {"/name"}),
    "a list for a name": ({"name": ["a"]}, {"/name"}),
    "all of it": ({"email": {}, "password": [], "name": 1.5e300 * 10}, {"/email", "/password"}),
    "two rules broken": ({"email": "nobody", "password": "abc"}, {"/email", "/password"}),
}


@pytest.mark.parametrize(("changes", "pointers"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_registration_names_every_field_and_makes_nothing(db, anonymous_api, changes, pointers):
    answer = anonymous_api.post(
        URL, {**ACCOUNT, **{key: value for key, value in changes.items() if value != float("inf")}}
    )

    assert answer.status_code == 400
    assert answer.data["error"]
    assert {error["pointer"] for error in answer.data["errors"]} == pointers
    assert not User.objects.exists()


def test_a_closed_server_makes_no_account(db, anonymous_api, settings):
    settings.REGISTRATION_OPEN = False

    answer = anonymous_api.post(URL, ACCOUNT)

    assert (answer.status_code, answer.data["code"]) == (403, "registration_closed")
    assert not User.objects.exists()
    with pytest.raises(RegistrationClosed):
        register(**ACCOUNT)


@pytest.mark.storage
def test_the_loser_of_two_registrations_at_once_is_told_by_field(db, anonymous_api, monkeypatch):
    anonymous_api.post(URL, ACCOUNT)
    monkeypatch.setattr("apps.accounts.services._problems", lambda *words: {})  # it looked before the other committed

    answer = anonymous_api.post(URL, ACCOUNT)

    assert answer.status_code == 400
    assert answer.data["errors"][0]["pointer"] == "/email"
    assert User.objects.count() == 1
