"""Nobody reaches what belongs to another: every endpoint × method × another's thing, made from the description."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from apps.accounts import keys
from apps.accounts.models import ApiKey
from tests.conftest import signed_in
from tests.schema import makers
from tests.schema.contents import contents
from tests.schema.document import METHODS, Operation, of, operations

PROBLEM = "application/problem+json"
owned_paths = sorted({operation.path for operation in operations() if operation.owned not in ("", *makers.EVERYBODYS)})


@pytest.fixture(autouse=True)
def _errors_are_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash is answered by 500, as it is to a client."""
    monkeypatch.setattr(APIClient, "raise_request_exception", False, raising=False)


def body_of(path: str, method: str, owner: Any) -> Any:
    """What the operation would take from its owner, where it takes anything."""
    for operation in operations():
        if operation.path == path and operation.method == method and operation.examples:
            return makers.with_references(next(iter(operation.examples.values())), owner)
    return None


def send(client: APIClient, path: str, method: str, body: Any = None) -> Any:
    return getattr(client, method)(path, body) if method in ("post", "put", "patch") else getattr(client, method)(path)


def test_every_path_with_an_id_has_a_maker_of_what_the_id_is_of() -> None:
    unknown = {operation.owned for operation in operations()} - {"", *makers.MAKERS, *makers.EVERYBODYS}

    assert not unknown, "tests/schema/makers.py does not know what these ids are of"


@pytest.mark.parametrize("path", owned_paths)
def test_a_stranger_gets_no_data_and_changes_nothing(path: str, owner: Any, stranger: Any) -> None:
    # valid ones, so that nothing is wrong but who sends them
    bodies = {method: body_of(path, method, stranger) for method in METHODS}
    address, client = makers.path_to(path, owner), signed_in(stranger)
    described = {operation.method for operation in operations() if operation.path == path}
    before = contents()

    for method in (*METHODS, "head"):
        answer = send(client, address, method, bodies.get(method))

        is_described = method in described
        assert answer.status_code in ((403, 404) if is_described else (403, 404, 405)), method
        assert answer["Content-Type"] == PROBLEM
        assert makers.MARK not in answer.content.decode()
        assert contents() == before, method

    assert makers.MARK not in client.options(address).content.decode()
    assert contents() == before


@of(lambda operation: not operation.is_open)
def test_nobody_is_let_in_without_signing_in(operation: Operation, owner: Any) -> None:
    address = makers.path_to(operation.path, owner)
    before = contents()

    answer = send(APIClient(), address, operation.method)

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["error"]
    assert contents() == before


def _tokens(user: Any) -> dict[str, str]:
    good, old, foreign = str(AccessToken.for_user(user)), AccessToken.for_user(user), AccessToken()
    old.set_exp(lifetime=-old.lifetime)
    foreign["user_id"] = 2**62
    head, claims, signature = good.split(".")
    return {
        "expired": str(old),
        "of nobody": str(foreign),
        "a refresh token": str(RefreshToken.for_user(user)),
        "another's signature": f"{head}.{claims}.{signature[::-1]}",
        "without signature": f"{head}.{claims}.",
        "an unknown key": "tdk_nonsense",
        "no text": "\x00\xff",
        "empty": "",
    }


@pytest.mark.parametrize("kind", ["expired", "of nobody", "a refresh token", "another's signature", "without signature",
                                  "an unknown key", "no text", "empty"])  # fmt: skip
def test_a_bad_token_opens_nothing(kind: str, owner: Any) -> None:
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {_tokens(owner)[kind]}")
    closed = [operation for operation in operations() if not operation.is_open]
    addresses = {owned: makers.path_to(owned, owner) for owned in {operation.owned for operation in closed}}
    before = contents()

    for operation in closed:
        address = operation.path.replace(operation.owned, addresses[operation.owned], 1)
        answer = send(client, address, operation.method)
        assert answer.status_code == 401, operation
        assert answer["Content-Type"] == PROBLEM

    assert contents() == before


@of(lambda operation: operation.is_unsafe and not operation.is_open)
def test_a_key_that_may_only_read_changes_nothing(operation: Operation, owner: Any) -> None:
    key, text = keys.create(owner, name="reader", scope=ApiKey.Scope.READ, expires_at=None)
    ApiKey.objects.filter(pk=key.pk).update(last_used_at=timezone.now() + timedelta(hours=1))  # noted to the minute
    client = APIClient(HTTP_X_API_KEY=text)
    body = body_of(operation.path, operation.method, owner)
    address = makers.path_to(operation.path, owner)
    before = contents()

    answer = send(client, address, operation.method, body)

    assert answer.status_code == 403
    assert answer.json()["code"] == "insufficient_scope"
    assert contents() == before


@of(lambda operation: any(name in makers.REFERENCES for name in next(iter(operation.examples.values()), {})))
def test_nothing_is_made_of_what_belongs_to_another(operation: Operation, owner: Any, stranger: Any) -> None:
    mine = next(iter(operation.examples.values()))
    address = makers.path_to(operation.path, stranger)

    for name in makers.REFERENCES.keys() & mine.keys():
        body = {**makers.with_references(mine, stranger), name: makers.REFERENCES[name](owner).pk}
        before = contents()

        answer = send(signed_in(stranger), address, operation.method, body)

        assert answer.status_code in (400, 403, 404), (name, answer.content)
        assert contents() == before


@of(lambda operation: operation.method == "get" and "page_size" in operation.names("query") and not operation.owned)
def test_a_list_shows_a_stranger_nothing_of_mine(operation: Operation, owner: Any, stranger: Any) -> None:
    mine, others = signed_in(owner), signed_in(stranger)
    before = mine.get(operation.path).json()["count"], others.get(operation.path).json()

    for make in makers.MAKERS.values():
        make(owner)

    assert mine.get(operation.path).json()["count"] > before[0]
    assert others.get(operation.path).json() == before[1]


@of(lambda operation: any(name in makers.QUERIES for name in operation.names("query")))
def test_ids_in_a_query_show_a_stranger_nothing(operation: Operation, owner: Any, stranger: Any) -> None:
    asked = makers.query(operation, owner)
    nobodys = {name: str(10**17) for name in asked or {}}
    address = makers.path_to(operation.path, stranger)

    answers = [signed_in(stranger).get(address, each).content.decode() for each in (asked, nobodys)]

    for name, number in (asked or {}).items():
        shown = [re.sub(rf"\b({number}|{nobodys[name]})\b", "N", answer) for answer in answers]
        assert shown[0] == shown[1]  # as if there were no such thing
