"""The API's description as a TypeScript declaration: one interface a shape, and one member of `Operations` a call."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

HEAD = """\
// The HTTP API of Tapedeck, made of its description by `python3 manage.py typescript`.
// A shape that is sent ends in Request; `Operations` holds every call by its name.
"""
PRIMITIVES = {"string": "string", "number": "number", "integer": "number", "boolean": "boolean", "null": "null"}
PLACES = ("path", "query", "header")
METHODS = ("get", "put", "post", "delete", "patch")
_PLAIN = re.compile(r"[A-Za-z_$][\w$]*")


def declaration(document: dict[str, Any]) -> str:
    """The text of a .d.ts file for an OpenAPI 3.1 document."""
    shapes = [_shape(name, schema) for name, schema in sorted(document["components"]["schemas"].items())]
    return "\n".join((HEAD, *shapes, _operations(document)))


def type_of(schema: dict[str, Any], indent: str = "") -> str:
    """A JSON Schema as a type; what it leaves open is unknown."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema:
        return _union(json.dumps(value, ensure_ascii=False) for value in schema["enum"])
    for keyword, joint in (("allOf", " & "), ("oneOf", " | "), ("anyOf", " | ")):
        if keyword in schema:
            parts = dict.fromkeys(type_of(each, indent) for each in schema[keyword])
            return joint.join(_bracketed(part) for part in parts)
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return _union(type_of({**schema, "type": kind}, indent) for kind in kinds)
    if schema.get("format") == "binary":
        return "Blob"
    if kinds == "array":
        return f"{_bracketed(type_of(schema.get('items', {}), indent))}[]"
    if kinds == "object":
        return _object(schema, indent)
    return PRIMITIVES.get(str(kinds), "unknown")


def _shape(name: str, schema: dict[str, Any]) -> str:
    told = _comment(schema.get("description"), "")
    if schema.get("type") == "object" and schema.get("properties"):
        return f"{told}export interface {name} {_object(schema, '')}\n"
    return f"{told}export type {name} = {type_of(schema)};\n"


def _object(schema: dict[str, Any], indent: str) -> str:
    if not schema.get("properties"):
        others = schema.get("additionalProperties")
        return f"Record<string, {type_of(others, indent) if isinstance(others, dict) else 'unknown'}>"
    required, inner = set(schema.get("required", ())), indent + "  "
    lines = [
        f"{_comment(member.get('description'), inner)}{inner}{_key(name)}{'' if name in required else '?'}: "
        f"{type_of(member, inner)};"
        for name, member in schema["properties"].items()
    ]
    return "\n".join(("{", *lines, f"{indent}}}"))


def _operations(document: dict[str, Any]) -> str:
    lines = [
        "/** Every call by its name: what goes in, and what comes out by its status. */",
        "export interface Operations {",
    ]
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                lines += _operation(path, method, item[method], document)
    return "\n".join((*lines, "}", ""))


def _operation(path: str, method: str, operation: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
    yield f"{_comment(operation['summary'], '  ')}  {operation['operationId']}: {{"
    yield f'    method: "{method.upper()}";'
    yield f"    url: {json.dumps(path)};"
    for place in PLACES:
        chosen = [each for each in operation.get("parameters", ()) if each["in"] == place]
        if chosen:
            yield f"    {place}: {{ {' '.join(map(_parameter, chosen))} }};"
    if body := operation.get("requestBody"):
        sent = _union(type_of(media["schema"]) for media in body["content"].values())
        yield f"    body{'' if body.get('required') else '?'}: {sent};"
    yield f"    answers: {{ {' '.join(_answers(operation, document))} }};"
    yield "  };"


def _parameter(parameter: dict[str, Any]) -> str:
    optional = "" if parameter.get("required") else "?"
    return f"{_key(parameter['name'])}{optional}: {type_of(parameter['schema'])};"


def _answers(operation: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
    shared = document.get("components", {}).get("responses", {})
    for status, answer in operation["responses"].items():
        media = shared.get(answer.get("$ref", "").rpartition("/")[2], answer).get("content", {})
        yield f"{status}: {_union(type_of(each['schema']) for each in media.values()) if media else 'undefined'};"


def _union(types: Iterable[str]) -> str:
    return " | ".join(dict.fromkeys(types))


def _bracketed(text: str) -> str:
    return f"({text})" if " | " in text or " & " in text else text


def _key(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else json.dumps(name)


def _comment(description: Any, indent: str) -> str:
    words = " ".join(str(description or "").replace("*/", "* /").split())
    return f"{indent}/** {words} */\n" if words else ""
