"""The description of the API is a sound OpenAPI 3.1 document, and complete; each rule names what breaks it."""

import json
from pathlib import Path
from typing import Any

import drf_spectacular
import pytest
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator

from config.refusals import ALWAYS, TAGS
from tests.schema.document import Operation, document, of, operations, parts, resolved

META = Path(drf_spectacular.__file__).parent / "validation" / "openapi_3_1_schema.json"


def test_it_is_openapi_3_1() -> None:
    validator = Draft202012Validator(json.loads(META.read_text()))

    assert document()["openapi"] == "3.1.0"
    assert [error.message for error in validator.iter_errors(document())] == []


def test_its_generator_complains_of_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    from drf_spectacular.drainage import GENERATOR_STATS, reset_generator_stats

    reset_generator_stats()
    SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]

    assert not GENERATOR_STATS._warn_cache
    assert not GENERATOR_STATS._error_cache
    assert "Warning" not in capfd.readouterr().err


def test_its_schemas_are_json_schemas() -> None:
    for schema in document()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_reference_leads_somewhere() -> None:
    for _, part in parts(document()):
        if isinstance(part, dict) and isinstance(part.get("$ref"), str):
            assert resolved(part)


def test_no_keyword_of_an_older_openapi_is_left() -> None:
    older = [
        place for place, part in parts(document()) if isinstance(part, dict) and isinstance(part.get("nullable"), bool)
    ]

    assert older == []


def test_operations_have_names_that_read_well() -> None:
    names = [operation.spec["operationId"] for operation in operations()]

    assert len(set(names)) == len(names)
    assert [name for name in names if not name.isidentifier() or name != name.lower()] == []


def test_every_tag_is_described() -> None:
    used = {tag for operation in operations() for tag in operation.spec["tags"]}

    assert {tag["name"] for tag in document()["tags"]} == set(TAGS) == used
    assert all(TAGS.values())


@of()
def test_an_operation_is_described_wholly(operation: Operation) -> None:
    spec = operation.spec

    assert spec["description"]
    assert spec["summary"]
    assert not spec["summary"].endswith(".")
    assert len(spec["tags"]) == 1
    assert [each["name"] for each in operation.parameters if not each.get("description")] == []
    assert [status for status, answer in operation.answers.items() if not answer.get("description")] == []
    assert any(status.startswith("2") for status in operation.answers)


@of()
def test_an_operation_tells_its_refusals(operation: Operation) -> None:
    told = set(operation.answers)

    assert {"400", "429", "503"} <= told
    assert operation.is_open or "401" in told
    assert "404" in told or not ({"page", *operation.names("path")} & {"page", "id", "strategy_type"} - {"page"})
    assert "403" in told or operation.is_open or not operation.is_unsafe
    assert {"413", "415"} <= told or operation.method in ("get", "delete")
    assert {"409", "422"} <= told or "Idempotency-Key" not in operation.names("header")
    for status in told:
        if status >= "400":
            media = operation.answers[status]["content"]
            assert list(media) == ["application/problem+json"]
            assert media["application/problem+json"]["schema"]["$ref"] == "#/components/schemas/Refusal"


@of()
def test_an_operation_tells_its_headers(operation: Operation) -> None:
    for status, answer in operation.answers.items():
        assert set(ALWAYS) <= answer["headers"].keys(), status
        assert "Retry-After" in answer["headers"] or status not in ("429", "503")
        assert "WWW-Authenticate" in answer["headers"] or status != "401"
        assert "ETag" in answer["headers"] or status != "304"


@of(lambda operation: operation.bodies)
def test_a_body_has_an_example_which_is_one(operation: Operation) -> None:
    assert operation.examples, "@extend_schema_serializer(examples=[OpenApiExample(…)]) on the body's serializer"
    for name, example in operation.examples.items():
        schema = {**operation.shape, "components": document()["components"]}
        assert [error.message for error in Draft202012Validator(schema).iter_errors(example)] == [], name


def test_every_part_of_a_shape_is_described() -> None:
    silent = [
        f"{name}.{member}"
        for name, schema in document()["components"]["schemas"].items()
        for member, part in schema.get("properties", {}).items()
        if not (part.get("description") or _one_of(part).get("description") or member in EVIDENT)
    ]

    assert silent == []


EVIDENT = {"id", "name", "description", "created_at", "updated_at", "count", "next", "previous", "results"}


def test_every_schema_is_described() -> None:
    silent = [
        name
        for name, schema in document()["components"]["schemas"].items()
        if not schema.get("description") and not name.startswith(("Paginated", "Patched"))
    ]

    assert silent == []


def test_a_free_form_object_says_why() -> None:
    assert [
        place for place, part in parts(document()["components"]) if _is_free(part) and not part.get("description")
    ] == []


def test_the_ways_to_sign_in_are_described() -> None:
    schemes = document()["components"]["securitySchemes"]

    assert all(scheme["description"] for scheme in schemes.values())
    for operation in operations():
        assert operation.is_open or {name for each in operation.spec["security"] for name in each} == set(schemes)


def _one_of(part: dict[str, Any]) -> dict[str, Any]:
    """What a member refers to, through the wrappings that the generator puts around a reference."""
    for wrapping in ("allOf", "oneOf", "anyOf"):
        part = next((each for each in part.get(wrapping, []) if "$ref" in each), part)
    return resolved(part)


def _is_free(part: Any) -> bool:
    is_object = isinstance(part, dict) and part.get("type") == "object"
    return is_object and not part.get("properties") and part.get("additionalProperties", {}) in ({}, True)
