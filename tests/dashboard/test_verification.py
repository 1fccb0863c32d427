"""The page of an execution has it verified by a button, and says in plain words what came out."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.executions.models import Execution, Verification
from apps.runner import tasks
from apps.trades.models import Trade

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def path(execution: Execution, name: str = "verification") -> str:
    return reverse(f"dashboard:{name}", args=[execution.pk])


def part(browser: Client, execution: Execution) -> str:
    return browser.get(path(execution), headers=HTMX).content.decode()


def verified(execution: Execution, browser: Client) -> str:
    """Pressed, carried out, and shown."""
    browser.post(path(execution, "verify"), headers=HTMX)
    tasks.verify_execution(Verification.objects.get().pk)
    return part(browser, execution)


def test_what_is_over_has_a_button(finished: Execution, browser: Client) -> None:
    page = browser.get(path(finished, "execution")).content.decode()

    assert f'hx-post="{path(finished, "verify")}"' in page
    assert ">Verify</button>" in page
    assert "every 2s" not in page.partition('id="verification"')[2]


def test_what_runs_has_none_until_it_is_over(execution: Execution, browser: Client) -> None:
    shown = part(browser, execution)

    assert path(execution, "verify") not in shown
    assert "It can be verified when it is over." in shown
    assert "status-changed from:body" in shown


def test_pressed_it_says_that_it_is_under_way_and_looks_again(finished: Execution, browser: Client) -> None:
    answer = browser.post(path(finished, "verify"), headers=HTMX)

    shown = answer.content.decode()
    assert answer.status_code == 200
    assert "waits for a worker" in shown
    assert "every 2s" in shown
    assert path(finished, "verify") not in shown
    Verification.objects.update(outcome="running", progress=40.0)
    assert 'value="40.0"' in part(browser, finished)
    assert "<html" not in shown


def test_an_equal_tape_is_told_so(finished: Execution, browser: Client) -> None:
    shown = verified(finished, browser)

    assert "the same again" in shown
    assert "300 bars were run again and brought the same tape" in shown
    assert "every 2s" not in shown
    assert "Verify again" in shown


def test_the_row_that_differs_is_shown_beside_what_it_should_be(finished: Execution, browser: Client) -> None:
    body = Trade.objects.get(execution=finished, sequence=2).body
    Trade.objects.filter(sequence=2).update(body=body.replace('"pnl":"', '"pnl":"<b>7'))

    shown = verified(finished, browser)

    assert "different" in shown
    assert "Row 2 of trades differs in trade.pnl." in shown
    assert "Trades, row 2, <code>trade.pnl</code>" in shown
    assert "&lt;b&gt;7" in shown
    assert "<b>7" not in shown


def test_the_field_that_was_changed_is_named(finished: Execution, browser: Client) -> None:
    manifest = finished.manifest
    manifest["strategy"]["parameters"]["fast"] = 4
    Execution.objects.update(manifest=manifest)

    assert "<code>strategy.parameters.fast</code>" in verified(finished, browser)


def test_what_an_older_one_did_not_record_is_said(finished: Execution, browser: Client) -> None:
    Execution.objects.update(manifest_hash="", seal={}, tape_hash="")

    assert "not checked: seal, tape_hash" in verified(finished, browser)


def test_pressing_for_one_that_moves_again_is_refused_in_its_place(finished: Execution, browser: Client) -> None:
    Execution.objects.update(status="running")

    within = browser.post(path(finished, "verify"), headers=HTMX)
    whole = browser.post(path(finished, "verify"), follow=True)

    assert within.status_code == 409
    for answer in (within, whole):
        assert f"Execution {finished.pk} is running" in answer.content.decode()
    assert not Verification.objects.exists()


def test_without_scripts_the_button_leads_back_to_the_page(finished: Execution, browser: Client) -> None:
    answer = browser.post(path(finished, "verify"))

    assert answer.status_code == 302
    assert answer.url == path(finished, "execution")
    assert Verification.objects.count() == 1


def test_looking_asks_for_nothing(finished: Execution, browser: Client) -> None:
    assert browser.get(path(finished, "verify")).status_code == 405
    part(browser, finished)

    assert not Verification.objects.exists()


def test_a_form_from_elsewhere_is_refused(finished: Execution, owner: Any) -> None:
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(owner)

    assert careful.post(path(finished, "verify")).status_code == 403
    assert not Verification.objects.exists()


def test_nobody_else_looks_or_asks(finished: Execution, stranger_browser: Client) -> None:
    assert stranger_browser.get(path(finished)).status_code == 403
    assert stranger_browser.post(path(finished, "verify")).status_code == 403
    assert Client().get(path(finished)).url.startswith(reverse("dashboard:sign-in"))
    assert Client().post(path(finished, "verify")).url.startswith(reverse("dashboard:sign-in"))
    assert not Verification.objects.exists()


def test_the_page_shows_both_hashes(finished: Execution, browser: Client) -> None:
    page = browser.get(path(finished, "execution")).content.decode()

    assert finished.manifest_hash in page
    assert finished.tape_hash in page
