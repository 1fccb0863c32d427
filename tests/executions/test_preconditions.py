"""Saved things are named by an ETag, and a change can be bound to one: of two who change the same, one learns of it."""

import threading
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from apps.accounts.models import AuditEntry
from tests.conftest import signed_in

pytestmark = [pytest.mark.storage, pytest.mark.django_db]


@pytest.fixture(params=["strategy-configs", "backtest-tasks"])
def url(request: pytest.FixtureRequest, make_config: Any, make_task: Any) -> str:
    thing = make_config() if request.param == "strategy-configs" else make_task()
    return f"/api/trading/{request.param}/{thing.pk}/"


def test_a_thing_is_named_and_not_sent_twice(api: APIClient, url: str) -> None:
    whole = api.get(url)

    assert whole["ETag"].startswith('"')
    assert whole["Cache-Control"] == "private, no-cache"
    assert api.get(url)["ETag"] == whole["ETag"]
    for held in (whole["ETag"], f'"another", W/{whole["ETag"]}'):
        answer = api.get(url, headers={"if-none-match": held})
        assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", whole["ETag"])
    assert api.get(url, headers={"if-none-match": '"another"'}).status_code == 200


def test_a_change_of_what_one_has_is_made_and_named(api: APIClient, url: str) -> None:
    tag = api.get(url)["ETag"]

    answer = api.patch(url, {"description": "longer"}, headers={"if-match": tag})

    assert answer.status_code == 200
    assert answer["ETag"] == api.get(url)["ETag"] != tag
    assert api.patch(url, {"description": "again"}, headers={"if-match": f"W/{answer['ETag']}"}).status_code == 200


@pytest.mark.parametrize("method", ["patch", "put", "delete"])
def test_a_change_of_what_is_no_more_so_is_refused_with_what_is(api: APIClient, url: str, method: str) -> None:
    old = api.get(url)
    api.patch(url, {"description": "by somebody else"})
    now = api.get(url)
    entries = AuditEntry.objects.count()

    body = None if method == "delete" else {**old.json(), "description": "mine"}
    answer = getattr(api, method)(url, body, headers={"if-match": old["ETag"]})

    body = answer.json()
    assert (answer.status_code, body["code"]) == (412, "changed_meanwhile")
    assert answer["ETag"] == now["ETag"]
    assert body["current"] == now.json() == api.get(url).json()
    assert AuditEntry.objects.count() == entries


def test_without_one_a_change_is_made_whatever_it_is_based_on(api: APIClient, url: str) -> None:
    assert api.patch(url, {"description": "mine"}).status_code == 200
    assert api.patch(url, {"description": "mine too"}, headers={"if-match": "*"}).status_code == 200
    assert api.delete(url).status_code == 204


def test_a_server_may_ask_for_one(api: APIClient, url: str, settings: Any) -> None:
    settings.REQUIRE_IF_MATCH = True

    for method in ("patch", "put", "delete"):
        answer = getattr(api, method)(url, None if method == "delete" else {"description": "mine"})
        assert (answer.status_code, answer.json()["code"]) == (428, "if_match_required")
    assert api.get(url).json()["description"] == ""
    assert api.delete(url, headers={"if-match": api.get(url)["ETag"]}).status_code == 204


@pytest.mark.parametrize("method", ["get", "patch", "put", "delete"])
def test_a_stranger_finds_nothing_whatever_is_sent(stranger_api: APIClient, url: str, method: str) -> None:
    for header in ("if-match", "if-none-match"):
        answer = getattr(stranger_api, method)(url, headers={header: "*"})
        assert answer.status_code == 404
        assert "current" not in answer.json()


@pytest.mark.parametrize("sent", ["", "x", '"', "W/", '"\u00e4"', ",,", '"' + "a" * 5000 + '"'])
def test_what_is_no_tag_is_none_of_ours(api: APIClient, url: str, sent: str) -> None:
    assert api.patch(url, {"description": "mine"}, headers={"if-match": sent}).status_code == 412


@pytest.mark.django_db(transaction=True)
def test_of_several_changes_of_one_state_one_is_made(owner: Any, make_config: Any) -> None:
    url = f"/api/trading/strategy-configs/{make_config().pk}/"
    tag = signed_in(owner).get(url)["ETag"]
    clients = [signed_in(owner) for _ in range(6)]
    begin, answers = threading.Barrier(len(clients)), []

    def change(number: int) -> None:
        try:
            begin.wait()
            sent = {"description": f"change {number}"}
            answers.append(clients[number].patch(url, sent, headers={"if-match": tag}).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=change, args=[number]) for number in range(len(clients))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [200] + [412] * 5


# Copies


@pytest.mark.case("T79")
def test_a_copy_says_the_same_under_another_name(api: APIClient, url: str) -> None:
    api.patch(url, {"description": "the first"})
    original = api.get(url).json()

    answer = api.post(f"{url}copy/", {"new_name": "the second"})

    made = answer.json()
    own = {"id", "name", "created_at", "updated_at"}
    assert answer.status_code == 201
    assert made["name"] == "the second"
    assert {key: made[key] for key in made if key not in own} == {key: original[key] for key in made if key not in own}
    assert api.get(answer["Location"]).json() == made
    assert api.get(url).json() == original


@pytest.mark.parametrize(
    "body", [{}, {"new_name": ""}, {"new_name": "  "}, {"new_name": "a\x00b"}, {"new_name": "x" * 200}]
)
def test_a_copy_needs_a_name(api: APIClient, url: str, body: dict[str, str]) -> None:
    answer = api.post(f"{url}copy/", body)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/new_name"


def test_a_copy_of_a_name_that_is_taken_is_refused(api: APIClient, url: str) -> None:
    name = api.get(url).json()["name"]

    answer = api.post(f"{url}copy/", {"new_name": name})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/new_name"
    assert api.get(url.rsplit("/", 2)[0] + "/").json()["count"] == 1


def test_a_stranger_copies_nothing(stranger_api: APIClient, url: str) -> None:
    assert stranger_api.post(f"{url}copy/", {"new_name": "mine"}).status_code == 404
    assert stranger_api.get(url.rsplit("/", 2)[0] + "/").json()["count"] == 0
