"""The parts of the API's description that all operations share: groups, headers and refusals, each named once."""

from typing import Any

STRING = {"type": "string"}
WHOLE = {"type": "integer", "minimum": 0}

TAGS = {
    "accounts": "People: sign in, API keys, tickets.",
    "instruments": "What is traded.",
    "datasets": "Market data, by versions that never change.",
    "strategies": "What the server can trade by, and the parameters of each.",
    "strategy-configs": "Your named parameter sets.",
    "backtest-tasks": "Your saved back-tests: what to run, on which data, with which account.",
    "trading-tasks": "Your saved trading: what to run, on which feed, through which broker, with which account.",
    "quota": "How much you may run and keep, and how much of it is taken.",
    "executions": "Runs: followed by their sequence-numbered rows, and steered.",
}

REFUSAL: dict[str, Any] = {
    "type": "object",
    "description": "A refusal: problem details (RFC 9457) that also carry the sentence as `error`.",
    "required": ["error", "type", "title", "status", "detail", "code", "instance"],
    "properties": {
        "error": {**STRING, "description": "What is wrong, and what would be right."},
        "type": {**STRING, "format": "uri-reference", "description": "The kind of problem, as an address."},
        "title": {**STRING, "description": "The kind of problem, in words."},
        "status": {"type": "integer", "minimum": 400, "maximum": 599, "description": "The HTTP status."},
        "detail": {**STRING, "description": "The same as `error`."},
        "code": {**STRING, "description": "The kind of problem, for programs; it never changes."},
        "instance": {**STRING, "description": "The path that was asked for."},
        "errors": {
            "type": "array",
            "description": "The wrong fields or parameters, where there are any.",
            "items": {
                "type": "object",
                "description": "One problem of one field.",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {**STRING, "description": "Which one: /account/leverage."},
                    "detail": {**STRING, "description": "What is wrong with it, and what would be right."},
                },
            },
        },
        "request_id": {**STRING, "description": "Where the fault is the server's: finds the request in its log."},
    },
}

HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-ID": {"description": "Finds the request in the server's log; yours, where you sent one.", **STRING},
    "X-RateLimit-Limit": {"description": "Calls a minute.", **WHOLE},
    "X-RateLimit-Remaining": {"description": "Calls that are left in this minute.", **WHOLE},
    "X-RateLimit-Reset": {"description": "When the minute ends, in seconds since 1970.", **WHOLE},
    "Retry-After": {"description": "Seconds after which to ask again.", **WHOLE},
    "WWW-Authenticate": {"description": "How to sign in.", **STRING},
    "ETag": {"description": "Names this answer, for `If-None-Match` and `If-Match`.", **STRING},
    "Cache-Control": {"description": "For how long the answer holds.", **STRING},
    "Link": {"description": "The next and the previous page, where there are any (RFC 8288).", **STRING},
    "Location": {"description": "The address of what was made.", **STRING},
    "Idempotency-Replayed": {"description": "`true` where this is the answer to an earlier request.", **STRING},
}
ALWAYS = ("X-Request-ID", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")

REFUSALS: dict[int, tuple[str, str, tuple[str, ...]]] = {
    400: ("Invalid", "The input is wrong; `errors` names the fields, and what would be right.", ()),
    401: ("NotSignedIn", "The token or the key is missing, wrong, expired or revoked.", ("WWW-Authenticate",)),
    403: ("AccessDenied", "It belongs to somebody else, or the API key may not do this.", ()),
    404: ("NotFound", "There is no such thing, or not for you.", ()),
    406: ("NotAcceptable", "`Accept` asks for none of the media types that there are.", ()),
    409: ("Conflict", "The state of the thing forbids it now.", ("Retry-After",)),
    412: ("PreconditionFailed", "`If-Match` names an older state than there is.", ("ETag",)),
    413: ("TooLarge", "The body is larger than the server takes.", ()),
    415: ("UnsupportedMediaType", "The body is of a media type that is not taken here.", ()),
    422: ("Unprocessable", "Understood and refused; `code` says why.", ()),
    428: ("PreconditionRequired", "This server asks for an `If-Match` here.", ()),
    429: ("TooMany", "The rate limit, or another limit of the user, is reached.", ("Retry-After",)),
    503: ("Unavailable", "The server cannot answer just now.", ("Retry-After",)),
}
"""By HTTP status: the component's name, what it means, and its headers beside those of every answer."""


def header(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/headers/{name}"}


def refusal(status: int) -> dict[str, str]:
    return {"$ref": f"#/components/responses/{REFUSALS[status][0]}"}


def _component(description: str, own: tuple[str, ...]) -> dict[str, Any]:
    return {
        "description": description,
        "headers": {name: header(name) for name in (*ALWAYS, *own)},
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Refusal"}}},
    }


COMPONENTS: dict[str, Any] = {
    "schemas": {"Refusal": REFUSAL},
    "headers": {
        name: {"description": parts["description"], "schema": {k: v for k, v in parts.items() if k != "description"}}
        for name, parts in HEADERS.items()
    },
    "responses": {name: _component(description, own) for name, description, own in REFUSALS.values()},
}
