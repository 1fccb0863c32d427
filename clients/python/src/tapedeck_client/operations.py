"""Methods that are written once, as steps, and called on both clients."""

from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from tapedeck_client.driving import Awaiting, Blocking
from tapedeck_client.exchange import Exchange
from tapedeck_client.steps import Steps, Stream, Walk

P = ParamSpec("P")
T = TypeVar("T")
D = TypeVar("D", bound=Blocking | Awaiting)


class Resource(Generic[D]):
    """A part of the API. D says how its methods wait."""

    def __init__(self, driver: D, exchange: Exchange) -> None:
        self._driver, self._exchange = driver, exchange


class operation(Generic[P, T]):  # noqa: N801 - a decorator
    """Answers what the steps return: at once on a Blocking resource, when awaited on an Awaiting one."""

    def __init__(self, steps: Callable[Concatenate[Any, P], Steps[T]]) -> None:
        self.steps = steps
        self.__doc__ = steps.__doc__

    @overload
    def __get__(self, resource: None, owner: type) -> Self: ...

    @overload
    def __get__(self, resource: Resource[Blocking], owner: type) -> Callable[P, T]: ...

    @overload
    def __get__(self, resource: Resource[Awaiting], owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...

    def __get__(self, resource: Any, owner: type) -> Any:
        if resource is None:
            return self

        @wraps(self.steps)
        def call(*args: P.args, **kwargs: P.kwargs) -> Any:
            return resource._driver.run(self.steps(resource, *args, **kwargs))  # noqa: SLF001 - a part of Resource

        return call


class stream(Generic[P, T]):  # noqa: N801 - a decorator
    """Iterates over what the steps give; an Awaiting resource's stream is read by `async for`."""

    def __init__(self, steps: Callable[Concatenate[Any, P], Stream[T]]) -> None:
        self.steps = steps
        self.__doc__ = steps.__doc__

    @overload
    def __get__(self, resource: None, owner: type) -> Self: ...

    @overload
    def __get__(self, resource: Resource[Blocking], owner: type) -> Callable[P, Generator[T, None, None]]: ...

    @overload
    def __get__(self, resource: Resource[Awaiting], owner: type) -> Callable[P, AsyncGenerator[T, None]]: ...

    def __get__(self, resource: Any, owner: type) -> Any:
        if resource is None:
            return self

        @wraps(self.steps)
        def call(*args: P.args, **kwargs: P.kwargs) -> Any:
            return resource._driver.stream(Walk(self.steps(resource, *args, **kwargs)))  # noqa: SLF001

        return call
