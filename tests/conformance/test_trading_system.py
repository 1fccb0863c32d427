"""The native surface as its document describes it, where no room's own tests state a case exactly."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from django.db import OperationalError
from rest_framework.test import APIClient

from tests.conftest import random_bars

pytestmark = pytest.mark.django_db
MEMBERS = {"events": "events", "trades": "trades", "equity": "equity_curve"}
PATHS = ("status/", "events/", "trades/", "equity/", "metrics/latest/")
UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")


def address(execution: Any, path: str) -> str:
    return f"/api/trading/executions/{getattr(execution, 'pk', execution)}/{path}"


def get(api: APIClient, execution: Any, path: str, **query: Any) -> Any:
    answer = api.get(address(execution, path), query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of an answer that is no object or list, with the name of the member it is in."""
    if isinstance(value, dict):
        for inner, part in value.items():
            yield from leaves(part, inner)
    elif isinstance(value, list):
        for part in value:
            yield from leaves(part, name)
    else:
        yield name, value


def add_events(execution: Any, kind: str, count: int) -> None:
    """So many further events of this type."""
    from apps.events.journal import content, events
    from apps.journal.journal import NewRows

    moment = "2024-01-02T00:00:00Z"
    events.append(execution.pk, NewRows(([kind] * count,), [content(kind, "sma_cross", moment, "{}")] * count, moment))


@pytest.fixture
def carry_out(make_task: Callable[..., Any]) -> Callable[..., Any]:
    """carry_out(**changes): a completed execution of such a task."""

    def run_to_its_end(**changes: Any) -> Any:
        from apps.executions.services import start
        from apps.runner.run import run

        execution = start(make_task(**changes))
        run(execution.pk)
        execution.refresh_from_db()
        assert execution.status == "completed", execution.error_message
        return execution

    return run_to_its_end


# Status and metrics -------------------------------------------------------------------------------------------------


@pytest.mark.case("T3")
def test_progress_is_a_float_that_never_goes_back_and_ends_at_100(api: APIClient, execution: Any) -> None:
    from apps.runner import recorder
    from apps.runner.run import run

    seen = [get(api, execution, "status/")["progress"]]
    record = recorder.record

    def record_and_look(*arguments: Any, **more: Any) -> Any:
        answer = record(*arguments, **more)
        seen.append(get(api, execution, "status/")["progress"])
        return answer

    with mock.patch.object(recorder, "record", record_and_look):
        run(execution.pk)

    assert len(seen) > 3
    assert all(type(progress) is float for progress in seen)
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0.0, 100.0)
    assert any(0.0 < progress < 100.0 for progress in seen)


@pytest.mark.case("T4")
def test_every_time_in_every_answer_is_utc_with_z(api: APIClient, finished: Any) -> None:
    for path in PATHS:
        found = [
            value
            for name, value in leaves(get(api, finished, path))
            if value is not None and (name == "timestamp" or name.endswith(("_at", "_time")))
        ]

        assert found, path
        for moment in found:
            assert UTC_TIME.fullmatch(moment), (path, moment)


@pytest.mark.case("T10", "T11")
def test_without_a_loss_there_is_no_profit_factor_and_with_one_it_is_wins_over_losses(
    api: APIClient, finished: Any, carry_out: Any, import_dataset: Any
) -> None:
    bars = random_bars(300)
    middle = 100.0 + 10.0 * np.sin(np.arange(301) * 2 * np.pi / 100)
    bars["open"], bars["close"] = middle[:-1], middle[1:]
    bars["high"] = np.maximum(bars["open"], bars["close"]) + 0.05
    bars["low"] = np.minimum(bars["open"], bars["close"]) - 0.05
    lucky = carry_out(dataset=import_dataset(bars, name="waves"), name="lucky", config=finished.backtest_task.config)

    won = get(api, lucky, "metrics/latest/")["checkpoint"]
    mixed = get(api, finished, "metrics/latest/")["checkpoint"]

    assert won["winning_trades"] == won["total_trades"] > 0
    assert (won["win_rate"], won["losing_trades"]) == ("100.00", 0)
    assert (won["profit_factor"], won["average_loss"]) == (None, None)
    profits = [float(row["trade"]["pnl"]) for row in get(api, finished, "trades/")["trades"]]
    wins, losses = sum(pnl for pnl in profits if pnl > 0), -sum(pnl for pnl in profits if pnl < 0)
    assert float(mixed["profit_factor"]) == pytest.approx(wins / losses, abs=0.02)
    assert all(type(value) in (int, str, type(None)) for _, value in leaves([won, mixed]))
    assert not {"nan", "inf", "-inf"} & {str(value).lower() for _, value in leaves([won, mixed])}


