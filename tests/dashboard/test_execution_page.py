"""The page of one execution says what the API says, and its buttons do what the life cycle allows."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.dashboard import figures, tape
from apps.executions.models import Execution
from apps.executions.services import manifest_hash

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def path(execution: Execution, name: str = "execution") -> str:
    return reverse(f"dashboard:{name}", args=[execution.pk])


def test_each_figure_is_the_apis(finished: Execution, browser: Client, api: Any) -> None:
    served = api.get(f"/api/trading/executions/{finished.pk}/metrics/latest/").json()["checkpoint"]

    answer = browser.get(path(finished))

    shown = {item.figure.name: item.value for item in answer.context["verdict"]}
    assert shown == {figure.name: served[figure.name] for figure in figures.VERDICT}
    page = answer.content.decode()
    for figure in figures.VERDICT:
        value = "" if served[figure.name] is None else served[figure.name]
        assert f'data-figure="{figure.name}" data-form="{figure.form}" data-value="{value}"' in page
        assert figure.definition in page


def test_an_execution_that_waits_has_a_page_too(execution: Execution, browser: Client) -> None:
    answer = browser.get(path(execution))

    assert answer.status_code == 200
    assert [item.value for item in answer.context["verdict"]] == [None] * len(figures.VERDICT)
    assert b"Trades appear here" in answer.content


def test_a_failure_is_told(execution: Execution, browser: Client) -> None:
    Execution.objects.update(status="failed", error_message="The <data> is gone.")

    assert b"The &lt;data&gt; is gone." in browser.get(path(execution)).content


def test_it_says_what_went_in(finished: Execution, browser: Client) -> None:
    page = browser.get(path(finished)).content.decode()

    data, instrument = finished.manifest["data"], finished.manifest["instrument"]
    for assumed in (data["content_hash"], manifest_hash(finished.manifest), instrument["symbol"], "Fast", "Slow"):
        assert assumed in page
    assert "none: commission-free" in page
    assert f"{finished.manifest['engine']['version']}, seed" in page


def test_trades_come_newest_first_and_older_ones_follow(
    finished: Execution, browser: Client, api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tape, "TRADE_ROWS", 4)
    served = api.get(f"/api/trading/executions/{finished.pk}/trades/").json()["trades"]
    assert len(served) > 4

    shown = browser.get(path(finished)).context["trades"]
    rows = list(shown.rows)
    while shown.before is not None:
        shown = browser.get(path(finished, "older-trades"), {"before": shown.before}).context["trades"]
        rows += shown.rows

    assert rows == served[::-1]


def test_events_come_newest_first(finished: Execution, browser: Client, api: Any) -> None:
    served = api.get(f"/api/trading/executions/{finished.pk}/events/").json()["events"]

    shown = browser.get(path(finished)).context["events"].rows

    assert shown == served[::-1][: tape.EVENT_ROWS]


@pytest.mark.parametrize("before", ["x", "0", "-3", "9" * 40])
def test_trades_before_nothing_are_refused(before: str, finished: Execution, browser: Client) -> None:
    assert browser.get(path(finished, "older-trades"), {"before": before}).status_code == 400


@pytest.mark.parametrize(
    ("before", "deed", "after"),
    [
        ("running", "pause", "paused"),
        ("paused", "resume", "running"),
        ("running", "stop", "stopped"),
        ("paused", "stop", "stopped"),
        ("created", "stop", "stopped"),
    ],
)
def test_a_button_does_what_it_says_and_shows_what_is_left(
    before: str, deed: str, after: str, execution: Execution, browser: Client
) -> None:
    Execution.objects.update(status=before)

    answer = browser.post(path(execution, deed), headers=HTMX)

    execution.refresh_from_db()
    assert answer.status_code == 200
    assert execution.status == after
    assert f'data-status="{after}"' in answer.content.decode()
    assert path(execution, deed) not in answer.content.decode()


@pytest.mark.parametrize("deed", ["pause", "resume", "stop"])
def test_what_is_over_stays_as_it_is_and_the_refusal_is_told(deed: str, finished: Execution, browser: Client) -> None:
    within = browser.post(path(finished, deed), headers=HTMX)
    whole = browser.post(path(finished, deed), follow=True)

    finished.refresh_from_db()
    assert finished.status == "completed"
    assert within.status_code == 409
    for answer in (within, whole):
        assert f"Execution {finished.pk} is completed" in answer.content.decode()


def test_without_scripts_a_button_leads_back_to_the_page(execution: Execution, browser: Client) -> None:
    answer = browser.post(path(execution, "stop"))

    assert answer.status_code == 302
    assert answer.url == path(execution)


@pytest.mark.parametrize(
    ("name", "mark"), [("controls", 'data-status="completed"'), ("figures", 'data-figure="sharpe_ratio"')]
)
def test_a_part_of_the_page_can_be_drawn_anew(name: str, mark: str, finished: Execution, browser: Client) -> None:
    answer = browser.get(path(finished, name), headers=HTMX)

    assert answer.status_code == 200
    assert mark in answer.content.decode()
    assert "<html" not in answer.content.decode()
