"""A verification that was asked for is carried out once, whatever happens to messages and workers."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.errors import Conflict, NotFound
from apps.executions import lifecycle, verifications
from apps.executions.models import Execution, Outcome, Verification
from apps.runner import findings, handover, tasks, verify
from apps.runner import verification as carrying
from tests.runner.test_races import CONTENDERS, at_once
from tests.runner.test_recorder import begin

pytestmark = [pytest.mark.storage, pytest.mark.django_db]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What went to the workers: names of messages and ids."""
    from celery import current_app

    messages: list[tuple[str, int]] = []

    def send_task(name: str, arguments: list[int], *, queue: str, **more: Any) -> None:
        assert queue == "backtests"
        messages.extend((name, each) for each in arguments)

    monkeypatch.setattr(current_app, "send_task", send_task)
    return messages


def fall_silent(verification: Verification) -> None:
    """The worker of this verification has been silent for longer than its lease."""
    past = timezone.now() - timedelta(seconds=1)
    Verification.objects.filter(pk=verification.pk).update(
        lease_until=past, sent_at=timezone.now() - timedelta(hours=1)
    )


def test_what_is_asked_for_is_sent_when_it_is_committed(
    finished: Any, sent: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks() as waiting:
        verification = verifications.request(finished)
        assert sent == []
    for callback in waiting:
        callback()

    assert sent == [("verify_execution", verification.pk)]
    assert Verification.objects.get().sent_at is not None
    assert Verification.objects.get().outcome == "pending"


def test_the_message_is_enough_to_carry_it_out(finished: Any) -> None:
    verification = verifications.request(finished)

    tasks.verify_execution(verification.pk)

    verification.refresh_from_db()
    assert (verification.outcome, verification.progress, verification.lease_until) == ("equal", 100.0, None)
    assert verification.finished_at is not None
    assert verification.report["compared"]["bars"] == 300
    assert verifications.newest(finished) == verification


def test_a_difference_is_kept_in_the_report(finished: Any) -> None:
    Execution.objects.update(tape_hash="0" * 64)
    verification = verifications.request(finished)

    tasks.verify_execution(verification.pk)

    verification.refresh_from_db()
    assert verification.outcome == "different"
    assert [each["field"] for each in verification.report["changed"]] == ["tape_hash"]


def test_while_one_is_under_way_there_is_no_second(finished: Any) -> None:
    first = verifications.request(finished)
    assert verifications.request(finished) == first
    assert verifications.claim(first.pk) is not None
    assert verifications.request(finished) == first

    verifications.finish(Verification.objects.get(), Outcome.EQUAL, {})

    assert verifications.request(finished) != first
    assert Verification.objects.count() == 2


@pytest.mark.parametrize("status", ["created", "running"])
def test_what_still_moves_is_not_verified(execution: Any, status: str) -> None:
    Execution.objects.update(status=status)

    with pytest.raises(Conflict, match=f"is {status}; it can be verified when"):
        verifications.request(execution)

    assert not Verification.objects.exists()


def test_a_paused_one_is_verified(execution: Any, advance: Any) -> None:
    claim, session = begin(execution)
    advance(claim, session, 40)
    lifecycle.pause(claim.execution)
    verification = verifications.request(execution)

    carrying.carry_out(verification.pk)

    verification.refresh_from_db()
    assert verification.outcome == "equal"
    assert verification.report["compared"]["equity"] == 40


def test_one_that_was_deleted_is_not_found(finished: Any) -> None:
    Execution.objects.all().delete()

    with pytest.raises(NotFound):
        verifications.request(finished)


def test_none_yet_is_not_found(finished: Any) -> None:
    with pytest.raises(NotFound, match="has not been verified yet"):
        verifications.newest(finished)


# Deliveries and workers


def test_a_second_delivery_changes_nothing(finished: Any) -> None:
    verification = verifications.request(finished)
    carrying.carry_out(verification.pk)
    before = Verification.objects.values().get()

    carrying.carry_out(verification.pk)

    assert Verification.objects.values().get() == before


def test_a_delivery_while_another_worker_has_it_changes_nothing(finished: Any) -> None:
    verification = verifications.request(finished)
    assert verifications.claim(verification.pk) is not None
    before = Verification.objects.values().get()

    carrying.carry_out(verification.pk)

    assert Verification.objects.values().get() == before


def test_a_message_for_what_was_deleted_is_ignored(db: None) -> None:
    carrying.carry_out(987654321)


def test_what_a_killed_worker_had_is_sent_again_and_carried_out(
    finished: Any, sent: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    verification = verifications.request(finished)
    killed = verifications.claim(verification.pk)
    assert killed is not None
    assert verifications.lapsed() == []
    fall_silent(verification)

    with django_capture_on_commit_callbacks(execute=True):
        tasks.send_lapsed_executions()
    carrying.carry_out(verification.pk)

    assert sent == [("verify_execution", verification.pk)]
    assert Verification.objects.get().outcome == "equal"
    for deed in (
        lambda: verifications.renew(killed, 50.0),
        lambda: verifications.finish(killed, Outcome.DIFFERENT, {}),
    ):
        with pytest.raises(verifications.LetGo):
            deed()
    assert Verification.objects.get().outcome == "equal"


def test_a_silent_worker_that_wakes_up_cannot_write_over_its_successor(finished: Any) -> None:
    verification = verifications.request(finished)
    silent = verifications.claim(verification.pk)
    assert silent is not None
    fall_silent(verification)
    successor = verifications.claim(verification.pk)
    assert successor is not None

    with pytest.raises(verifications.LetGo):
        verifications.finish(silent, Outcome.DIFFERENT, {"summary": "late"})
    verifications.release(silent)

    verifications.renew(successor, 50.0)
    verifications.finish(successor, Outcome.EQUAL, {"summary": "in time"})
    assert Verification.objects.get().report == {"summary": "in time"}


def test_a_sign_of_life_keeps_others_away(finished: Any) -> None:
    verification = verifications.request(finished)
    claimed = verifications.claim(verification.pk)
    assert claimed is not None

    verifications.renew(claimed, 30.0)
    verifications.renew(claimed, 60.0)

    assert Verification.objects.get().progress == 60.0
    assert verifications.claim(verification.pk) is None


def test_what_takes_down_every_worker_is_given_up(finished: Any) -> None:
    verification = verifications.request(finished)
    for _ in range(verifications.MOST_WORKERS):
        assert verifications.claim(verification.pk) is not None
        fall_silent(verification)

    assert verifications.claim(verification.pk) is None

    verification.refresh_from_db()
    assert verification.outcome == "impossible"
    assert "workers were lost" in verification.report["summary"]
    assert verifications.lapsed() == []


def test_a_worker_that_is_told_to_stop_hands_it_over(finished: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    verification = verifications.request(finished)
    monkeypatch.setattr(verify, "REPORT_SECONDS", 0.0)
    monkeypatch.setattr(verify, "FIRST_CHUNK_BARS", 10)

    with monkeypatch.context() as patch:
        patch.setattr(handover, "is_requested", lambda: True)
        carrying.carry_out(verification.pk)

    verification.refresh_from_db()
    assert (verification.outcome, verification.lease_until) == ("pending", None)
    assert verifications.lapsed() == [verification.pk]
    carrying.carry_out(verification.pk)
    verification.refresh_from_db()
    assert verification.outcome == "equal"


def test_an_execution_that_is_deleted_meanwhile_ends_it_quietly(finished: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    verification = verifications.request(finished)

    def look(*arguments: Any) -> findings.Findings:
        Execution.objects.all().delete()
        return findings.Findings()

    monkeypatch.setattr(carrying, "verify", look)

    carrying.carry_out(verification.pk)

    assert not Verification.objects.exists()


def test_what_was_just_sent_is_not_sent_again(
    finished: Any, sent: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        verifications.request(finished)

    assert verifications.lapsed() == []


def test_a_broker_that_is_away_does_not_undo_it(
    finished: Any, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    from celery import current_app
    from kombu.exceptions import OperationalError

    def refuse(*arguments: Any, **more: Any) -> None:
        raise OperationalError("nobody there")

    monkeypatch.setattr(current_app, "send_task", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        verifications.request(finished)

    assert Verification.objects.get().outcome == "pending"


@pytest.mark.django_db(transaction=True)
def test_of_several_at_once_there_is_one(finished: Any, sent: list[Any]) -> None:
    asked = at_once(*[lambda: verifications.request(finished).pk] * CONTENDERS)
    claims = at_once(*[lambda: verifications.claim(asked[0])] * CONTENDERS)

    assert len(set(asked)) == Verification.objects.count() == 1
    assert sum(isinstance(claim, Verification) for claim in claims) == 1
    assert sent == [("verify_execution", asked[0])]
