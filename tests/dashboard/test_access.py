"""Who comes in: people who are signed in, to what is theirs; and nothing is changed by looking."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.executions.models import BacktestTask, Execution

pytestmark = pytest.mark.django_db

PAGES = ["executions", "live-rows", "new-backtest", "strategy-parameters", "dataset-coverage", "strategies"]
PAGES += ["data", "upload"]
READS = ["execution", "chart", "older-trades", "controls", "figures"]
DEEDS = ["pause", "resume", "stop"]


@pytest.mark.parametrize("name", PAGES)
def test_nobody_is_sent_to_the_sign_in_page_and_back_again(name: str) -> None:
    answer = Client().get(reverse(f"dashboard:{name}"))

    assert answer.status_code == 302
    assert answer.url == f"{reverse('dashboard:sign-in')}?next={reverse(f'dashboard:{name}')}"


@pytest.mark.parametrize("name", [*READS, *DEEDS])
def test_nobody_sees_or_steers_an_execution(name: str, execution: Execution) -> None:
    path = reverse(f"dashboard:{name}", args=[execution.pk])

    answer = Client().post(path) if name in DEEDS else Client().get(path)

    execution.refresh_from_db()
    assert answer.status_code == 302
    assert answer.url.startswith(reverse("dashboard:sign-in"))
    assert execution.status == "created"


def test_a_part_of_a_page_sends_the_whole_page_to_sign_in() -> None:
    answer = Client().get(reverse("dashboard:live-rows"), headers={"HX-Request": "true"})

    assert answer.headers["HX-Redirect"] == reverse("dashboard:sign-in")
    assert answer.content == b""


@pytest.mark.parametrize("name", READS)
def test_a_stranger_sees_nothing_of_an_execution(name: str, execution: Execution, stranger_browser: Client) -> None:
    answer = stranger_browser.get(reverse(f"dashboard:{name}", args=[execution.pk]), {"before": "9"})

    assert answer.status_code == 403
    assert b"This is not yours to see" in answer.content
    assert execution.backtest_task.name.encode() not in answer.content


@pytest.mark.parametrize("name", DEEDS)
def test_a_stranger_steers_nothing(name: str, execution: Execution, stranger_browser: Client) -> None:
    answer = stranger_browser.post(reverse(f"dashboard:{name}", args=[execution.pk]))

    execution.refresh_from_db()
    assert answer.status_code == 403
    assert execution.status == "created"


@pytest.mark.parametrize("name", READS)
def test_an_unknown_execution_is_a_page_that_says_so(name: str, browser: Client) -> None:
    answer = browser.get(reverse(f"dashboard:{name}", args=[10**9]), {"before": "9"})

    assert answer.status_code == 404
    assert b"Execution not found" in answer.content


@pytest.mark.parametrize("name", DEEDS)
def test_looking_steers_nothing(name: str, execution: Execution, browser: Client) -> None:
    answer = browser.get(reverse(f"dashboard:{name}", args=[execution.pk]))

    execution.refresh_from_db()
    assert answer.status_code == 405
    assert execution.status == "created"


@pytest.mark.parametrize("name", ["stop", "new-backtest", "sign-out"])
def test_another_site_can_do_nothing_in_our_name(name: str, execution: Execution, owner: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    arguments = [execution.pk] if name == "stop" else []

    answer = client.post(reverse(f"dashboard:{name}", args=arguments))

    execution.refresh_from_db()
    assert answer.status_code == 403
    assert execution.status == "created"
    assert BacktestTask.objects.count() == 1
    assert client.get(reverse("dashboard:executions")).status_code == 200


def test_an_address_that_leads_nowhere_is_a_page_with_the_request_id(browser: Client) -> None:
    answer = browser.get("/no/such/page/", headers={"X-Request-ID": "seen-by-me"})

    assert answer.status_code == 404
    assert b"There is nothing here" in answer.content
    assert b"seen-by-me" in answer.content


@pytest.mark.parametrize("name", PAGES[:1] + PAGES[2:3] + PAGES[5:])
def test_no_page_may_run_scripts_of_others(name: str, browser: Client) -> None:
    answer = browser.get(reverse(f"dashboard:{name}"))

    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert "unsafe" not in policy["script-src"]
    assert policy["default-src"] == "'self'"
    assert " onclick=" not in answer.content.decode()
