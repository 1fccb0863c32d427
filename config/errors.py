"""Refusals as HTTP: RFC 9457 problem details that also carry the documented `error` string.

One place turns exceptions into answers, so that every endpoint refuses in the same form.
"""

import sys
from typing import Any

import orjson
import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions, status
from rest_framework.response import Response

from apps.accounts.limits import RateLimited
from apps.errors import DomainError

log = structlog.get_logger("errors")
PROBLEM = "application/problem+json"
OUTAGES = (OperationalError, InterfaceError)  # the database is away, starting, full or locked for too long
OUTAGE = "The database does not answer just now; try again in a few seconds"
OUTAGE_SECONDS = "5"
TOO_LARGE = f"The body is larger than {settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1024 // 1024} MB."


def problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: None for what is our fault, which Django then logs and answers by `server_error`."""
    answer = _describe(error)
    if answer is None:
        return None
    http_status, code, detail, fields, headers = answer
    request = context.get("request")
    body = body_of(http_status, code, detail, fields=fields, instance=request.path if request else "")
    return Response(body, status=http_status, headers=headers, content_type=PROBLEM)


def body_of(
    http_status: int, code: str, detail: str, *, fields: dict[str, list[str]] | None = None, instance: str = ""
) -> dict[str, Any]:
    """The members of one problem: `error` is the documented string, the same text as `detail`."""
    body: dict[str, Any] = {
        "error": detail,
        "type": f"/api/problems/{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": http_status,
        "detail": detail,
        "code": code,
        "instance": instance,
    }
    if fields:
        body["errors"] = [
            {"pointer": "/" + name.replace(".", "/"), "detail": text}
            for name, texts in fields.items()
            for text in texts
        ]
    return body


Described = tuple[int, str, str, dict[str, list[str]], dict[str, str]]


def _describe(error: Exception) -> Described | None:
    match error:
        case RateLimited():
            headers = {"Retry-After": str(error.wait_seconds)}
            return error.status, error.code, error.message, {}, headers
        case DomainError():
            return error.status, error.code, error.message, error.fields, {}
        case exceptions.ValidationError():
            fields = _flatten(error.detail)
            detail = "; ".join(f"{name}: {text}" if name else text for name, texts in fields.items() for text in texts)
            return status.HTTP_400_BAD_REQUEST, "invalid", detail, {k: v for k, v in fields.items() if k}, {}
        case exceptions.APIException():
            headers = {}
            if challenge := getattr(error, "auth_header", None):
                headers["WWW-Authenticate"] = challenge
            if (wait := getattr(error, "wait", None)) is not None:
                headers["Retry-After"] = str(int(wait) + 1)
            code = error.get_codes()
            return error.status_code, code if isinstance(code, str) else "invalid", _text(error.detail), {}, headers
        case Http404():
            return status.HTTP_404_NOT_FOUND, "not_found", "Not found", {}, {}
        case RequestDataTooBig():
            return status.HTTP_413_REQUEST_ENTITY_TOO_LARGE, "too_large", TOO_LARGE, {}, {}
        case PermissionDenied():
            return status.HTTP_403_FORBIDDEN, "access_denied", "Access denied", {}, {}
        case OperationalError() | InterfaceError():
            log.error("database away", error=str(error))
            return status.HTTP_503_SERVICE_UNAVAILABLE, "unavailable", OUTAGE, {}, {"Retry-After": OUTAGE_SECONDS}
    return None


def _text(detail: Any) -> str:
    if isinstance(detail, dict):
        return _text(detail.get("detail") or next(iter(detail.values()), ""))
    if isinstance(detail, list):
        return "; ".join(map(_text, detail))
    return str(detail)


def _flatten(detail: Any, prefix: str = "") -> dict[str, list[str]]:
    """Problems by dotted field name; those of no field under the empty name."""
    if isinstance(detail, dict):
        flat: dict[str, list[str]] = {}
        for name, inner in detail.items():
            own = "" if name == "non_field_errors" else str(name)
            for key, texts in _flatten(inner, ".".join(filter(None, (prefix, own)))).items():
                flat.setdefault(key, []).extend(texts)
        return flat
    if isinstance(detail, list):
        flat = {}
        for index, inner in enumerate(detail):
            nested = isinstance(inner, dict | list)
            for key, texts in _flatten(inner, f"{prefix}.{index}".strip(".") if nested else prefix).items():
                flat.setdefault(key, []).extend(texts)
        return flat
    return {prefix: [str(detail)]}


def plain(request: HttpRequest, http_status: int, code: str, detail: str) -> HttpResponse:
    """What Django itself refuses (no route, bad host, a crash): JSON under /api/, a page elsewhere."""
    if request.path.startswith("/api/"):
        body = body_of(http_status, code, detail, instance=request.path)
        if http_status >= status.HTTP_500_INTERNAL_SERVER_ERROR:
            body["request_id"] = request.META.get("tapedeck.request_id", "")
        return HttpResponse(orjson.dumps(body), status=http_status, content_type=PROBLEM)
    from django.template.loader import render_to_string

    context = {
        "status": http_status,
        "detail": detail,
        "request_id": request.META.get("tapedeck.request_id", ""),
        "static": settings.STATIC_URL,
    }
    return HttpResponse(render_to_string("error.html", context), status=http_status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return plain(request, 413, "too_large", TOO_LARGE)
    return plain(request, 400, "bad_request", "The request could not be understood")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return plain(request, 403, "access_denied", "Access denied")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return plain(request, 404, "not_found", "Not found")


def server_error(request: HttpRequest) -> HttpResponse:
    if isinstance(sys.exc_info()[1], OUTAGES):
        answer = plain(request, 503, "unavailable", OUTAGE)
        answer["Retry-After"] = OUTAGE_SECONDS
        return answer
    return plain(request, 500, "server_error", "Something failed on our side; the request id finds it in the log")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return plain(request, 403, "csrf_failed", f"The form's token was missing or old: reload the page. {reason}".strip())
