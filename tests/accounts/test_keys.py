"""API keys: credentials of programs beside the tokens of people."""

import hashlib
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken

from apps.accounts import keys
from apps.accounts.models import ApiKey
from apps.strategies.models import StrategyConfig

KEYS = "/api/accounts/keys/"
ME = "/api/accounts/me/"
CONFIGS = "/api/trading/strategy-configs/"
CONFIG = {"name": "fast cross", "strategy_type": "sma_cross", "parameters": {"fast": 3, "slow": 8}}


def with_key(text: str, *, own_header: bool = False) -> APIClient:
    client = APIClient()
    client.credentials(**({"HTTP_X_API_KEY": text} if own_header else {"HTTP_AUTHORIZATION": f"Bearer {text}"}))
    return client


def make(user: Any, scope: str = "trade", **fields: Any) -> tuple[ApiKey, str]:
    return keys.create(user, name="a notebook", scope=scope, **fields)


# Making and revoking -------------------------------------------------------------------------------------------------


def test_a_key_is_shown_once_and_kept_as_a_hash(api: APIClient) -> None:
    answer = api.post(KEYS, {"name": " nightly ", "scope": "read"})
    text = answer.json()["key"]

    assert answer.status_code == 201
    assert answer["Cache-Control"] == "no-store"
    assert re.fullmatch(r"tdk_[A-Za-z0-9_-]{43}", text)
    kept = ApiKey.objects.values().get()
    assert kept["digest"] == hashlib.sha256(text.encode()).hexdigest()
    assert (kept["name"], kept["prefix"]) == ("nightly", text[:8])
    assert text not in str(kept)
    assert text not in api.get(KEYS).content.decode() + api.get(answer["Location"]).content.decode()
    assert kept["digest"] not in api.get(KEYS).content.decode()


def test_keys_are_never_the_same(owner: Any) -> None:
    assert len({make(owner)[1] for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "  "),
        ("name", "a" * 101),
        ("name", "two\nlines"),
        ("scope", "admin"),
        ("expires_at", "2020-01-01T00:00:00Z"),
        ("expires_at", "tomorrow"),
    ],
)
def test_a_wrong_field_is_named_and_no_key_is_made(api: APIClient, field: str, value: str) -> None:
    answer = api.post(KEYS, {"name": "nightly", "scope": "read", field: value})

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{field}"]
    assert not ApiKey.objects.exists()


def test_the_text_of_a_key_is_not_kept_for_a_request_that_is_sent_again(api: APIClient) -> None:
    headers = {"Idempotency-Key": "one"}
    made = [api.post(KEYS, {"name": "n", "scope": "read"}, headers=headers).json()["key"] for _ in range(2)]

    assert len(set(made)) == 2


def test_the_list_holds_ones_own_keys_the_newest_first(api: APIClient, owner: Any, stranger: Any) -> None:
    mine = [make(owner)[0].pk for _ in range(2)]
    make(stranger)

    assert [key["id"] for key in api.get(KEYS).json()["results"]] == mine[::-1]
    assert api.get(KEYS, {"scoop": "read"}).status_code == 400


@pytest.mark.parametrize("method", ["get", "delete"])
def test_a_stranger_neither_reads_nor_revokes_a_key(owner: Any, stranger_api: APIClient, method: str) -> None:
    key, text = make(owner)

    assert getattr(stranger_api, method)(f"{KEYS}{key.pk}/").status_code == 403
    assert getattr(APIClient(), method)(f"{KEYS}{key.pk}/").status_code == 401
    assert getattr(stranger_api, method)(f"{KEYS}{'9' * 30}/").status_code == 404
    assert with_key(text).get(ME).status_code == 200


def test_who_is_not_signed_in_gets_no_key(db: None, anonymous_api: APIClient) -> None:
    assert anonymous_api.post(KEYS, {"name": "n", "scope": "read"}).status_code == 401
    assert anonymous_api.get(KEYS).status_code == 401
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("scope", ["read", "trade"])
def test_a_key_makes_and_revokes_no_key(owner: Any, scope: str) -> None:
    key, text = make(owner, scope)

    assert with_key(text).post(KEYS, {"name": "n", "scope": "trade"}).status_code == 403
    assert with_key(text).delete(f"{KEYS}{key.pk}/").status_code == 403
    assert ApiKey.objects.get().revoked_at is None


# Using ---------------------------------------------------------------------------------------------------------------


@pytest.mark.storage
@pytest.mark.parametrize("own_header", [False, True], ids=["bearer", "x-api-key"])
def test_a_trade_key_acts_as_its_user(owner: Any, own_header: bool) -> None:
    client = with_key(make(owner)[1], own_header=own_header)

    assert client.get(ME).json()["email"] == owner.email
    assert client.post(CONFIGS, CONFIG).status_code == 201
    assert StrategyConfig.objects.get().owner == owner


