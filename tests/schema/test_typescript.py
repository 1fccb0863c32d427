"""The TypeScript declaration is the API as it is, and well formed: read back here by a small parser of its grammar."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from config.management.commands.typescript import PATH, made
from config.typescript import declaration, type_of
from tests.schema.document import document, operations

TOKEN = re.compile(
    r"""\s+|//[^\n]*|/\*\*.*?\*/|("(?:[^"\\]|\\.)*"|[A-Za-z_$][\w$]*|\d+|\[\]|[{}()<>:;,?=|&])""", re.DOTALL
)
BUILT_IN = {"string", "number", "boolean", "null", "unknown", "undefined", "Blob", "Record", "true", "false"}


class Reader:
    """Reads `export interface Name {…}` and `export type Name = …;`; AssertionError where the text is neither."""

    def __init__(self, text: str) -> None:
        self.tokens, self.used = list(_tokens(text)), set[str]()

    def declarations(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self.tokens:
            self.take("export")
            kind, name = self.tokens.pop(0), self.tokens.pop(0)
            assert name not in found
            if kind == "interface":
                found[name] = self.members()
            else:
                assert kind == "type"
                self.take("=")
                found[name] = self.type()
                self.take(";")
        return found

    def members(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self.take("{")
        while self.tokens[0] != "}":
            name = self.tokens.pop(0).strip('"')
            assert name not in found
            if self.tokens[0] == "?":
                self.take("?")
            self.take(":")
            found[name] = self.type()
            self.take(";")
        self.take("}")
        return found

    def type(self) -> Any:
        first = self.one()
        while self.tokens[0] in ("|", "&"):
            self.tokens.pop(0)
            self.one()
        return first

    def one(self) -> Any:
        if self.tokens[0] == "{":
            found: Any = self.members()
        elif self.tokens[0] == "(":
            self.take("(")
            found = self.type()
            self.take(")")
        else:
            found = self.tokens.pop(0)
            assert re.fullmatch(r'[\w$]+|".*"', found), found
            if not found.startswith('"') and not found.isdigit():
                self.used.add(found)
        if found == "Record":
            for expected in ("<", "string", ","):
                self.take(expected)
            self.type()
            self.take(">")
        while self.tokens[0] == "[]":
            self.take("[]")
        return found

    def take(self, expected: str) -> None:
        assert self.tokens.pop(0) == expected


def _tokens(text: str) -> Iterator[str]:
    place = 0
    while place < len(text):
        match = TOKEN.match(text, place)
        assert match, text[place : place + 40]
        place = match.end()
        if match[1]:
            yield match[1]


def test_the_declaration_that_is_shipped_is_that_of_the_api() -> None:
    assert PATH.read_text() == made(), "python3 manage.py typescript"


def test_it_is_well_formed_and_names_nothing_that_it_does_not_declare() -> None:
    reader = Reader(made())

    found = reader.declarations()

    assert reader.used - found.keys() <= BUILT_IN
    assert found["Operations"].keys() == {operation.spec["operationId"] for operation in operations()}
    assert found.keys() - {"Operations"} == document()["components"]["schemas"].keys()


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({}, "unknown"),
        ({"type": ["string", "null"]}, "string | null"),
        ({"type": "array", "items": {"type": ["number", "null"]}}, "(number | null)[]"),
        ({"enum": ["long", "short", None]}, '"long" | "short" | null'),
        ({"allOf": [{"$ref": "#/components/schemas/User"}]}, "User"),
        ({"oneOf": [{"$ref": "#/components/schemas/User"}, {"type": "null"}]}, "User | null"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "Record<string, number>"),
        ({"type": "object", "properties": {"a-b": {"type": "boolean"}}}, '{\n  "a-b"?: boolean;\n}'),
        ({"type": "string", "format": "binary"}, "Blob"),
    ],
)
def test_a_schema_is_a_type(schema: dict[str, Any], expected: str) -> None:
    assert type_of(schema) == expected


def test_a_description_cannot_leave_its_comment() -> None:
    shapes = {"Trap": {"type": "object", "description": "*/ export type Gone = 1; /*", "properties": {"a": {}}}}

    found = Reader(declaration({"components": {"schemas": shapes}, "paths": {}})).declarations()

    assert found.keys() == {"Trap", "Operations"}
