"""What can go wrong, in words for the person who asked.

TapedeckError
├── Refused              the server answered no: `status`, `code`, `fields`
│   ├── Invalid          400, 413, 422: the input is wrong, by field where there is one
│   ├── NotSignedIn      401
│   ├── AccessDenied     403: it belongs to somebody else
│   ├── NotFound         404
│   ├── Conflict         409: the state of the thing forbids it now
│   ├── TooManyRequests  429, and waiting was in vain
│   └── ServerFailed     5xx
├── Unreachable          no answer
├── BadAnswer            an answer that this client does not understand
├── TimedOut             it lasted longer than the caller wanted to wait
└── MissingPackage       an optional package is not installed
"""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx


class TapedeckError(Exception):
    """Base of everything this package raises on purpose."""


class Refused(TapedeckError):
    """code: stable, for programs. fields: problems by input field. request_id: finds it in the server's log."""

    def __init__(
        self, message: str, *, status: int, code: str, fields: Mapping[str, Sequence[str]], request_id: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.fields = {name: list(problems) for name, problems in fields.items()}
        self.request_id = request_id


class Invalid(Refused):
    pass


class NotSignedIn(Refused):
    pass


class AccessDenied(Refused):
    pass


class NotFound(Refused):
    pass


class Conflict(Refused):
    pass


class TooManyRequests(Refused):
    pass


class ServerFailed(Refused):
    pass


class Unreachable(TapedeckError):
    """was_sent: whether the server may have got the request, and have acted on it."""

    def __init__(self, message: str, *, was_sent: bool = False) -> None:
        super().__init__(message)
        self.was_sent = was_sent


class BadAnswer(TapedeckError):
    pass


class TimedOut(TapedeckError, TimeoutError):
    pass


class MissingPackage(TapedeckError, ImportError):
    pass


_KINDS: Mapping[int, type[Refused]] = {
    400: Invalid,
    401: NotSignedIn,
    403: AccessDenied,
    404: NotFound,
    409: Conflict,
    413: Invalid,
    422: Invalid,
    429: TooManyRequests,
}


def refusal(answer: httpx.Response) -> Refused:
    """The exception for an answer that is not a success."""
    status = answer.status_code
    body = _object(answer)
    message = body.get("error") or body.get("detail")
    if not isinstance(message, str) or not message:
        message = _without_words(answer)
    return _KINDS.get(status, ServerFailed if status >= 500 else Refused)(
        message,
        status=status,
        code=str(body.get("code") or f"http_{status}"),
        fields=_fields(body.get("errors")),
        request_id=str(body.get("request_id") or answer.headers.get("X-Request-ID", "")),
    )


def _object(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _without_words(answer: httpx.Response) -> str:
    if answer.is_redirect:
        return f"{answer.url} sends us to {answer.headers.get('Location')}: use the address of the server itself."
    return f"{answer.url} answered {answer.status_code} {answer.reason_phrase} without saying why: is it Tapedeck?"


def _fields(problems: Any) -> dict[str, list[str]]:
    """RFC 9457's `errors`, by dotted field name."""
    fields: dict[str, list[str]] = {}
    for problem in problems if isinstance(problems, list) else []:
        if isinstance(problem, dict):
            name = str(problem.get("pointer", "")).strip("/").replace("/", ".")
            fields.setdefault(name, []).append(str(problem.get("detail", "")))
    return fields
