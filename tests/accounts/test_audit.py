"""Who changed what, when and from where: written with the change, and never changed itself."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts import audit, keys
from apps.accounts.models import AuditEntry, Quota
from apps.executions import lifecycle
from apps.runner.run import run

pytestmark = [pytest.mark.storage, pytest.mark.django_db]
URL = "/api/audit/"


def told(api: APIClient, query: str = "") -> list[dict[str, Any]]:
    answer = api.get(URL + query)
    assert answer.status_code == 200, answer.content
    rows: list[dict[str, Any]] = answer.json()["results"]
    return rows


def test_each_change_of_an_execution_is_told_with_who_made_it(api: APIClient, owner: Any, execution: Any) -> None:
    AuditEntry.objects.all()
    api.post(f"/api/trading/executions/{execution.pk}/stop/", headers={"x-request-id": "mine-1"})

    moved, started = told(api, "?kind=execution")

    assert {
        "action": "moved",
        "subject": execution.pk,
        "before": "created",
        "after": "stopped",
    }.items() <= moved.items()
    assert (moved["actor"], moved["key"], moved["address"]) == (owner.pk, None, "127.0.0.1")
    assert moved["request_id"] == "mine-1"
    assert moved["at"].endswith("Z")
    assert (started["action"], started["after"]) == ("started", "created")


def test_what_the_workers_do_is_done_by_nobody(api: APIClient, execution: Any) -> None:
    run(execution.pk)

    path = [(row["before"], row["after"], row["actor"], row["address"]) for row in told(api, "?action=moved")]

    assert path == [("running", "completed", None, None), ("created", "running", None, None)]


def test_the_key_that_a_request_came_with_is_told(api: APIClient, owner: Any, execution: Any) -> None:
    key, text = keys.create(owner, name="bot", scope="trade")
    APIClient().post(f"/api/trading/executions/{execution.pk}/stop/", headers={"x-api-key": text})

    assert told(api, "?action=moved")[0]["key"] == key.prefix
    assert told(api, f"?kind=api_key&subject={key.pk}")[0]["action"] == "created"


def test_tasks_configurations_and_keys_are_audited_too(api: APIClient, make_task: Any) -> None:
    task = make_task()
    api.patch(f"/api/trading/backtest-tasks/{task.pk}/", {"description": "x", "initial_balance": 500.0})
    api.patch(f"/api/trading/strategy-configs/{task.config_id}/", {"description": "x"})
    api.delete(f"/api/trading/backtest-tasks/{task.pk}/")
    api.delete(f"/api/trading/strategy-configs/{task.config_id}/")
    key = api.post("/api/accounts/keys/", {"name": "bot", "scope": "read"}).json()["id"]
    api.delete(f"/api/accounts/keys/{key}/")
    api.delete(f"/api/accounts/keys/{key}/")

    done = [(row["kind"], row["action"]) for row in reversed(told(api))]

    assert done == [
        ("account", "created"), ("backtest_task", "created"), ("backtest_task", "changed"),
        ("strategy_config", "changed"), ("backtest_task", "deleted"), ("strategy_config", "deleted"),
        ("api_key", "created"), ("api_key", "revoked"),
    ]  # fmt: skip
    assert told(api, "?action=changed&kind=backtest_task")[0]["fields_changed"] == ["description", "initial_balance"]


def test_what_is_refused_is_not_in_it(api: APIClient, stranger_api: APIClient, finished: Any) -> None:
    before = AuditEntry.objects.count()
    url = f"/api/trading/executions/{finished.pk}/"

    for deed in ("pause", "resume", "stop", "retry"):
        assert api.post(f"{url}{deed}/").status_code == 409
        assert stranger_api.post(f"{url}{deed}/").status_code == 403
    assert stranger_api.delete(url).status_code == 403

    assert AuditEntry.objects.count() == before


def test_everyone_sees_ones_own_alone(
    api: APIClient, stranger_api: APIClient, anonymous_api: APIClient, execution: Any
) -> None:
    assert {row["kind"] for row in told(stranger_api)} == {"account"}
    assert told(stranger_api, f"?kind=execution&subject={execution.pk}") == []
    assert len(told(api, f"?kind=execution&subject={execution.pk}")) == 1
    assert anonymous_api.get(URL).status_code == 401
    for method in ("post", "put", "patch", "delete"):
        assert getattr(api, method)(URL).status_code == 405


def test_another_persons_address_is_not_told(api: APIClient, stranger: Any, execution: Any) -> None:
    AuditEntry.objects.create(
        owner=execution.owner, actor=stranger, action="moved", kind="execution", subject=execution.pk,
        address="192.0.2.7",
    )  # fmt: skip

    assert (told(api)[0]["actor"], told(api)[0]["address"]) == (stranger.pk, None)


@pytest.mark.parametrize("query", ["?subject=x", "?nothing=1", "?page=0"])
def test_a_wrong_question_is_refused(api: APIClient, query: str) -> None:
    assert api.get(URL + query).status_code in (400, 404)


def test_an_entry_is_never_changed_and_not_deleted_by_hand(execution: Any) -> None:
    entry = AuditEntry.objects.filter(kind="execution").get()

    for deed in (
        entry.save,
        entry.delete,
        AuditEntry.objects.all().delete,
        lambda: AuditEntry.objects.update(action="no"),
        lambda: AuditEntry.objects.filter(pk=entry.pk).update(action="no"),
    ):
        with pytest.raises(TypeError):
            deed()

    assert AuditEntry.objects.get(pk=entry.pk).action == "started"


def test_old_entries_end_by_the_setting(execution: Any, settings: Any) -> None:
    count = AuditEntry.objects.count()
    QuerySet(AuditEntry).filter(kind="account").update(at=timezone.now() - timedelta(days=100))

    settings.AUDIT_DAYS = 0
    assert audit.sweep() == 0
    settings.AUDIT_DAYS = 101
    assert audit.sweep() == 0
    settings.AUDIT_DAYS = 99
    assert audit.sweep() == 1

    assert AuditEntry.objects.count() == count - 1
    assert not AuditEntry.objects.filter(kind="account").exists()


def test_it_outlives_what_it_is_about(api: APIClient, finished: Any) -> None:
    number = finished.pk
    api.delete(f"/api/trading/executions/{number}/")

    assert told(api, f"?subject={number}&kind=execution")[0]["action"] == "deleted"
    finished.owner.delete()
    assert AuditEntry.objects.filter(subject=number, kind="execution", owner=None).exists()


def test_a_change_that_is_rolled_back_is_not_in_it(execution: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(**more: Any) -> None:
        raise RuntimeError

    lifecycle.status_changed.connect(explode)
    try:
        with pytest.raises(RuntimeError):
            lifecycle.stop(execution)
    finally:
        lifecycle.status_changed.disconnect(explode)

    assert not AuditEntry.objects.filter(action="moved").exists()


def test_administrators_read_it_and_set_quotas(client: Any, owner: Any, execution: Any) -> None:
    owner.is_staff = owner.is_superuser = True
    owner.save()
    client.force_login(owner)
    entry = AuditEntry.objects.filter(kind="execution").get()
    page = f"/admin/accounts/user/{owner.pk}/change/"

    assert client.get("/admin/accounts/auditentry/").status_code == 200
    assert client.get(f"/admin/accounts/auditentry/{entry.pk}/change/").status_code == 200
    assert client.post(f"/admin/accounts/auditentry/{entry.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.get("/admin/accounts/auditentry/add/").status_code == 403
    answer = client.post(page, {
        "email": owner.email, "name": owner.name, "is_active": "on", "is_staff": "on", "is_superuser": "on",
        "quota-TOTAL_FORMS": "1", "quota-INITIAL_FORMS": "0", "quota-0-user": str(owner.pk), "quota-0-running": "3",
    })  # fmt: skip

    assert answer.status_code == 302, answer.content
    assert Quota.objects.get().running == 3
    assert AuditEntry.objects.filter(kind="quota", owner=owner, actor=owner).get().fields == ["running"]
