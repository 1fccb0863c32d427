"""A POST that is sent again with its Idempotency-Key is answered again, and nothing is done twice."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from rest_framework.test import APIClient, APIRequestFactory

from apps.accounts import idempotency
from apps.accounts.models import KeyedRequest
from apps.executions.models import Execution
from apps.market.models import Dataset, DatasetVersion
from apps.strategies.models import StrategyConfig
from tests.conftest import as_csv, random_bars

CONFIGS = "/api/trading/strategy-configs/"
DATASETS = "/api/market/datasets/"
CONFIG = {"name": "fast cross", "strategy_type": "sma_cross", "parameters": {"fast": 3, "slow": 8}}
KEY = "b7c1 wish"


def post(api: APIClient, path: str, body: Any = None, key: str = KEY) -> Any:
    return api.post(path, body, headers={"Idempotency-Key": key})


def same(first: Any, again: Any) -> bool:
    names = ("Location", "Content-Type")
    return (first.status_code, first.content, *map(first.get, names)) == (
        again.status_code,
        again.content,
        *map(again.get, names),
    )


def upload(name: str = "minutes", seed: int = 1) -> dict[str, Any]:
    file = SimpleUploadedFile("bars.csv", as_csv(random_bars(50, seed=seed)))
    return {"name": name, "symbol": "EUR_USD", "timeframe_seconds": 60, "file": file}


def send_file(api: APIClient, fields: dict[str, Any]) -> Any:
    return api.post(DATASETS, fields, format="multipart", headers={"Idempotency-Key": KEY})


# The same again ------------------------------------------------------------------------------------------------------


@pytest.mark.storage
def test_a_start_that_is_sent_again_gets_the_first_answer_and_starts_nothing(api: APIClient, make_task: Any) -> None:
    path = f"/api/trading/backtest-tasks/{make_task().pk}/start/"

    first, again = post(api, path), post(api, path)

    assert (first.status_code, again["Idempotency-Replayed"]) == (202, "true")
    assert first["Location"]
    assert same(first, again)
    assert "Idempotency-Replayed" not in first
    assert Execution.objects.count() == 1


def test_restart_retry_and_verify_know_the_key_as_well(api: APIClient, finished: Any) -> None:
    run, task = f"/api/trading/executions/{finished.pk}", f"/api/trading/backtest-tasks/{finished.backtest_task_id}"
    for number, path in enumerate((f"{run}/verify/", f"{run}/retry/", f"{run}/restart/", f"{task}/restart/")):
        first, again = post(api, path, key=str(number)), post(api, path, key=str(number))

        assert same(first, again), path
        assert "Idempotency-Replayed" in again

    assert Execution.objects.count() == 2


@pytest.mark.storage
def test_what_is_created_is_created_once(api: APIClient, make_task: Any) -> None:
    existing = make_task()
    task = {"name": "mine", "config": existing.config_id, "dataset": existing.dataset_id, "initial_balance": "1000.0"}
    instrument = {"symbol": "XAU_USD", "kind": "future", "price_increment": 0.01}
    wanted = {CONFIGS: CONFIG | {"name": "new"}, "/api/trading/backtest-tasks/": task}
    wanted["/api/market/instruments/"] = instrument

    for number, (path, body) in enumerate(wanted.items()):
        first, again = post(api, path, body, str(number)), post(api, path, body, str(number))

        assert first.status_code == 201, first.content
        assert same(first, again)


def test_the_order_of_a_bodys_members_is_no_difference(api: APIClient) -> None:
    first, again = post(api, CONFIGS, CONFIG), post(api, CONFIGS, dict(reversed(CONFIG.items())))

    assert same(first, again)


@pytest.mark.storage
def test_an_upload_that_is_sent_again_is_read_once(api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    first = send_file(api, upload())
    monkeypatch.setattr("apps.market.services.import_bars", None)

    again = send_file(api, upload())

    assert first.status_code == 201, first.content
    assert same(first, again)


def test_another_file_under_the_same_name_is_another_body(api: APIClient) -> None:
    assert send_file(api, upload()).status_code == 201

    refused = send_file(api, upload(seed=2))

    assert refused.json()["code"] == "idempotency_key_reused"
    assert DatasetVersion.objects.count() == 1


def test_a_file_that_is_too_large_is_refused_before_its_digest_is_taken(api: APIClient, settings: Any) -> None:
    settings.MAX_UPLOAD_MB = -1  # less the megabyte that the fields may take

    assert send_file(api, upload()).status_code == 413
    assert not Dataset.objects.exists()
    assert not KeyedRequest.objects.exists()


@pytest.mark.storage
def test_a_refusal_is_answered_again_as_well(api: APIClient) -> None:
    wrong = CONFIG | {"parameters": {"fast": -1}}

    first = post(api, CONFIGS, wrong)
    again = post(api, CONFIGS, wrong)

    assert first.status_code == 400
    assert again["Content-Type"] == "application/problem+json"
    assert same(first, again)


# Other requests ------------------------------------------------------------------------------------------------------


def test_the_key_with_another_body_or_address_is_refused_by_name(api: APIClient) -> None:
    post(api, CONFIGS, CONFIG)

    for path, body in [(CONFIGS, CONFIG | {"name": "other"}), ("/api/market/instruments/", CONFIG)]:
        answer = post(api, path, body)

        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
        assert KEY in answer.json()["error"]
    assert StrategyConfig.objects.count() == 1


def test_another_user_has_keys_of_his_own(api: APIClient, stranger_api: APIClient) -> None:
    assert post(api, CONFIGS, CONFIG).json()["id"] != post(stranger_api, CONFIGS, CONFIG).json()["id"]


def test_without_a_key_or_with_another_one_it_is_a_new_wish(api: APIClient) -> None:
    made = [post(api, CONFIGS, CONFIG | {"name": str(i)}, str(i)).json()["id"] for i in range(2)]
    made.append(api.post(CONFIGS, CONFIG).json()["id"])

    assert len(set(made)) == 3


def test_who_is_not_signed_in_claims_nothing(db: None, anonymous_api: APIClient) -> None:
    assert post(anonymous_api, CONFIGS, CONFIG).status_code == 401
    assert not KeyedRequest.objects.exists()


@pytest.mark.parametrize("key", ["", "a" * 201, "a\tb", "a\x7fb"])
def test_a_key_that_is_none_is_refused(api: APIClient, key: str) -> None:
    answer = post(api, CONFIGS, CONFIG, key)

    assert answer.status_code == 400
    assert "Idempotency-Key" in answer.json()["error"]
    assert not StrategyConfig.objects.exists()


def test_a_key_of_two_hundred_characters_is_one(api: APIClient) -> None:
    assert post(api, CONFIGS, CONFIG, "~" * 200).status_code == 201


def test_a_body_that_is_nested_too_deeply_is_refused(api: APIClient) -> None:
    body = b'{"parameters": ' + b"[" * 600 + b"]" * 600 + b"}"

    answer = api.post(CONFIGS, body, content_type="application/json", headers={"Idempotency-Key": KEY})

    assert answer.status_code == 400


# a form has no fields without a name, and names them within a line; its values are all text
FORMS = st.dictionaries(st.text("abc_", min_size=1, max_size=4), st.text("01 \u00e4", max_size=4), max_size=4)


@given(one=FORMS, other=FORMS)
@effort(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_two_forms_have_the_same_digest_when_they_say_the_same(one: dict[str, str], other: dict[str, str]) -> None:
    def digest(fields: dict[str, str]) -> str:
        from rest_framework.parsers import MultiPartParser
        from rest_framework.request import Request

        return idempotency.digest_of(Request(APIRequestFactory().post("/", fields, "multipart"), [MultiPartParser()]))

    assert digest(one) == digest(dict(reversed(one.items())))
    assert (digest(one) == digest(other)) == (one == other)
