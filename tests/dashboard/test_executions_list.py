"""The list of executions: whose, in which order, at what price, and what moves."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apps.dashboard import listing
from apps.executions.models import Checkpoint, Execution

pytestmark = pytest.mark.django_db

LIST = "/executions/"


@pytest.fixture
def many(execution: Execution) -> Callable[[int], list[int]]:
    """many(n): ids of n executions of one task, ascending."""

    def make(count: int) -> list[int]:
        for number in range(2, count + 1):
            Execution.objects.create(
                owner_id=execution.owner_id,
                task_type="backtest",
                backtest_task=execution.backtest_task,
                execution_number=number,
                dataset_version=execution.dataset_version,
                manifest=execution.manifest,
                status="completed",
            )
        return list(Execution.objects.order_by("pk").values_list("pk", flat=True))

    return make


def ids_of(answer: Any) -> list[int]:
    return [row.execution.pk for row in answer.context["page"].rows]


def test_it_shows_ones_own_executions_only(execution: Execution, browser: Client, stranger_browser: Client) -> None:
    own, others = browser.get(LIST), stranger_browser.get(LIST)

    assert ids_of(own) == [execution.pk]
    assert ids_of(others) == []
    assert b"Start the first back-test" in others.content


def test_pages_follow_each_other_without_gap_or_repetition(many: Callable[[int], list[int]], browser: Client) -> None:
    expected = many(listing.PAGE_ROWS * 2 + 3)[::-1]

    seen: list[int] = []
    query: dict[str, Any] = {}
    while True:
        answer = browser.get(LIST, query)
        seen += ids_of(answer)
        if answer.context["page"].before is None:
            break
        query = {"before": answer.context["page"].before}

    assert seen == expected


def test_it_shows_one_status_where_the_address_names_one(many: Callable[[int], list[int]], browser: Client) -> None:
    first, *others = many(4)

    assert ids_of(browser.get(LIST, {"status": "created"})) == [first]
    assert ids_of(browser.get(LIST, {"status": "completed"})) == others[::-1]
    assert b"No execution is failed" in browser.get(LIST, {"status": "failed"}).content


@pytest.mark.parametrize("query", [{"status": "flying"}, {"before": "x"}, {"before": "-1"}, {"before": "9" * 30}])
def test_an_address_that_makes_no_sense_is_refused(query: dict[str, str], browser: Client) -> None:
    assert browser.get(LIST, query).status_code == 400


def test_a_row_shows_the_figures_of_the_newest_checkpoint(finished: Execution, browser: Client, api: Any) -> None:
    Checkpoint.objects.create(
        id=0, execution=finished, processed=1, metrics={"total_return": 9.99}, created_at=timezone.now()
    )  # the oldest, though it was written last
    figures = api.get(f"/api/trading/executions/{finished.pk}/metrics/latest/").json()["checkpoint"]

    (row,) = browser.get(LIST).context["page"].rows

    assert row.total_return == figures["total_return"]
    assert row.max_drawdown == figures["max_drawdown"]
    assert row.sharpe == figures["sharpe_ratio"]
    assert row.total_trades == figures["total_trades"]


@pytest.mark.usefixtures("empty_caches")
def test_more_rows_take_no_more_queries(
    many: Callable[[int], list[int]], browser: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    many(listing.PAGE_ROWS)
    session_and_user, executions_with_metrics = 2, 1

    with django_assert_num_queries(session_and_user + executions_with_metrics):
        answer = browser.get(LIST)

    assert len(ids_of(answer)) == listing.PAGE_ROWS


@pytest.mark.usefixtures("empty_caches")
def test_a_curve_is_read_once(
    finished: Execution, browser: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(4):
        first = browser.get(LIST)
    with django_assert_num_queries(3):
        second = browser.get(LIST)

    assert first.content.count(b"<polyline") == second.content.count(b"<polyline") == 1


def test_only_what_moves_is_asked_for_again(many: Callable[[int], list[int]], browser: Client) -> None:
    moving, *_ = many(3)

    assert f"?ids={moving}&quot;".replace("&quot;", '"') in browser.get(LIST).content.decode()
    assert "every 2s" not in browser.get(LIST, {"status": "completed"}).content.decode()


def test_a_row_that_moves_takes_its_old_place_and_the_rest_stays(execution: Execution, browser: Client) -> None:
    path = reverse("dashboard:live-rows")
    Execution.objects.update(status="running", progress=40.0)
    running = browser.get(path, {"ids": str(execution.pk)}).content.decode()
    Execution.objects.update(status="completed")
    completed = browser.get(path, {"ids": str(execution.pk)}).content.decode()

    assert f'id="execution-{execution.pk}" hx-swap-oob="true"' in running
    assert f"?ids={execution.pk}" in running
    assert "completed" in completed
    assert "?ids=" not in completed


def test_live_rows_are_ones_own(execution: Execution, stranger_browser: Client) -> None:
    answer = stranger_browser.get(reverse("dashboard:live-rows"), {"ids": str(execution.pk)})

    assert execution.backtest_task.name.encode() not in answer.content
