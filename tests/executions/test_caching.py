"""What a client may keep of an execution: its status, its metrics, all of it (T70)."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db
FOR_EVER = "private, max-age=31536000, immutable"
WHILE_THE_SAME = "private, no-cache"


@pytest.fixture(params=["", "status/", "metrics/latest/", "events/", "trades/?direction=long", "equity/?page=2"])
def path(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def ask(api: APIClient, path: str) -> Callable[..., Any]:
    """ask(execution, '"tag"'): the answer to who has these already."""

    def get(execution: Any, held: str | None = None, **more: Any) -> Any:
        headers = {"if-none-match": held} if held else {}
        return api.get(f"/api/trading/executions/{execution.pk}/{path}", headers=headers, **more)

    return get


def varies_by(answer: Any) -> set[str]:
    return {name.strip() for name in answer["Vary"].split(",")}


@pytest.mark.case("T70")
def test_t70_what_is_over_may_be_kept_for_ever(ask: Callable[..., Any], finished: Any) -> None:
    answer = ask(finished)

    assert answer.status_code == 200
    assert answer["ETag"].startswith('"')
    assert answer["Cache-Control"] == FOR_EVER
    assert {"Authorization", "X-API-Key", "Cookie", "Accept-Encoding"} <= varies_by(answer)
    assert ask(finished)["ETag"] == answer["ETag"]
    assert ask(finished).content == answer.content


def test_what_is_not_over_is_asked_for_again(ask: Callable[..., Any], execution: Any) -> None:
    answer = ask(execution)

    assert answer.status_code == 200
    assert answer["Cache-Control"] == WHILE_THE_SAME
    assert ask(execution, answer["ETag"]).status_code == 304


@pytest.mark.case("T70")
@pytest.mark.parametrize(
    "held", ["{}", "W/{}", '"another", {}', '{},W/"another"', "*"], ids=["tag", "weak", "last", "first", "any"]
)
def test_t70_who_has_the_answer_is_told_so_without_it(ask: Callable[..., Any], finished: Any, held: str) -> None:
    whole = ask(finished)

    answer = ask(finished, held.format(whole["ETag"]))

    assert answer.status_code == 304
    assert answer.content == b""
    assert "Content-Type" not in answer
    assert answer["Cache-Control"] == FOR_EVER
    assert varies_by(answer) >= varies_by(whole)
    assert answer["ETag"] == (f"W/{whole['ETag']}" if held == "W/{}" else whole["ETag"])


@pytest.mark.parametrize("held", ['"another"', 'W/"another"', "nonsense", '""', ",", '"'])
def test_who_has_another_answer_is_sent_this_one(ask: Callable[..., Any], finished: Any, held: str) -> None:
    answer = ask(finished, held)

    assert answer.status_code == 200
    assert answer.json()


def test_a_compressed_answer_is_recognised_by_its_tag(ask: Callable[..., Any], finished: Any) -> None:
    packed = ask(finished, HTTP_ACCEPT_ENCODING="gzip")

    answer = ask(finished, packed["ETag"], HTTP_ACCEPT_ENCODING="gzip")

    assert answer.status_code == 304
    assert answer["ETag"] == packed["ETag"]


def test_a_304_reads_the_user_and_the_execution_only(
    ask: Callable[..., Any], finished: Any, django_assert_num_queries: Any
) -> None:
    tag = ask(finished)["ETag"]

    with django_assert_num_queries(2):
        assert ask(finished, tag).status_code == 304


def test_a_tag_opens_nothing_to_strangers(
    ask: Callable[..., Any], finished: Any, path: str, stranger_api: APIClient, anonymous_api: APIClient
) -> None:
    tag = ask(finished)["ETag"]
    url = f"/api/trading/executions/{finished.pk}/{path}"

    for held in (tag, "*"):
        assert stranger_api.get(url, headers={"if-none-match": held}).status_code == 403
        assert anonymous_api.get(url, headers={"if-none-match": held}).status_code == 401


def test_a_refusal_may_not_be_kept(ask: Callable[..., Any], finished: Any, stranger_api: APIClient, path: str) -> None:
    answer = stranger_api.get(f"/api/trading/executions/{finished.pk}/{path}")

    assert "ETag" not in answer
    assert "immutable" not in answer.get("Cache-Control", "")


def test_a_deleted_execution_is_not_there_whatever_its_reader_has(ask: Callable[..., Any], finished: Any) -> None:
    from apps.executions.services import delete

    tag = ask(finished)["ETag"]

    delete(finished)

    assert ask(finished, tag).status_code == 404
    assert ask(finished, "*").status_code == 404


def test_each_change_of_a_running_execution_changes_its_tags(api: APIClient, execution: Any) -> None:
    from apps.executions.models import Execution

    row = Execution.objects.filter(pk=execution.pk)
    changes = [
        {"status": "running", "started_at": timezone.now()},
        {"processed": 10, "progress": 10.0, "total": 100},
        {"status": "paused"},
        {"status": "failed", "error_message": "no", "failure": {"line": 3}, "completed_at": timezone.now()},
    ]
    for path in ("", "status/"):
        row.update(status="created", processed=0, progress=0.0, error_message=None, failure=None)
        url = f"/api/trading/executions/{execution.pk}/{path}"
        seen = [api.get(url)["ETag"]]

        for change in changes:
            row.update(**change)
            answer = api.get(url, headers={"if-none-match": seen[-1]})
            assert answer.status_code == 200
            seen.append(answer["ETag"])

        assert len(set(seen)) == len(seen)


def test_a_checkpoint_makes_a_new_answer(api: APIClient, execution: Any) -> None:
    from apps.executions.models import Checkpoint

    figures = ("realized_pnl", "unrealized_pnl", "total_trades", "winning_trades", "gross_loss")
    metrics = dict.fromkeys(figures, 0)
    for path in ("", "status/", "metrics/latest/"):
        url = f"/api/trading/executions/{execution.pk}/{path}"
        tag = api.get(url)["ETag"]

        Checkpoint.objects.create(execution=execution, processed=1, metrics=metrics, created_at=timezone.now())

        assert api.get(url, headers={"if-none-match": tag}).status_code == 200


def test_a_retry_is_asked_for_again_while_it_names_what_it_went_on_from(api: APIClient, finished: Any) -> None:
    from apps.executions.models import Execution

    source = Execution.objects.create(
        owner=finished.owner, task_type="backtest", backtest_task=finished.backtest_task, execution_number=99,
        dataset_version=finished.dataset_version, manifest=finished.manifest, status="failed",
    )  # fmt: skip
    Execution.objects.filter(pk=finished.pk).update(retry_of=source)
    number, url = source.pk, f"/api/trading/executions/{finished.pk}/"
    before = api.get(url)

    source.delete()

    after = api.get(url, headers={"if-none-match": before["ETag"]})
    assert before["Cache-Control"] == WHILE_THE_SAME
    assert before.json()["retry_of"] == number
    assert (after.status_code, after.json()["retry_of"]) == (200, None)


def test_two_users_at_one_address_have_two_tags(finished: Any, owner: Any, stranger: Any) -> None:
    from rest_framework.request import Request
    from rest_framework.test import APIRequestFactory

    from apps.executions.conditional import tag_of

    def tag(user: AbstractBaseUser, url: str = "/a/") -> str:
        request = Request(APIRequestFactory().get(url))
        request.user = user
        return tag_of(request, finished, (7,))

    assert tag(owner) == tag(owner)
    assert len({tag(owner), tag(stranger), tag(owner, "/a/?page=2"), tag(owner, "/b/")}) == 4
