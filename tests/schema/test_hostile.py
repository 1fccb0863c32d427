"""What no client should send, to every operation that takes a body: refused in the one form, and nothing is written."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.schema import makers
from tests.schema.contents import contents
from tests.schema.document import JSON, Operation, of, operations, resolved
from tests.schema.test_examples import address_of, sent

PROBLEM = "application/problem+json"
with_json = of(lambda operation: JSON in operation.bodies)

NO_JSON = {
    "half an object": b'{"name": ',
    "not a number": b'{"name": NaN}',
    "infinity": b'{"name": Infinity}',
    "a number without end": b'{"name": 1e400}',
    "endless nesting": b'{"name": ' + b"[" * 100_000,
    "a bare NUL": b'{"na\x00me": 1}',
    "half a character": b'{"name": "\\ud800"}',
    "no text": bytes(range(256)),
    "two bytes a character": '{"name": "x"}'.encode("utf-16"),
    "one byte a character": '{"name": "é"}'.encode("latin-1"),
    "two values": b"{} {}",
    "a list": b"[]",
    "nothing": b"null",
    "a text": b'"name"',
    "a number": b"17",
    "true": b"true",
}
NO_MEDIA_TYPE = ("text/plain", "application/xml", "application/octet-stream", "nonsense", "image/png; charset=x")
TRICKS = (
    "\u202egnp.exe",
    "a\u0301" * 20,
    "\u200b",
    "İıßſ",
    "\ufeff",
    "𝔘𝔫𝔦",
    "'; DROP TABLE x; --",
    "<script>",
    "%00",
    "../../x",
)
NUMBERS = (0, -1, 1e-308, 1e308, -1e308, 2**31, 2**53, 2**63 - 1, 2**63, 2**64 - 1, -(2**63))
PARAMETERS = ("", "x", "-1", "0", "1e5", "١", "9" * 40, "a\x00b", "\ud7ff", "x" * 5000, "NaN", "0001-01-01T00:00")
MUCH: dict[str, tuple[Any, ...]] = {"number": NUMBERS, "integer": NUMBERS, "string": (*TRICKS, "x" * 100_000)}
WRONG: dict[str, tuple[Any, ...]] = {
    "string": ({}, [], ["a"], True, "\x00", "a\x00b"),
    "number": ({}, [], [1], "x", "", "NaN", "Infinity", "-Infinity", "1e400", "0x10"),
    "integer": ({}, [], [1], "x", "NaN", "Infinity", "1e400", 1.5, "0x10"),
    "boolean": ({}, [], "maybe", 2, "nein"),
    "object": ([], "x", 1, [{}], True),
    "array": ({}, "x", 1),
}


def refused(answer: Any, *statuses: int) -> dict[str, Any]:
    """The problem, in the one form."""
    assert answer.status_code in statuses, answer.content
    assert answer["Content-Type"] == PROBLEM
    body: dict[str, Any] = answer.json()
    assert body["error"] == body["detail"]
    assert body["status"] == answer.status_code
    assert body["code"]
    assert answer["X-Request-ID"]
    return body


def valid(operation: Operation, owner: Any) -> dict[str, Any]:
    """A body that would be taken."""
    example = next(iter(operation.examples.values()))
    return dict(sent(operation, example, owner))


def members(operation: Operation) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Name, type and schema of each member of the body."""
    for name, member in operation.shape.get("properties", {}).items():
        shape = resolved(next(iter(member.get("allOf") or member.get("oneOf") or [member])))
        kinds = shape.get("type", "")
        kind = kinds if isinstance(kinds, str) else next(each for each in kinds if each != "null")
        if kind in WRONG:
            yield name, kind, shape


@with_json
def test_a_body_that_is_no_object_is_refused(operation: Operation, owner: Any, api: APIClient) -> None:
    address = address_of(operation, owner)
    before = contents()

    for name, body in NO_JSON.items():
        answer = api.generic(operation.method, address, body, content_type=JSON)
        assert refused(answer, 400), name

    assert contents() == before


@of(lambda operation: operation.is_unsafe and operation.method != "delete")
def test_a_body_of_an_unknown_kind_is_refused(operation: Operation, owner: Any, api: APIClient) -> None:
    address = address_of(operation, owner)
    before = contents()

    for media_type in NO_MEDIA_TYPE:
        refused(api.generic(operation.method, address, b"name=x", content_type=media_type), 415)

    assert contents() == before


@of(lambda operation: operation.is_unsafe and operation.method != "delete")
def test_a_body_that_is_too_large_is_refused(operation: Operation, owner: Any, api: APIClient, settings: Any) -> None:
    address = address_of(operation, owner)
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1024
    before = contents()

    for media_type, body in (
        (JSON, b'{"name": "%s"}' % (b"x" * 2000)),
        ("application/x-www-form-urlencoded", b"name=" + b"x" * 2000),
    ):
        answer = api.generic(operation.method, address, body, content_type=media_type)
        refused(answer, *((413,) if media_type in operation.bodies or not operation.bodies else (413, 415)))

    assert contents() == before


