"""API keys at the other doors: sockets, streams, the admin, the description of the API."""

from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.contrib import admin
from django.db import connections
from django.http import HttpRequest
from rest_framework_simplejwt.tokens import AccessToken

from apps.accounts import keys
from apps.accounts.models import ApiKey
from apps.journal.follower import NOT_AUTHENTICATED
from tests.accounts.test_keys import ME, make, with_key
from tests.journal.following import in_thread


def test_the_description_of_the_api_names_both_ways(db: None, client: Any) -> None:
    schema = client.get("/api/schema/", headers={"accept": "application/json"}).json()

    schemes = schema["components"]["securitySchemes"]
    assert schemes["bearer"]["scheme"] == "bearer"
    assert schemes["api_key"] | {"description": ""} == {
        "type": "apiKey", "in": "header", "name": "X-API-Key", "description": "",
    }  # fmt: skip
    start = schema["paths"]["/api/trading/backtest-tasks/{id}/start/"]["post"]
    assert {"bearer": []} in start["security"]
    assert {"api_key": []} in start["security"]
    assert "Idempotency-Key" in [each["name"] for each in start["parameters"]]


def test_an_administrator_revokes_keys_and_makes_none(owner: Any, rf: Any) -> None:
    key, text = make(owner)
    page: Any = admin.site._registry[ApiKey]

    page.revoke(HttpRequest(), ApiKey.objects.filter(pk=key.pk))

    assert not page.has_add_permission(rf.get("/"))
    assert with_key(text).get(ME).status_code == 401


async def socket(execution_id: int, headers: list[tuple[bytes, bytes]]) -> Any:
    """The first message of the server after it has accepted."""
    from config.asgi import application

    client = WebsocketCommunicator(application, f"/ws/executions/{execution_id}/", headers)
    assert (await client.connect(timeout=10))[0]
    first = await client.receive_output(timeout=10)
    await client.disconnect()
    return first


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("scope", ["read", "trade", "token", "revoked", "nonsense"])
async def test_a_socket_takes_keys_and_tokens_in_its_headers(
    owner: Any, execution: Any, scope: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    key, text = await in_thread(make)(owner, "read" if scope == "read" else "trade")
    if scope == "revoked":
        await in_thread(keys.revoke)(key)
    text = {"token": str(AccessToken.for_user(owner)), "nonsense": "nonsense"}.get(scope, text)

    told = [await socket(execution.pk, [(b"authorization", b"Bearer " + text.encode())])]
    if scope != "token":
        told.append(await socket(execution.pk, [(b"x-api-key", text.encode())]))

    is_refused = scope in ("revoked", "nonsense")
    for message in told:
        assert message["type"] == ("websocket.close" if is_refused else "websocket.send"), message
        assert not is_refused or message["code"] == NOT_AUTHENTICATED


@pytest.mark.parametrize("own_header", [False, True], ids=["bearer", "x-api-key"])
def test_a_stream_takes_a_read_key(owner: Any, stranger: Any, execution: Any, own_header: bool) -> None:
    path = f"/api/trading/executions/{execution.pk}/stream/"

    mine, other = make(owner, "read")[1], make(stranger, "trade")[1]

    # granted, but the test client's server cannot stream: 422
    assert with_key(mine, own_header=own_header).get(path).status_code == 422
    assert with_key(other, own_header=own_header).get(path).status_code == 403
    assert with_key(mine[:-1], own_header=own_header).get(path).status_code == 401
