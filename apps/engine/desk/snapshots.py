"""How a session's state becomes bytes and comes back: JSON and nothing that could run code.

JSON keeps floats exactly, since Python writes the shortest text that reads back as the same float.
"""

from __future__ import annotations

import base64
import json
from collections import deque
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from apps.engine.desk.lines import Glance, Line
from apps.engine.desk.markets import Frame, Market
from apps.engine.desk.orders import Order, Terms
from apps.engine.errors import SnapshotMismatch, SnapshotRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.engine.desk.frames import Frames

KIND = "__kind__"
PLAIN = (type(None), bool, int, float, str)


def pack(inputs: dict[str, Any], state: dict[str, Any]) -> bytes:
    return json.dumps({"inputs": inputs, "state": state}, separators=(",", ":")).encode()


def unpack(snapshot: bytes, inputs: dict[str, Any]) -> dict[str, Any]:
    """The state in a snapshot that was taken with these inputs. Raises SnapshotMismatch, naming what differs."""
    try:
        content = json.loads(snapshot)
        found, state = content["inputs"], content["state"]
    except (ValueError, KeyError, TypeError):
        raise SnapshotMismatch("These bytes are not a snapshot of a session.") from None
    here = json.loads(json.dumps(inputs))
    different = sorted(name for name in here if found.get(name) != here[name])
    if different:
        raise SnapshotMismatch(f"The snapshot belongs to another run: {', '.join(different)} differ.")
    return dict(state)


def plain(attributes: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The attributes of each owner in JSON's types. Raises SnapshotRefused for one that is not made of plain values."""
    seen: set[int] = set()
    kept: dict[str, dict[str, Any]] = {owner: {} for owner in attributes}
    for owner, name, value in ((owner, *each) for owner, own in attributes.items() for each in own.items()):
        try:
            kept[owner][name] = _plain(value, seen)
        except TypeError as reason:
            raise SnapshotRefused(
                f"{owner}.{name} cannot be kept in a snapshot: {reason}. Keep plain values there (numbers, texts, "
                "times, lists, dicts, arrays), and what never changes at the top of the module."
            ) from None
    return kept


def revived(attributes: dict[str, Any], frames: Frames) -> dict[str, Any]:
    """The attributes back from JSON; references to lines find the lines of this run."""
    return {name: _revived(value, frames) for name, value in attributes.items()}


def _array(value: np.ndarray[Any, Any]) -> dict[str, Any]:
    if value.dtype.hasobject:
        raise TypeError("it is an array of objects")
    data = base64.b64encode(value.tobytes()).decode()
    return {"dtype": np.lib.format.dtype_to_descr(value.dtype), "shape": value.shape, "data": data}


def _revived_array(content: dict[str, Any]) -> np.ndarray[Any, Any]:
    descr = [tuple(field) for field in content["dtype"]] if isinstance(content["dtype"], list) else content["dtype"]
    flat = np.frombuffer(base64.b64decode(content["data"]), np.lib.format.descr_to_dtype(descr))
    return flat.reshape(content["shape"]).copy()


def _order(order: Order | None) -> list[Any] | None:
    if order is None:
        return None
    protection = [_order(order.stop_loss), _order(order.take_profit)]
    return [
        order.id,
        order.side,
        order.quantity,
        order.reduce_only,
        order.holding,
        order.type,
        order.terms,
        *protection,
    ]


def _revived_order(parts: list[Any] | None) -> Order | None:
    if parts is None:
        return None
    order_id, side, quantity, reduce_only, holding, order_type, terms, stop_loss, take_profit = parts
    return Order(
        order_id,
        side,
        quantity,
        reduce_only=reduce_only,
        holding=holding,
        order_type=order_type,
        terms=None if terms is None else Terms(*terms),
        stop_loss=_revived_order(stop_loss),
        take_profit=_revived_order(take_profit),
    )


# how values that are not JSON's own become JSON, and back
WRITERS: dict[type, Callable[[Any], Any]] = {
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: lambda value: [value.days, value.seconds, value.microseconds],
    Decimal: str,
    ZoneInfo: lambda zone: zone.key,
    Line: lambda line: line.name,
    Order: _order,
    np.ndarray: _array,
}
READERS: dict[str, Callable[[Any], Any]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "timedelta": lambda parts: timedelta(*parts),
    "Decimal": Decimal,
    "ZoneInfo": ZoneInfo,
    "Order": _revived_order,
    "ndarray": _revived_array,
}
CONTAINERS: dict[type, Callable[[list[Any]], Any]] = {list: list, tuple: tuple, set: set, frozenset: frozenset}


def _plain(value: Any, seen: set[int]) -> Any:
    kind = type(value)
    if kind in PLAIN:
        return value
    if isinstance(value, np.generic):
        return {KIND: "scalar", "value": _array(np.asarray(value))}
    if kind in (Line, Glance):
        return {KIND: "Line", "value": value.name}
    if kind is Frame:
        return {KIND: "Frame", "value": value._lines.key}  # noqa: SLF001 - it is known by that
    if kind is Market:
        return {KIND: "Market", "value": value.symbol}
    if id(value) in seen and kind not in (tuple, frozenset):
        raise TypeError("the same object is kept in two places")
    seen.add(id(value))
    if kind in WRITERS:
        return {KIND: kind.__name__, "value": WRITERS[kind](value)}
    if kind is dict:
        return {KIND: "dict", "value": [[_plain(key, seen), _plain(item, seen)] for key, item in value.items()]}
    if kind is deque:
        return {KIND: "deque", "value": [_plain(item, seen) for item in value], "maxlen": value.maxlen}
    if kind in CONTAINERS:
        return {KIND: kind.__name__, "value": [_plain(item, seen) for item in value]}
    raise TypeError(f"it holds a {kind.__name__}")


def _revived(content: Any, frames: Frames) -> Any:
    if not isinstance(content, dict):
        return content
    kind, value = content[KIND], content["value"]
    if kind == "Line":
        return frames[value]
    if kind == "Frame":
        return frames.found(value)
    if kind == "Market":
        return next(market for market in frames.markets if market.symbol == value)
    if kind == "scalar":
        return _revived_array(value)[()]
    if kind == "dict":
        return {_revived(key, frames): _revived(item, frames) for key, item in value}
    if kind == "deque":
        return deque((_revived(item, frames) for item in value), content["maxlen"])
    if kind in READERS:
        return READERS[kind](value)
    containers = {container.__name__: container for container in CONTAINERS}
    return containers[kind]([_revived(item, frames) for item in value])