@of(lambda operation: operation.method == "post" and not operation.bodies)
def test_a_body_where_none_is_read_is_refused(operation: Operation, owner: Any, api: APIClient) -> None:
    address = address_of(operation, owner)
    before = contents()

    refused(api.generic(operation.method, address, b'{"force": true}', content_type=JSON), 400)
    refused(api.generic(operation.method, address, b'{"force": ', content_type=JSON), 400)

    assert contents() == before


@with_json
def test_members_of_a_wrong_type_are_named(operation: Operation, owner: Any, api: APIClient) -> None:
    address, body = address_of(operation, owner), valid(operation, owner)
    before = contents()

    for name, kind, _ in members(operation):
        for value in WRONG[kind]:
            answer = getattr(api, operation.method)(address, {**body, name: value})
            told = refused(answer, 400)
            assert any(each["pointer"].startswith(f"/{name}") for each in told["errors"]), (name, value, told)

    assert contents() == before


@with_json
def test_members_that_there_are_not_are_named(operation: Operation, owner: Any, api: APIClient) -> None:
    address, body = address_of(operation, owner), valid(operation, owner)
    before = contents()

    for name in ("nonsense", "owner", "owner_id", "is_staff", "__proto__", "na\x00me", "x" * 10_000):
        told = refused(getattr(api, operation.method)(address, {**body, name: 1}), 400)
        assert any(each["pointer"].startswith(f"/{name[:100]}") for each in told["errors"]), name

    assert contents() == before


@pytest.mark.storage
@with_json
def test_no_number_and_no_text_is_too_much(operation: Operation, owner: Any, api: APIClient) -> None:
    address, body = address_of(operation, owner), valid(operation, owner)

    for name, kind, _ in members(operation):
        for value in MUCH.get(kind, ()):
            answer = getattr(api, operation.method)(address, {**body, name: value})
            assert answer.status_code < 500, (name, value)
            if answer.status_code >= 400:
                refused(answer, 400, 401, 404, 409)
            elif answer.content:
                assert json.loads(answer.content, parse_constant=pytest.fail)


@of(lambda operation: operation.bodies and JSON not in operation.bodies)
def test_a_form_with_wrong_members_is_refused(operation: Operation, owner: Any, api: APIClient) -> None:
    address, body = address_of(operation, owner), valid(operation, owner)
    before = contents()

    for name, kind, _ in members(operation):
        for value in ("\x00",) if kind == "string" else ("x", "NaN", "Infinity", "1e400"):
            if name != "file":
                fresh = {**valid(operation, owner), name: value}
                told = refused(api.post(address, fresh, format="multipart"), 400)
                assert any(each["pointer"] == f"/{name}" for each in told["errors"]), (name, value, told)
    refused(api.post(address, {**valid(operation, owner), "nonsense": "1"}, format="multipart"), 400)
    refused(api.post(address, {**body, "file": "no file"}, format="multipart"), 400)
    refused(api.generic("post", address, b"--x", content_type="multipart/form-data"), 400)
    refused(api.generic("post", address, b"--x\r\n\r\n", content_type="multipart/form-data; boundary=y"), 400)

    assert contents() == before


@of()
def test_a_parameter_that_there_is_not_is_named(operation: Operation, owner: Any, api: APIClient) -> None:
    address = makers.path_to(operation.path, owner)
    before = contents()

    told = refused(api.generic(operation.method, f"{address}?nonsense=1"), 400)

    assert told["errors"][0]["pointer"] == "/nonsense"
    assert contents() == before


@pytest.mark.storage
@of(lambda operation: operation.method == "get" and operation.names("query"))
def test_no_parameter_is_too_much(operation: Operation, owner: Any, api: APIClient) -> None:
    address = address_of(operation, owner)

    for name in operation.names("query"):
        for value in PARAMETERS:
            answer = api.get(address, {name: value})
            assert answer.status_code in (200, 204, 400, 404, 422), (name, value, answer.content)


@pytest.mark.storage
def test_ids_that_no_database_holds_lead_nowhere(owner: Any, api: APIClient) -> None:
    for operation in operations():
        if operation.owned and operation.owned not in makers.EVERYBODYS:
            for wrong in ("0", "-1", "9" * 18, "9" * 19, "9" * 60, "x", "1.5", "%00", "١"):
                answer = api.generic(operation.method, operation.path.replace("{id}", wrong, 1))
                refused(answer, 400, 404)


def test_the_number_of_a_forms_fields_is_limited(owner: Any, api: APIClient) -> None:
    form = "&".join(f"f{i}=1" for i in range(5000)).encode()
    for operation in operations():
        if "application/x-www-form-urlencoded" in operation.bodies:
            address = address_of(operation, owner)
            refused(api.generic(operation.method, address, form, content_type="application/x-www-form-urlencoded"), 400)