@pytest.mark.parametrize("path", [
    pytest.param("status/", marks=pytest.mark.case("T12", "T13", "T14")),
    pytest.param("events/", marks=pytest.mark.case("T36")),
    pytest.param("trades/", marks=pytest.mark.case("T44")),
    pytest.param("equity/", marks=pytest.mark.case("T54")),
    pytest.param("metrics/latest/", marks=pytest.mark.case("T59")),
])  # fmt: skip
def test_an_answer_is_for_its_owner_and_a_wrong_query_is_refused(
    api: APIClient, stranger_api: APIClient, execution: Any, path: str
) -> None:
    found, foreign = api.get(address(execution, path)), stranger_api.get(address(execution, path))
    absent, wrong = api.get(address(execution.pk + 1, path)), api.get(address(execution, path), {"page": "none"})

    assert (found.status_code, foreign.status_code, absent.status_code) == (200, 403, 404)
    assert foreign.json()["error"] == "Access denied"
    assert absent.json()["error"] == "Execution not found"
    if path.partition("/")[0] in MEMBERS:
        assert (wrong.status_code, wrong.json()["error"]) == (400, "Invalid page parameter")


@pytest.mark.case("T61")
def test_executions_are_chosen_by_the_two_documented_types(api: APIClient, execution: Any) -> None:
    chosen = {kind: api.get("/api/trading/executions/", {"task_type": kind}) for kind in ("backtest", "trading", "x")}

    assert [row["task_type"] for row in chosen["backtest"].json()["results"]] == ["backtest"]
    assert chosen["trading"].json()["results"] == []
    assert chosen["x"].status_code == 400
    assert get(api, execution, "status/")["task_type"] == "backtest"


# Lists --------------------------------------------------------------------------------------------------------------


@pytest.mark.case("T17", "T37", "T47")
@pytest.mark.parametrize("journal", list(MEMBERS))
def test_a_list_with_rows_has_the_documented_members(api: APIClient, finished: Any, journal: str) -> None:
    body = get(api, finished, f"{journal}/", page_size=2)

    expected = {"execution_id", "task_type", "task_id", MEMBERS[journal], "count", "next", "previous"}
    assert set(body) == expected | ({"granularity_seconds"} if journal == "equity" else set())
    assert (body["execution_id"], body["task_type"]) == (finished.pk, "backtest")
    assert body["task_id"] == finished.backtest_task_id
    assert type(body["count"]) is int
    assert len(body[MEMBERS[journal]]) == 2


@pytest.mark.case("T19")
def test_each_journal_of_each_execution_counts_from_one(api: APIClient, finished: Any, carry_out: Any) -> None:
    second = carry_out(name="another", config=finished.backtest_task.config, dataset=finished.backtest_task.dataset)

    for execution in (finished, second):
        for journal, member in MEMBERS.items():
            rows = get(api, execution, f"{journal}/", page_size=1000)[member]
            assert [row["sequence"] for row in rows] == list(range(1, len(rows) + 1))
            assert rows


@pytest.mark.case("T26", "T44")
@pytest.mark.parametrize("journal", list(MEMBERS))
def test_without_a_page_the_first_one_is_answered(api: APIClient, finished: Any, journal: str) -> None:
    unsaid, said = (get(api, finished, f"{journal}/", page_size=3, **page) for page in ({}, {"page": 1}))

    assert unsaid[MEMBERS[journal]] == said[MEMBERS[journal]]
    assert [row["sequence"] for row in said[MEMBERS[journal]]] == [1, 2, 3]
    assert said["previous"] is unsaid["previous"] is None


