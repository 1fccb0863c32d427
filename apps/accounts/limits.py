"""How often somebody may ask: counts in windows that all processes share, and the limit on guessing passwords.

A count lives in Redis for as long as its window and is raised by one script, so that no two requests see the same
number. Where there is no Redis, or while it is away, each process counts by itself: it never refuses more than the
shared count would.
"""

import functools
import hashlib
import ipaddress
import math
import threading
import time
from dataclasses import dataclass
from typing import Any, Protocol, cast

import redis
import structlog
from django.conf import settings
from django.http import HttpRequest
from redis.backoff import NoBackoff
from redis.retry import Retry

from apps.errors import DomainError

log = structlog.get_logger("limits")
PREFIX = "tapedeck.limit."
TAKEN = "tapedeck.taken"  # where a request carries its place in a window, None where it is in none
SIGN_IN_SECONDS = 900
PATIENCE_SECONDS = 0.25  # a request waits so long for a Redis that hangs
RETRY_SECONDS = 1.0  # and the next one that tries it comes so much later
FEW = 1000  # windows that are kept without looking for ended ones

TAKE = """
local count = redis.call('INCR', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  left = tonumber(ARGV[1])
end
return {count, left}
"""
GIVE_BACK = "if redis.call('EXISTS', KEYS[1]) == 1 then return redis.call('DECR', KEYS[1]) end"


class RateLimited(DomainError):
    """Too often: after `wait_seconds` whole seconds the next one is heard."""

    code = "rate_limited"
    status = 429

    def __init__(self, message: str, wait_seconds: int) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


@dataclass(frozen=True)
class Taken:
    """One's place in a window: the count with oneself, and when the window ends."""

    count: int
    limit: int
    seconds_left: float

    @property
    def is_over(self) -> bool:
        return self.count > self.limit

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.count)

    @property
    def wait_seconds(self) -> int:
        """Whole seconds after which the window has surely ended."""
        return max(1, math.ceil(self.seconds_left))

    @property
    def ends_at(self) -> int:
        """The first whole second, since the epoch, at which the window has ended."""
        return math.ceil(time.time() + self.seconds_left)


# Windows ------------------------------------------------------------------------------------------------------------


class Windows(Protocol):
    """Counts by key; the first `take` of a key opens a window of so many seconds."""

    def take(self, key: str, seconds: float) -> tuple[int, float]:
        """Count one more: the count with it, and the seconds left of the window."""

    def give_back(self, key: str) -> None:
        """Count one less."""

    def forget(self, key: str) -> None:
        """End the window."""


