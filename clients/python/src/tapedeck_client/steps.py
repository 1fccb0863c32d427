"""What the client does, said without doing it.

Everything that takes more than one exchange (repeating, renewing a token, paging, following) is a generator of effects:
`answer = yield Send(request)`. A driver carries the effects out and hands the answers back, waiting for them in a
thread (`driving.Blocking`) or in an event loop (`driving.Awaiting`). So each rule stands in one place for both.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

import httpx

from tapedeck_client.errors import TapedeckError

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Send:
    """Answered by the httpx.Response, read to its end. Fails with Unreachable."""

    request: httpx.Request


@dataclass(frozen=True, slots=True)
class Fetch:
    """Answered by the httpx.Response, whose body is not read yet when it is a success. Fails with Unreachable."""

    request: httpx.Request


@dataclass(frozen=True, slots=True)
class Piece:
    """Answered by the next bytes of what was fetched; none are its end. Fails with Unreachable when it is cut short."""


@dataclass(frozen=True, slots=True)
class Sleep:
    seconds: float


@dataclass(frozen=True, slots=True)
class Open:
    """Open a WebSocket; these steps have at most one. Fails with Unreachable or SocketRefused."""

    url: str


@dataclass(frozen=True, slots=True)
class Receive:
    """Answered by the socket's next text. Fails with SocketClosed."""


@dataclass(frozen=True, slots=True)
class Close:
    """Close the socket, if there is one."""


@dataclass(frozen=True, slots=True)
class Alone:
    """Answered by what these steps return, taken while no other call of this client takes such steps."""

    steps: "Steps[Any]"


@dataclass(frozen=True, slots=True)
class Give(Generic[T_co]):
    """Hand values to whoever iterates."""

    values: Sequence[T_co]


Effect: TypeAlias = Send | Fetch | Piece | Sleep | Open | Receive | Close | Alone
Steps: TypeAlias = Generator[Effect, Any, T]
Tale: TypeAlias = Generator[Effect | Give[Any], Any, T]
Stream: TypeAlias = Generator[Effect | Give[T], Any, None]


class SocketRefused(TapedeckError):
    """status: of the HTTP answer in place of the handshake; None when there was no sensible one."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class SocketClosed(TapedeckError):
    """code: the server's close code; 1006 when the line was cut without a word."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"The socket was closed with code {code}{f': {reason}' if reason else ''}.")
        self.code = code


class Walk(Generic[T]):
    """Steps under way: `effect` is what is to be done next; None when they are over, and `result` what they returned.

    What the steps raise comes out of `answer` and `fail`.
    """

    def __init__(self, steps: Generator[Any, Any, T]) -> None:
        self._steps = steps
        self.effect: Any = None
        self.result: T | None = None
        self.answer(None)

    def answer(self, value: Any) -> None:
        try:
            self.effect = self._steps.send(value)
        except StopIteration as end:
            self._end(end)

    def fail(self, error: Exception) -> None:
        try:
            self.effect = self._steps.throw(error)
        except StopIteration as end:
            self._end(end)

    def close(self) -> None:
        self._steps.close()

    def _end(self, end: StopIteration) -> None:
        self.effect, self.result = None, end.value


def gathered(stream: Stream[T]) -> Steps[list[T]]:
    """All values of a stream."""
    walk = Walk(stream)
    found: list[T] = []
    while (effect := walk.effect) is not None:
        if isinstance(effect, Give):
            found.extend(effect.values)
            walk.answer(None)
            continue
        try:
            answer = yield effect
        except TapedeckError as error:
            walk.fail(error)
        else:
            walk.answer(answer)
    return found
