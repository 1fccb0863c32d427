"""One call to its answer: signed, repeated as far as that is safe, refused in our words."""

import itertools
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from tapedeck_client.authentication import Authentication
from tapedeck_client.calls import Call
from tapedeck_client.errors import BadAnswer, Unreachable, refusal
from tapedeck_client.steps import Alone, Fetch, Give, Piece, Send, Sleep, Steps, Stream
from tapedeck_client.version import __version__

TRANSIENT = frozenset({502, 503, 504})
TOO_MANY = 429
ALWAYS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
    "User-Agent": f"tapedeck-client/{__version__}",
}


@dataclass(frozen=True)
class Patience:
    """How often a call is tried in all, and how long it is waited in between.

    The wait doubles from base_seconds, at most longest_seconds; a random half of it is left out, so that the clients of
    a server that comes back do not all come back at once. A server that asks for more than longest_seconds is told no.
    """

    tries: int = 6
    base_seconds: float = 0.5
    longest_seconds: float = 70.0  # the server counts requests by the minute
    share: Callable[[], float] = field(default=random.random, repr=False)

    def wait(self, attempt: int) -> float:
        """Seconds after the attempt-th failure, counted from 1."""
        full = min(self.longest_seconds, self.base_seconds * 2.0 ** min(attempt - 1, 30))
        return full * (0.5 + 0.5 * self.share())


@dataclass
class Exchange:
    """url: the server's address, without a slash at the end."""

    url: str
    authentication: Authentication
    patience: Patience = field(default_factory=Patience)
    timeout: httpx.Timeout = field(default_factory=lambda: httpx.Timeout(30.0, connect=10.0))
    now: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        parts = httpx.URL(self.url)
        if parts.scheme not in ("http", "https") or not parts.host or parts.userinfo or parts.query or parts.fragment:
            raise ValueError(f"{self.url!r} is no address of a server; one is https://tapedeck.example.org.")
        self.url = self.url.rstrip("/")

    def ask(self, call: Call) -> Steps[Any]:
        """The JSON of the answer; None where there is none. Raises Refused, Unreachable, BadAnswer."""
        return _json((yield from self._granted(call, Send)))

    def fetch(self, call: Call) -> Stream[bytes]:
        """The bytes of the answer, as they come. Raises Refused, and Unreachable also when it is cut short."""
        yield from self._granted(call, Fetch)
        while piece := (yield Piece()):
            yield Give([piece])

    def _granted(self, call: Call, way: type[Send] | type[Fetch]) -> Steps[httpx.Response]:
        may_renew = not call.is_open
        for attempt in itertools.count(1):
            headers = {} if call.is_open else self.authentication.headers()
            try:
                answer: httpx.Response = yield way(self._request(call, headers))
            except Unreachable as error:
                if attempt >= self.patience.tries or (error.was_sent and not call.is_repeatable):
                    raise
                yield Sleep(self.patience.wait(attempt))
                continue
            if answer.is_success:
                return answer
            if answer.status_code == httpx.codes.UNAUTHORIZED and may_renew:
                may_renew = False
                if (yield Alone(self.authentication.renewed(headers, self.ask))):
                    continue
            seconds = self._wait(call, answer, attempt)
            if seconds is None:
                raise refusal(answer)
            yield Sleep(seconds)
        raise AssertionError("unreachable")

    def socket_url(self, path: str, **query: Any) -> str:
        return str(httpx.URL("ws" + self.url.removeprefix("http") + path, params=query))

    def _request(self, call: Call, headers: Mapping[str, str]) -> httpx.Request:
        headers = {**headers, **ALWAYS}
        if call.key:
            headers["Idempotency-Key"] = call.key
        content: dict[str, Any] = {}
        if call.file is not None:
            content = {"data": dict(call.form or {}), "files": {"file": call.file}}
        elif call.body is not None:
            content = {"json": call.body}
        elif call.method in ("POST", "PATCH"):
            content = {"json": {}}
        extensions = {"timeout": self.timeout.as_dict()}
        url = self.url + call.path
        return httpx.Request(call.method, url, params=call.query, headers=headers, extensions=extensions, **content)

    def _wait(self, call: Call, answer: httpx.Response, attempt: int) -> float | None:
        """Seconds until the next attempt; None when there is none."""
        is_limited = answer.status_code == TOO_MANY  # refused before anything was done: safe to repeat
        # an earlier attempt of this call may still be under way: its answer is worth waiting for
        is_under_way = answer.status_code == httpx.codes.CONFLICT and "Retry-After" in answer.headers
        is_transient = (is_under_way or answer.status_code in TRANSIENT) and call.is_repeatable
        if attempt >= self.patience.tries or not (is_limited or is_transient):
            return None
        asked = _asked(answer, self.now())
        if asked is None:
            return self.patience.wait(attempt)
        if asked > self.patience.longest_seconds:
            return None
        return asked + self.patience.base_seconds * self.patience.share()  # not the same moment for all


def _asked(answer: httpx.Response, now: float) -> float | None:
    """How many seconds the server asks to wait: Retry-After, or else until the limit is reset."""
    moment = _moment(answer.headers.get("Date"))
    now = now if moment is None else moment  # the server's clock, not ours
    after = answer.headers.get("Retry-After")
    if after is not None:
        if after.strip().isascii() and after.strip().isdigit():
            return float(after)
        until = _moment(after)
        return None if until is None else max(0.0, until - now)
    if answer.status_code != TOO_MANY or answer.headers.get("X-RateLimit-Remaining", "0") != "0":
        return None
    try:
        return max(0.0, float(answer.headers["X-RateLimit-Reset"]) - now)
    except (KeyError, ValueError):
        return None


def _moment(text: str | None) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp() if text else None
    except ValueError:
        return None


def _json(answer: httpx.Response) -> Any:
    if not answer.content:
        return None
    try:
        return answer.json()
    except ValueError as error:
        raise BadAnswer(f"{answer.url} answered something that is not JSON: is it Tapedeck?") from error
