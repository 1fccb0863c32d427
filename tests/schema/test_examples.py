"""Every example of the description is a request that the server takes, and answers are of the shape that it tells."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from rest_framework.test import APIClient

from apps.accounts.services import issue, register
from apps.executions.models import Execution, Status
from tests.conftest import as_csv, random_bars
from tests.schema import makers
from tests.schema.document import JSON, Operation, document, of, operations, resolved

EXAMPLES = [(operation, title) for operation in operations() for title in operation.examples]
SIGNED_IN = ("sign_in", "create_tokens")


def described(operation: Operation, answer: Any) -> Any:
    """The body of an answer, after it was compared with what the description says of it."""
    told = operation.answers[str(answer.status_code)]
    assert told.get("headers", {}).keys() >= {"X-Request-ID"}
    if answer.streaming:
        assert answer["Content-Type"].partition(";")[0] in told["content"]
        return b"".join(answer.streaming_content)
    if not answer.content:
        return None
    body = answer.json()
    schema = told["content"][answer["Content-Type"].partition(";")[0]]["schema"]
    problems = [
        f"{error.json_path}: {error.message}"
        for error in Draft202012Validator({**schema, "components": document()["components"]}).iter_errors(body)
    ]
    assert problems == []
    assert list(untold(schema, body)) == []
    return body


def untold(schema: dict[str, Any], value: Any, place: str = "$") -> Any:
    """Members of an answer that its shape does not name."""
    schema = resolved(schema)
    for wrapping in ("allOf", "oneOf", "anyOf"):
        schema = next((resolved(each) for each in schema.get(wrapping, []) if "$ref" in each), schema)
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield from untold(schema.get("items", {}), each, f"{place}[{index}]")
    if isinstance(value, dict) and "properties" in schema:
        yield from (f"{place}.{name}" for name in value.keys() - schema["properties"].keys())
        for name in value.keys() & schema["properties"].keys():
            yield from untold(schema["properties"][name], value[name], f"{place}.{name}")


def failed(owner: Any, make: Callable[[Any], Any] = makers.execution) -> Any:
    made = make(owner)
    Execution.objects.filter(pk=made.pk).update(status=Status.FAILED)
    return made


def trading(owner: Any) -> Any:
    from apps.executions import trading_tasks

    return trading_tasks.start(makers.trading_task(owner))


def running(owner: Any, make: Callable[[Any], Any] = makers.execution) -> Any:
    made = make(owner)
    Execution.objects.filter(pk=made.pk).update(status=Status.RUNNING)
    made.refresh_from_db()
    return made


def paused(owner: Any, make: Callable[[Any], Any] = makers.execution) -> Any:
    from apps.executions import lifecycle

    made = running(owner, make)
    lifecycle.pause(made)
    return made


def verified(owner: Any) -> Any:
    from apps.executions import verifications

    made = makers.finished(owner)
    verifications.request(made)
    return made


STATES: dict[str, Callable[[Any], Any]] = {
    "delete_execution": failed,
    "resume_backtest_task": lambda owner: paused(owner).backtest_task,
    "resume_execution": paused,
    "restart_backtest_task": lambda owner: failed(owner).backtest_task,
    "restart_execution": failed,
    "retry_execution": failed,
    "verify_execution": makers.finished,
    "get_execution_verify": verified,
    "list_backtest_task_executions": lambda owner: makers.execution(owner).backtest_task,
    "pause_backtest_task": lambda owner: running(owner).backtest_task,
    "pause_execution": running,
    "stop_backtest_task": lambda owner: running(owner).backtest_task,
    "list_trading_task_executions": lambda owner: trading(owner).trading_task,
    "pause_trading_task": lambda owner: running(owner, trading).trading_task,
    "resume_trading_task": lambda owner: paused(owner, trading).trading_task,
    "restart_trading_task": lambda owner: failed(owner, trading).trading_task,
    "stop_trading_task": lambda owner: trading(owner).trading_task,
}
"""What an operation needs to be possible, where that is not a new thing."""


def address_of(operation: Operation, owner: Any) -> str:
    """The path to a thing of this owner with which the operation is possible."""
    maker = STATES.get(operation.spec["operationId"])
    if maker is None and operation.method == "get" and operation.owned == "/api/trading/executions/{id}/":
        maker = makers.finished
    return makers.path_to(operation.path, owner, maker)


def sent(operation: Operation, example: Any, owner: Any) -> Any:
    """The example with what is the reader's own in it: ids, tokens, a file."""
    body = makers.with_references(example, owner)
    if "refresh" in body:
        body["refresh"] = issue(owner).refresh
    if "file" in body:
        body["file"] = io.BytesIO(as_csv(random_bars(30)))
        body["file"].name = example["file"]
    return body


@pytest.mark.parametrize(("operation", "title"), EXAMPLES, ids=str)
def test_an_example_is_taken(operation: Operation, title: str, owner: Any, api: APIClient) -> None:
    example = operation.examples[title]
    if operation.spec["operationId"] in SIGNED_IN:
        register(**{name: example[name] for name in ("email", "password")}, name="")
    form = "json" if JSON in operation.bodies else "multipart"

    answer = getattr(api, operation.method)(address_of(operation, owner), sent(operation, example, owner), format=form)

    assert answer.status_code < 300, answer.content
    described(operation, answer)


@of(lambda operation: not operation.bodies and operation.spec["operationId"] != "get_execution_stream")
def test_an_answer_is_of_the_shape_that_is_described(operation: Operation, owner: Any, api: APIClient) -> None:
    answer = getattr(api, operation.method)(address_of(operation, owner), makers.query(operation, owner))

    assert answer.status_code < 300, answer.content
    described(operation, answer)


@of(lambda operation: operation.method == "get" and "page_size" in operation.names("query"))
def test_rows_of_a_list_are_of_the_shape_that_is_described(operation: Operation, owner: Any, api: APIClient) -> None:
    for make in (*makers.MAKERS.values(), makers.finished):
        make(owner)

    body = described(operation, api.get(address_of(operation, owner), {"page_size": 3}))

    assert body["count"] > 0