@pytest.mark.case("T24", "T30")
@pytest.mark.parametrize("kind", ["a b&page=9", "50%+1", "größer=größer?", "a#b;c/d"])
def test_links_keep_a_filter_of_any_characters(api: APIClient, execution: Any, kind: str) -> None:
    add_events(execution, "other", 3)
    add_events(execution, kind, 5)
    body = get(api, execution, "events/", event_type=kind, page_size=2)
    seen = [row["sequence"] for row in body["events"]]

    while body["next"]:
        link = urlsplit(body["next"])
        assert f"{link.scheme}://{link.netloc}" == "http://testserver"
        assert body["next"].isascii()
        assert parse_qs(link.query) == {**parse_qs(link.query), "event_type": [kind], "page_size": ["2"]}
        body = api.get(body["next"]).json()
        assert (body["count"], api.get(body["previous"]).status_code) == (5, 200)
        seen += [row["sequence"] for row in body["events"]]

    assert seen == [4, 5, 6, 7, 8]


@pytest.mark.case("T30", "T50")
def test_links_keep_a_time_with_its_zone(api: APIClient, finished: Any) -> None:
    query = {"start_time": "2024-01-01T02:10:00+02:00", "end_time": "2024-01-01T00:20:00+00:00", "page_size": 4}
    body = get(api, finished, "equity/", **query)
    seen = [point["sequence"] for point in body["equity_curve"]]

    while body["next"]:
        body = api.get(body["next"]).json()
        seen += [point["sequence"] for point in body["equity_curve"]]

    assert seen == list(range(11, 22))


@pytest.mark.case("T46")
def test_a_position_that_is_still_open_is_no_trade_yet(api: APIClient, carry_out: Any, make_config: Any) -> None:
    holding = carry_out(config=make_config(name="holding", strategy_type="buy_and_hold", parameters={}))

    fills = get(api, holding, "events/", event_type="trade_executed")["count"]
    trades = get(api, holding, "trades/")

    assert fills == 1
    assert (trades["trades"], trades["count"]) == ([], 0)
    assert get(api, holding, "status/")["checkpoint"]["total_trades"] == 0


@pytest.mark.case("T51", "T52", "T56")
def test_thinned_points_keep_their_sequences_and_tell_their_distance(api: APIClient, finished: Any) -> None:
    whole = {point["sequence"]: point for point in get(api, finished, "equity/", page_size=1000)["equity_curve"]}

    body = get(api, finished, "equity/", max_points=11, since_sequence=100)

    assert all(point == whole[point["sequence"]] for point in body["equity_curve"])
    assert (body["equity_curve"][0]["sequence"], body["equity_curve"][-1]["sequence"]) == (101, 300)
    # 199 minutes in ten steps
    assert body["granularity_seconds"] == 1194


# Refusals -----------------------------------------------------------------------------------------------------------


def refusals(api: APIClient, stranger: APIClient, anonymous: APIClient, execution: Any) -> dict[int, Any]:
    """One answer of each kind that is no success."""
    url = address(execution, "events/")
    frank = APIClient(raise_request_exception=False)
    frank.credentials(**api._credentials)
    with mock.patch("apps.executions.services.find", side_effect=RuntimeError("broken")):
        failed = frank.get(url)
    with mock.patch("apps.executions.services.find", side_effect=OperationalError("gone")):
        away = frank.get(url)
    return {
        400: api.get(url, {"page": 0}),
        401: anonymous.get(url),
        403: stranger.get(url),
        404: api.get("/api/trading/no-such-thing/"),
        405: api.delete(url),
        409: api.post(address(execution, "resume/")),
        415: api.post("/api/trading/backtest-tasks/", "<task/>", content_type="application/xml"),
        500: failed,
        503: away,
    }


@pytest.mark.case("T60")
def test_every_refusal_says_what_was_wrong_in_one_string(
    api: APIClient, stranger_api: APIClient, anonymous_api: APIClient, execution: Any
) -> None:
    answers = refusals(api, stranger_api, anonymous_api, execution)

    for status, answer in answers.items():
        assert answer.status_code == status, answer.content
        assert type(answer.json()["error"]) is str, status
        assert answer.json()["error"].strip(), status
        assert "Traceback" not in answer.content.decode()
    assert "broken" not in answers[500].json()["error"]
