"""What holds of every list: pages lead to each other, in the body and by `Link`; and of every answer: id and gzip."""

import gzip
import re
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.schema import makers
from tests.schema.document import Operation, of, operations
from tests.schema.test_examples import address_of

ROWS = ("results", "events", "trades", "equity_curve")
lists = of(lambda operation: operation.method == "get" and "page_size" in operation.names("query"))


@pytest.fixture
def many(owner: Any) -> None:
    for _ in range(3):
        for make in makers.MAKERS.values():
            make(owner)


def linked(answer: Any) -> dict[str, str]:
    """The addresses that `Link` names, by their relation."""
    return {relation: url for url, relation in re.findall(r'<([^>]*)>; rel="(\w+)"', answer.headers.get("Link", ""))}


def rows(body: dict[str, Any]) -> list[Any]:
    return list(next(body[name] for name in ROWS if name in body))


@lists
def test_pages_lead_to_each_other(operation: Operation, owner: Any, many: None, api: APIClient) -> None:
    address = address_of(operation, owner)
    count = min(api.get(address).json()["count"], 6)
    size = 1 if count < 6 else 2

    answer, seen, before = api.get(address, {"page_size": size}), [], None
    for _ in range(count):
        body = answer.json()
        assert linked(answer) == {
            name: url for name, url in (("next", body["next"]), ("prev", body["previous"])) if url
        }
        assert (body["previous"] is None) == (before is None)
        seen += rows(body)
        before = body
        if body["next"] is None:
            break
        answer = api.get(body["next"])

    assert len(seen) >= count > 0
    assert len({str(row) for row in seen}) == len(seen)


@lists
def test_a_list_is_compressed_for_who_takes_it_so(operation: Operation, owner: Any, many: None, api: APIClient) -> None:
    address = address_of(operation, owner)

    plain, packed = api.get(address), api.get(address, headers={"Accept-Encoding": "gzip"})

    assert len(plain.content) > 200
    assert "Accept-Encoding" in plain["Vary"]
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content


@pytest.mark.parametrize("given", ["", "from-my-own-log.17", "not sane\x01", "x" * 65])
def test_every_answer_has_an_id(given: str, owner: Any, api: APIClient) -> None:
    for client in (api, APIClient()):
        for operation in operations():
            address = operation.path.replace("{id}", "1").replace("{strategy_type}", "sma_cross")
            answer = client.generic(operation.method, address, headers={"X-Request-ID": given} if given else {})
            told = answer["X-Request-ID"]
            assert told == given if given == "from-my-own-log.17" else re.fullmatch(r"[0-9a-f]{32}", told)