class OwnWindows:
    """Those of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._windows: dict[str, tuple[int, float]] = {}
        self._many = FEW

    def __len__(self) -> int:
        return len(self._windows)

    def take(self, key: str, seconds: float) -> tuple[int, float]:
        with self._lock:
            now = time.monotonic()
            count, end = self._windows.get(key, (0, now))
            if end <= now:
                self._make_room(now)
                count, end = 0, now + seconds
            self._windows[key] = count + 1, end
            return count + 1, end - now

    def give_back(self, key: str) -> None:
        with self._lock:
            if key in self._windows:
                count, end = self._windows[key]
                self._windows[key] = count - 1, end

    def forget(self, key: str) -> None:
        with self._lock:
            self._windows.pop(key, None)

    def _make_room(self, now: float) -> None:
        if len(self._windows) >= self._many:
            self._windows = {key: window for key, window in self._windows.items() if window[1] > now}
            self._many = max(FEW, 2 * len(self._windows))


class RedisWindows:
    """Those that all processes with this Redis share. Raises redis.RedisError or OSError when it does not answer."""

    def __init__(self, url: str) -> None:
        # one more try finds a Redis that was only restarted; one that hangs gets none
        again = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
        patience = {"socket_timeout": PATIENCE_SECONDS, "socket_connect_timeout": PATIENCE_SECONDS}
        self._client = redis.Redis.from_url(url, retry=again, **patience)
        self._take = self._client.register_script(TAKE)
        self._give_back = self._client.register_script(GIVE_BACK)

    def take(self, key: str, seconds: float) -> tuple[int, float]:
        count, left = cast("Any", self._take([PREFIX + key], [int(seconds * 1000)]))
        return int(count), int(left) / 1000

    def give_back(self, key: str) -> None:
        self._give_back([PREFIX + key])

    def forget(self, key: str) -> None:
        self._client.delete(PREFIX + key)


class SafeWindows:
    """The shared ones while they answer, else those of this process; an outage is told once, and so is its end."""

    def __init__(self, shared: Windows) -> None:
        self._shared, self._own = shared, OwnWindows()
        self._is_away, self._retry_at = False, 0.0

    def take(self, key: str, seconds: float) -> tuple[int, float]:
        return cast("tuple[int, float]", self._ask("take", key, seconds))

    def give_back(self, key: str) -> None:
        self._ask("give_back", key)

    def forget(self, key: str) -> None:
        self._ask("forget", key)

    def _ask(self, verb: str, *arguments: Any) -> Any:
        if self._is_away and time.monotonic() < self._retry_at:
            return getattr(self._own, verb)(*arguments)
        self._retry_at = time.monotonic() + RETRY_SECONDS  # while this one tries, others do not wait with it
        try:
            answer = getattr(self._shared, verb)(*arguments)
        except (redis.RedisError, OSError) as error:
            if not self._is_away:
                log.warning("limits are counted by each process alone", error=str(error))
            self._is_away, self._retry_at = True, time.monotonic() + RETRY_SECONDS
            return getattr(self._own, verb)(*arguments)
        if self._is_away:
            log.warning("limits are shared again")
            self._is_away = False
        return answer


@functools.cache
def windows_at(url: str) -> Windows:
    """The process's windows for a Redis; its own when there is none."""
    return SafeWindows(RedisWindows(url)) if url else OwnWindows()


def take(key: str, limit: int, seconds: float) -> Taken:
    """Take the next place in the key's window."""
    count, left = windows_at(settings.CHANNEL_REDIS_URL).take(key, seconds)
    return Taken(count, limit, left)


# Who ----------------------------------------------------------------------------------------------------------------


def address_of(request: HttpRequest) -> str:
    """Where a request comes from, as the outermost of our own PROXIES saw it; of IPv6 the network of 64 bits.

    What a client writes into X-Forwarded-For stands further left than what our proxies add, and is not believed.
    """
    address = str(request.META.get("REMOTE_ADDR") or "")
    if settings.PROXIES:
        seen = [part.strip() for part in str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",")]
        address = seen[-settings.PROXIES :][0] or address
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.ip_network((int(parsed), 64), strict=False))
    return address


# Guessing -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Try:
    """One try to sign in: counted before the password is looked at, or many at once would all be looked at."""

    account: str
    address: str

    @classmethod
    def of(cls, email: str, request: HttpRequest) -> "Try":
        address = address_of(request)
        account = hashlib.sha256(email.strip().lower().encode(errors="replace")).hexdigest()[:32]
        return cls(f"sign-in.{account}.{address}", f"sign-in.{address}")

    def begin(self) -> None:
        """Raises RateLimited when too many before it failed, for this account from here or for any from here."""
        # one that its account refuses does not count against the others at its address
        for key, limit in (
            (self.account, settings.SIGN_IN_TRIES),
            (self.address, settings.SIGN_IN_TRIES_PER_ADDRESS),
        ):
            if limit and (taken := take(key, limit, SIGN_IN_SECONDS)).is_over:
                minutes = math.ceil(taken.wait_seconds / 60)
                raise RateLimited(
                    f"Too many failed tries to sign in; the next one is possible in {minutes} min.", taken.wait_seconds
                )

    def succeed(self) -> None:
        """It was no guess: the account has all its tries again, and the address this one."""
        windows = windows_at(settings.CHANNEL_REDIS_URL)
        if settings.SIGN_IN_TRIES:
            windows.forget(self.account)
        if settings.SIGN_IN_TRIES_PER_ADDRESS:
            windows.give_back(self.address)
