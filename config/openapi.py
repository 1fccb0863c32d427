"""How the API describes itself: names, groups, refusals and headers of each operation, by rules and not by hand."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry
from inflection import singularize
from rest_framework.negotiation import DefaultContentNegotiation

from config.examples import BODIES
from config.glossary import WORDS
from config.refusals import ALWAYS, header, refusal

VERBS = {"GET": "get", "PUT": "replace", "PATCH": "update", "DELETE": "delete"}
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH = "Idempotency-Key", "If-Match", "If-None-Match"
USUAL = ("list", "create", "retrieve", "update", "partial_update", "destroy")
ACCOUNTS = ("accounts", "token")
ANSWERS = {
    "200": "As asked.",
    "201": "Made.",
    "202": "Sent to the workers.",
    "204": "Done; there is nothing to say.",
    "304": "You have it already.",
}


class Description(AutoSchema):
    """One operation as it is described. A view says what is its own; what follows from that is added here."""

    def get_operation(self, *arguments: Any, **options: Any) -> dict[str, Any] | None:
        operation = super().get_operation(*arguments, **options)
        if operation is None:
            return None
        for media in operation.get("requestBody", {}).get("content", {}).values():
            if found := _examples(media["schema"]):
                media["examples"] = found
        parameters = {each["name"] for each in operation.get("parameters", [])}
        answers = operation["responses"]
        if IF_NONE_MATCH in parameters:
            answers["304"] = {"description": ANSWERS["304"]}
        for status, answer in answers.items():
            answer["description"] = _own(answer.get("description")) or ANSWERS[status]
            answer["headers"] = {
                **answer.get("headers", {}),
                **{name: header(name) for name in self._headers(status, answer, parameters)},
            }
        for status in self._refused(operation, parameters):
            answers.setdefault(str(status), refusal(status))
        operation["responses"] = dict(sorted(answers.items()))
        return operation

    def get_operation_id(self) -> str:
        """`list_executions`, `get_execution_events`, `pause_execution`: what it does to what."""
        area, *parts = self._parts()
        words = [part.replace("-", "_") for part in parts] or [area]
        last = max((i for i, word in enumerate(words) if word.startswith("{")), default=-1)
        thing = [singularize(word) for word in words[: last + 1] if not word.startswith("{")]
        rest = words[last + 1 :]
        if self.method != "POST":
            return "_".join((self._verb(), *thing, *rest))
        if thing:
            return "_".join((*rest, *thing))
        return "_".join(("create", *map(singularize, rest)))

    def get_tags(self) -> list[str]:
        """The kind of thing that the path leads to."""
        area, *parts = self._parts()
        return [parts[0] if parts and area not in ACCOUNTS else ACCOUNTS[0]]

    def get_summary(self) -> str | None:
        """The first sentence of what is said of it; of a usual deed with a kind of thing, its name in words."""
        if getattr(self.view, "action", None) in USUAL:
            return self.get_operation_id().replace("_", " ").capitalize()
        told = super().get_summary() or self.get_description().split("\n\n")[0]
        return " ".join(told.split()).partition(". ")[0].rstrip(".:")

    def input_of(self, view: Any, method: str) -> tuple[frozenset[str], bool]:
        """The query parameters that the description of this handler names, and whether it reads a body."""
        self.view, self.method, self.path, self.registry = view, method, "", ComponentRegistry()
        names = frozenset(each["name"] for each in self._get_parameters() if each["in"] == "query")
        return names, method in UNSAFE and bool(self._get_request_body())  # type: ignore[no-untyped-call]

    def _parts(self) -> list[str]:
        return self.path.removeprefix("/api/").strip("/").split("/")

    def _verb(self) -> str:
        return "list" if self.method == "GET" and self._is_list_view() else VERBS.get(self.method, "post")

    def _headers(self, status: str, answer: dict[str, Any], parameters: set[str]) -> list[str]:
        names = list(ALWAYS)
        if IF_NONE_MATCH in parameters or IF_MATCH in parameters:
            names += ["ETag"]
        if IF_NONE_MATCH in parameters:
            names += ["Cache-Control"]
        if status == "200" and "page" in parameters:
            names += ["Link"]
        if status in ("201", "202"):
            names += ["Location"]
        if IDEMPOTENCY_KEY in parameters:
            names += ["Idempotency-Replayed"]
        return names

    def _refused(self, operation: dict[str, Any], parameters: set[str]) -> list[int]:
        """Which refusals are possible; a view adds others by its `refusals`."""
        is_unsafe, has_id = self.method in UNSAFE, "{" in self.path
        is_keyed = IDEMPOTENCY_KEY in parameters
        rules = {
            400: True,
            401: {} not in operation.get("security", [{}]),
            403: {} not in operation.get("security", [{}]) and (is_unsafe or has_id),
            404: has_id or "page" in parameters,
            406: issubclass(self.view.content_negotiation_class, DefaultContentNegotiation),
            409: is_keyed or (is_unsafe and has_id),
            412: IF_MATCH in parameters,
            413: is_unsafe and self.method != "DELETE",
            415: is_unsafe and self.method != "DELETE",
            422: is_keyed,
            428: IF_MATCH in parameters,
            429: True,
            503: True,
        }
        own = getattr(self.view, "refusals", ())
        return [status for status, is_possible in rules.items() if is_possible or status in own]


def _own(description: Any) -> str:
    told = str(description or "")
    return "" if told == "No response body" else told


def _examples(schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2].removeprefix("Patched").removesuffix("Request")
    return {title: {"summary": title, "value": value} for title, value in BODIES.get(name, {}).items()}


def explain(result: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Give members and parameters that say nothing of themselves the words of the glossary."""
    for title, schema in result["components"]["schemas"].items():
        if "oneOf" in schema:
            schema.setdefault("description", WORDS.get(title, ""))
        for name, member in schema.get("properties", {}).items():
            if {} in member.get("oneOf", []):
                del member["oneOf"]  # anything, null included
            if name in WORDS:
                member.setdefault("description", WORDS[name])
    for item in result["paths"].values():
        for operation in item.values():
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "path":
                    parameter.setdefault("description", "Which one.")
                    if parameter["name"] == "id":  # no database gives a larger number
                        parameter["schema"] = {"type": "integer", "minimum": 1, "maximum": 10**18 - 1}
                elif parameter["name"] in WORDS:
                    parameter.setdefault("description", WORDS[parameter["name"]])
    return result
