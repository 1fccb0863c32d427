"""Refusals a user may be told.

DomainError
├── NotFound            the thing does not exist (404)
├── AccessDenied        it exists and belongs to somebody else (403)
├── Invalid             the input is wrong, by field where there is one (400)
├── Conflict            the state of the thing forbids it now (409)
└── Unsupported         this server cannot do it, for instance for want of an optional package (422)

Raised where the rule lives, turned into HTTP once, in `config/errors.py`.
"""

from collections.abc import Mapping, Sequence


class DomainError(Exception):
    """A refusal: `code` is stable for programs, the message names the thing, what is wrong and what would be right.

    fields: problems by input field, for forms and for `errors[]` of the answer.
    """

    code = "refused"
    status = 400

    def __init__(self, message: str, *, fields: Mapping[str, Sequence[str]] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fields = {name: list(problems) for name, problems in (fields or {}).items()}


class NotFound(DomainError):
    code = "not_found"
    status = 404


class AccessDenied(DomainError):
    code = "access_denied"
    status = 403

    def __init__(self, message: str = "Access denied") -> None:
        super().__init__(message)


class Invalid(DomainError):
    code = "invalid"
    status = 400


class Conflict(DomainError):
    code = "conflict"
    status = 409


class Unsupported(DomainError):
    code = "unsupported"
    status = 422
