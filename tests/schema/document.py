"""The API's description as the server makes it, and its operations, from which the tests of this folder are made."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer

METHODS = ("get", "put", "post", "delete", "patch")
UNSAFE = ("post", "put", "patch", "delete")
JSON = "application/json"


@cache
def document() -> dict[str, Any]:
    """As `/api/schema/` answers it."""
    made: Any = SchemaGenerator()  # type: ignore[no-untyped-call]
    return dict(json.loads(OpenApiJsonRenderer().render(made.get_schema(request=None, public=True))))


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """What a reference refers to; anything else as it is."""
    while "$ref" in part:
        found: Any = document()
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part


@dataclass(frozen=True, eq=False)
class Operation:
    """One method of one path."""

    method: str
    path: str
    spec: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @cached_property
    def parameters(self) -> list[dict[str, Any]]:
        return [resolved(each) for each in self.spec.get("parameters", [])]

    def names(self, place: str) -> list[str]:
        """The names of its parameters in the path, the query or the headers."""
        return [each["name"] for each in self.parameters if each["in"] == place]

    @property
    def owned(self) -> str:
        """The path up to its first id, which leads to what belongs to somebody; empty where there is none."""
        head, found, _ = self.path.partition("}/")
        return head + found if found else ""

    @property
    def is_open(self) -> bool:
        """Whether it is for people who are not signed in."""
        return {} in self.spec["security"]

    @property
    def is_unsafe(self) -> bool:
        return self.method in UNSAFE

    @cached_property
    def answers(self) -> dict[str, dict[str, Any]]:
        return {status: resolved(answer) for status, answer in self.spec["responses"].items()}

    @cached_property
    def bodies(self) -> dict[str, dict[str, Any]]:
        """What it takes, by media type."""
        return dict(self.spec.get("requestBody", {}).get("content", {}))

    @property
    def shape(self) -> dict[str, Any]:
        """The schema of its body."""
        return resolved(next(iter(self.bodies.values()))["schema"])

    @property
    def examples(self) -> dict[str, Any]:
        """Of its body, by name; those of JSON where it takes that, else those of a form."""
        media = self.bodies.get(JSON) or next(iter(self.bodies.values()), {})
        return {name: example["value"] for name, example in media.get("examples", {}).items()}


@cache
def operations() -> tuple[Operation, ...]:
    found = (
        Operation(method, path, item[method])
        for path, item in document()["paths"].items()
        for method in METHODS
        if method in item
    )
    return tuple(found)


def of(choose: Any = lambda operation: True) -> Any:
    """Parametrize a test by the operations that are chosen."""
    chosen = [operation for operation in operations() if choose(operation)]
    return pytest.mark.parametrize("operation", chosen, ids=str)


def parts(value: Any, place: str = "#") -> Iterator[tuple[str, Any]]:
    """Every object and list within a document, with its place."""
    if isinstance(value, dict | list):
        yield place, value
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for name, inner in pairs:
            yield from parts(inner, f"{place}/{name}")
