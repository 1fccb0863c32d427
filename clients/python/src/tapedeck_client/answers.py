"""JSON objects as dataclasses. What a newer server adds is kept and is never an error."""

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, Self, Union, get_args, get_origin, get_type_hints

from tapedeck_client.errors import BadAnswer

Reader = Callable[[Any], Any]
Plan = tuple[tuple[str, Reader | None, bool], ...]
"""Name, reader and whether it is needed, of every field but `body`."""

_PLANS: dict[type, Plan] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """body: the object as it was served, with every member."""

    body: Mapping[str, Any] = field(repr=False, compare=False)

    @classmethod
    def of(cls, body: Any) -> Self:
        """Raises BadAnswer when a member that this class needs is not there, or of another kind."""
        if not isinstance(body, dict):
            raise BadAnswer(f"The server answered {str(body)[:80]!r} where {cls.__name__} was expected.")
        values: dict[str, Any] = {"body": body}
        for name, reader, is_needed in _plan(cls):
            if name not in body:
                if is_needed:
                    raise BadAnswer(f"The server's {cls.__name__} has no {name!r}: is it an older version?")
                continue
            try:
                values[name] = body[name] if reader is None else reader(body[name])
            except (TypeError, ValueError, ArithmeticError) as error:
                raise BadAnswer(f"The server's {cls.__name__} has {name} = {body[name]!r}.") from error
        return cls(**values)

    @property
    def more(self) -> dict[str, Any]:
        """The members that this version of the client has no name for."""
        known = {name for name, _, _ in _plan(type(self))}
        return {name: value for name, value in self.body.items() if name not in known}


def member(body: Any, name: str) -> Any:
    """One member of an answer that has no class of its own."""
    try:
        return body[name]
    except (KeyError, TypeError) as error:
        raise BadAnswer(f"The server answered {str(body)[:80]!r} where a {name!r} was expected.") from error


def _plan(kind: type[Answer]) -> Plan:
    if kind not in _PLANS:
        hints = get_type_hints(kind)
        _PLANS[kind] = tuple(
            (one.name, _reader(hints[one.name]), one.default is MISSING and one.default_factory is MISSING)
            for one in fields(kind)
            if one.name != "body"
        )
    return _PLANS[kind]


def _reader(hint: Any) -> Reader | None:
    """How a JSON value becomes what the hint says; None: as it is."""
    if get_origin(hint) in (Union, types.UnionType):
        inner = next((_reader(one) for one in get_args(hint) if one is not types.NoneType), None)
        return None if inner is None else partial(_unless_none, inner)
    if get_origin(hint) is tuple:
        return partial(_each, _reader(get_args(hint)[0]))
    if hint is datetime:
        return datetime.fromisoformat
    if hint is Decimal:
        return Decimal
    if isinstance(hint, type) and issubclass(hint, Answer):
        return hint.of
    return None


def _unless_none(reader: Reader, value: Any) -> Any:
    return None if value is None else reader(value)


def _each(reader: Reader | None, values: Any) -> tuple[Any, ...]:
    return tuple(values) if reader is None else tuple(map(reader, values))
