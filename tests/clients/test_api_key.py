"""An API key in place of a login, and a wish that is still being granted."""

import httpx
import pytest

from tapedeck_client import ApiKey, Conflict, NotSignedIn, Patience, Tapedeck
from tests.clients.pretend import URL, PretendServer, answers, client_of, problem

TEXT = "tdk_" + "a" * 43
ME = {"id": 1, "email": "olga@example.org", "name": "Olga"}
STARTED = {"message": "Execution created", "task_id": 3, "execution_id": 7}


def test_a_key_is_sent_with_each_call_and_shown_nowhere() -> None:
    handler, seen = answers(httpx.Response(200, json=ME))
    client, _ = client_of(handler, authentication=ApiKey(TEXT))

    assert client.me().email == "olga@example.org"

    assert seen[0].headers["Authorization"] == f"Bearer {TEXT}"
    assert TEXT not in repr(ApiKey(TEXT))
    assert client.tokens is None


def test_a_key_that_is_refused_is_not_tried_again() -> None:
    handler, seen = answers(problem(401))
    client, _ = client_of(handler, authentication=ApiKey(TEXT))

    with pytest.raises(NotSignedIn):
        client.me()

    assert len(seen) == 1


def test_one_signs_in_with_a_key_or_with_a_password() -> None:
    with Tapedeck(URL, authentication=ApiKey(TEXT)) as client, pytest.raises(TypeError):
        client.login("olga@example.org", "nine brown bears")


def test_who_gets_no_ticket_polls() -> None:
    server = PretendServer({"events": 3, "trades": 0, "equity": 0})
    client, _ = client_of(lambda asked: problem(403) if "tickets" in asked.url.path else server(asked))

    assert [row.sequence for row in client.execution(7).follow()] == [1, 2, 3]


def test_an_answer_under_way_is_waited_for_with_the_same_key() -> None:
    handler, seen = answers(problem(409, **{"Retry-After": "1"}), httpx.Response(202, json=STARTED))
    client, waits = client_of(handler, patience=Patience(share=lambda: 0.0))

    assert client.backtests.start(3).execution_id == 7

    assert waits == [1.0]
    assert len({request.headers["Idempotency-Key"] for request in seen}) == 1


def test_any_other_conflict_is_told_at_once() -> None:
    handler, seen = answers(problem(409))
    client, _ = client_of(handler)

    with pytest.raises(Conflict):
        client.backtests.start(3)

    assert len(seen) == 1