@pytest.mark.parametrize("own_header", [False, True], ids=["bearer", "x-api-key"])
def test_a_read_key_changes_nothing(owner: Any, make_config: Any, own_header: bool) -> None:
    client, path = with_key(make(owner, "read")[1], own_header=own_header), f"{CONFIGS}{make_config().pk}/"

    refused = [client.post(CONFIGS, CONFIG | {"name": "new"}), client.post("/api/accounts/tickets/")]
    refused += [client.put(path, CONFIG), client.patch(path, {"name": "other"}), client.delete(path)]

    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(403, "insufficient_scope")}
    assert [config.name for config in StrategyConfig.objects.all()] == ["fast cross"]
    assert {client.get(path).status_code, client.head(path).status_code, client.options(path).status_code} == {200}


def test_a_key_opens_nothing_of_anybody_else(stranger: Any, execution: Any) -> None:
    client = with_key(make(stranger)[1])

    assert client.get(f"/api/trading/executions/{execution.pk}/").status_code == 403
    assert client.post(f"/api/trading/executions/{execution.pk}/stop/").status_code == 403


def revoke(key: ApiKey) -> None:
    keys.revoke(key)


def expire(key: ApiKey) -> None:
    ApiKey.objects.update(expires_at=timezone.now())


def close_account(key: ApiKey) -> None:
    key.user.is_active = False
    key.user.save()


@pytest.mark.parametrize("end", [revoke, expire, close_account])
@pytest.mark.parametrize("own_header", [False, True], ids=["bearer", "x-api-key"])
def test_a_key_that_is_over_opens_nothing(owner: Any, end: Any, own_header: bool) -> None:
    key, text = make(owner, expires_at=timezone.now() + timedelta(hours=1))
    client = with_key(text, own_header=own_header)
    assert client.get(ME).status_code == 200

    end(key)

    answer = client.get(ME)
    assert (answer.status_code, answer.json()["code"]) == (401, "key_not_valid")
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert text not in answer.content.decode()


def test_to_revoke_again_changes_nothing(api: APIClient, owner: Any) -> None:
    path = f"{KEYS}{make(owner)[0].pk}/"
    assert api.delete(path).status_code == 204
    revoked_at = ApiKey.objects.get().revoked_at

    assert api.delete(path).status_code == 204
    assert ApiKey.objects.get().revoked_at == revoked_at


@pytest.mark.parametrize("text", ["tdk_", "tdk_" + "a" * 43, "tdk_" + "é" * 43, "tdk_" + "a" * 5000])
def test_what_is_no_key_is_never_taken_for_anonymous(db: None, text: str) -> None:
    for own_header in (False, True):
        assert with_key(text, own_header=own_header).get(ME).status_code == 401
    assert with_key("no key at all", own_header=True).get(ME).status_code == 401


def test_a_token_goes_before_the_other_header(owner: Any, stranger: Any) -> None:
    client = APIClient()
    token = AccessToken.for_user(owner)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}", HTTP_X_API_KEY=make(stranger)[1])

    assert client.get(ME).json()["email"] == owner.email


def test_a_use_is_noted_once_a_minute(owner: Any, django_assert_num_queries: Any) -> None:
    client = with_key(make(owner, "read")[1])

    with django_assert_num_queries(2):
        client.get(ME)
    with django_assert_num_queries(1):
        client.get(ME)

    noted = timezone.now() - timedelta(seconds=60)
    ApiKey.objects.update(last_used_at=noted)
    client.get(ME)
    assert ApiKey.objects.get().last_used_at > noted


def test_a_use_that_cannot_be_noted_hinders_nobody(owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: Any, **__: Any) -> int:
        raise OperationalError("database is locked")

    text = make(owner)[1]
    monkeypatch.setattr(type(ApiKey.objects.all()), "update", locked)

    assert with_key(text).get(ME).status_code == 200


def test_a_key_stands_in_no_log(owner: Any, api: APIClient, capfd: Any, caplog: Any) -> None:
    import structlog

    with structlog.testing.capture_logs() as lines:
        text = api.post(KEYS, {"name": "n", "scope": "read"}).json()["key"]
        with_key(text).get(ME)
        with_key(text).post(CONFIGS, CONFIG)
        with_key(text[:-1]).get(ME)

    told = str(lines) + caplog.text + "".join(capfd.readouterr())
    assert any(line["event"] == "request" for line in lines)
    assert text[:-1] not in told


def test_a_deleted_account_takes_its_keys_along(owner: Any) -> None:
    text = make(owner)[1]

    owner.delete()

    assert with_key(text).get(ME).status_code == 401
    assert not ApiKey.objects.exists()
