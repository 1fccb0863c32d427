"""Orders as an author gives them: one call with the terms that matter, everything else left out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypedDict, final

from apps.engine.errors import did_you_mean
from apps.engine.types import EPOCH, GroupKind, OrderType, Side, TimeInForce

if TYPE_CHECKING:
    from datetime import datetime

# plain numbers: a kernel takes them three times as fast as members of an enumeration
BUY, SELL, MARKET, ALERT = int(Side.BUY), int(Side.SELL), int(OrderType.MARKET), int(OrderType.ALERT)
LIMIT, UPDATES, GTC = int(OrderType.LIMIT), int(GroupKind.OUO), int(TimeInForce.GTC)
NAN: Final = math.nan
TYPES: Final = {
    (): OrderType.MARKET,
    ("limit",): OrderType.LIMIT,
    ("stop",): OrderType.STOP,
    ("limit", "stop"): OrderType.STOP_LIMIT,
    ("limit", "touch"): OrderType.LIMIT_IF_TOUCHED,
    ("trail",): OrderType.TRAILING_STOP,
    ("trail_fraction",): OrderType.TRAILING_STOP,
}
PRICES: Final = ("limit", "stop", "touch", "trail", "trail_fraction")
AT_ONCE: Final = (TimeInForce.IOC, TimeInForce.FOK)


class OrderTerms(TypedDict, total=False):
    """What `buy()` and `sell()` understand besides the quantity.

    limit: not worse than this. stop: once the market gets there, moving against the order; with a limit, then not
    worse than that. touch, with a limit: once the market gets there, moving towards the order.
    trail, trail_fraction: a stop that follows the best close at this distance, in price or as a share of it;
    trail_on="extreme" lets it follow highs and lows. at: "open" or "close" of the day, at market.
    sl, tp: prices of a protective stop and a target, which work from the fill on; the fill of one takes the other away.
    sl_trail, sl_trail_fraction: the protective stop trails. tif: GTC, DAY, GTD (with until), IOC, FOK.
    oco, ouo: an order of which this one is cancelled, or reduced, when that is filled; and the other way round.
    reduce_only: never opens or turns a position. post_only: cancelled when it would fill at once.
    leg: the position it is for where long and short are held side by side; without it a purchase is for the long one
    and a sale for the short one, so that leg="long" of a sale takes from the long position.
    ticket: True opens a position of its own beside all others, whose number is the order's; that number, or the order,
    is what later orders name. It can be added to and closed in parts, not turned; each part closed is a trade.
    """

    limit: float
    stop: float
    touch: float
    trail: float
    trail_fraction: float
    trail_on: Literal["close", "extreme"]
    at: Literal["open", "close"]
    sl: float
    tp: float
    sl_trail: float
    sl_trail_fraction: float
    tif: Literal["GTC", "DAY", "GTD", "IOC", "FOK"]
    until: datetime
    oco: Order
    ouo: Order
    reduce_only: bool
    post_only: bool
    leg: Literal["long", "short"]
    ticket: bool | int | Order


KEYWORDS: Final = frozenset(OrderTerms.__annotations__)
STOPS: Final = ("sl", "sl_trail", "sl_trail_fraction")
PROTECTION: Final = frozenset({"tp", *STOPS})
PLAIN_AT_MARKET: Final = PROTECTION | {"ticket", "leg", "reduce_only"}  # they leave an order's terms alone


class Terms(NamedTuple):
    """A row of TERMS: what only some orders have."""

    time_in_force: int = GTC
    until: int = 0
    limit: float = NAN
    stop: float = NAN
    trail: float = NAN
    trail_is_share: int = 0
    trails_extremes: int = 0
    post_only: int = 0
    parent: int = 0
    group: int = 0
    group_kind: int = int(GroupKind.NONE)


PLAIN: Final = Terms()


def terms_of_alert(price: float) -> Terms:
    """A third of the time that `Terms(stop=price)` takes: a strategy may set an alert at each of its fills."""
    return tuple.__new__(Terms, (GTC, 0, NAN, price, NAN, 0, 0, 0, 0, 0, 0))


@final
class Order:
    """An intention. It works from the bar after the one at whose close it was given.

    holding: row of the position that it is for. terms: None for a plain market order. stop_loss, take_profit: its
    protective orders.
    """

    __slots__ = ("holding", "id", "quantity", "reduce_only", "side", "stop_loss", "take_profit", "terms", "type")

    def __init__(
        self,
        order_id: int,
        side: int,
        quantity: float,
        *,
        reduce_only: bool,
        holding: int = 0,
        order_type: int = MARKET,
        terms: Terms | None = None,
        stop_loss: Order | None = None,
        take_profit: Order | None = None,
    ) -> None:
        self.id = order_id
        self.type = order_type
        self.holding = holding
        self.side = side
        self.quantity = quantity
        self.reduce_only = reduce_only
        self.terms = terms
        self.stop_loss = stop_loss
        self.take_profit = take_profit

    @property
    def group(self) -> int:
        """The order that leads its group."""
        return self.terms.group or self.id if self.terms else self.id


def made(order_id: int, side: int, quantity: float, wanted: OrderTerms, holding: int = 0) -> list[Order]:
    """The order of these terms and the ones that protect it, numbered from `order_id` on.

    holding: row of the position that they are for.

    Raises TypeError for a keyword that is none, and ValueError for terms that contradict each other.
    """
    if not wanted.keys() <= KEYWORDS:
        unknown = min(wanted.keys() - KEYWORDS)
        raise TypeError(f"An order has no {unknown}. {did_you_mean(unknown, KEYWORDS)}")
    kind, terms = MARKET, None
    if not wanted.keys() <= PLAIN_AT_MARKET:
        kind = _type(wanted)
        terms = _terms(wanted, kind)
    reduce_only = bool(wanted.get("reduce_only", False))
    order = Order(order_id, side, quantity, reduce_only=reduce_only, holding=holding, order_type=kind, terms=terms)
    if wanted.keys().isdisjoint(PROTECTION):
        return [order]
    if reduce_only:
        raise ValueError("An order that only reduces cannot have sl or tp: it leaves nothing to protect.")
    return [order, *_protection(order, wanted)]


def _type(wanted: OrderTerms) -> int:
    prices = tuple(name for name in PRICES if name in wanted)
    if "at" in wanted:
        if prices or wanted["at"] not in ("open", "close"):
            raise ValueError('at="open" and at="close" are market orders of the day; they take no price.')
        return int(OrderType.MARKET_ON_OPEN if wanted["at"] == "open" else OrderType.MARKET_ON_CLOSE)
    if prices not in TYPES:
        raise ValueError(f"An order cannot have {' and '.join(prices)} together; touch goes with a limit.")
    return int(TYPES[prices])


def _terms(wanted: OrderTerms, kind: int) -> Terms:
    tif = _time_in_force(wanted)
    rests = kind == OrderType.LIMIT
    if tif in AT_ONCE and not (rests or kind == OrderType.MARKET):
        raise ValueError(f"{tif.name} is for market and limit orders: it means at the open of the next bar.")
    if wanted.get("post_only") and not (rests and tif not in AT_ONCE):
        raise ValueError("post_only is for limit orders that may rest.")
    if "trail_on" in wanted and wanted["trail_on"] not in ("close", "extreme"):
        raise ValueError(f'trail_on is "close" or "extreme", not {wanted["trail_on"]!r}.')
    group, group_kind = _group(wanted)
    return Terms(
        time_in_force=int(tif),
        until=_micros(wanted["until"]) if "until" in wanted else 0,
        limit=float(wanted.get("limit", NAN)),
        stop=float(wanted.get("stop", wanted.get("touch", NAN))),
        trail=float(wanted.get("trail", wanted.get("trail_fraction", NAN))),
        trail_is_share=int("trail_fraction" in wanted),
        trails_extremes=int(wanted.get("trail_on") == "extreme"),
        post_only=int(wanted.get("post_only", False)),
        group=group,
        group_kind=group_kind,
    )


def _time_in_force(wanted: OrderTerms) -> TimeInForce:
    name = wanted.get("tif", "GTD" if "until" in wanted else "GTC")
    if name not in TimeInForce.__members__:
        raise ValueError(f"There is no time in force {name!r}. {did_you_mean(str(name), TimeInForce.__members__)}")
    if (name == "GTD") != ("until" in wanted):
        raise ValueError("GTD needs until=, and until= means GTD.")
    return TimeInForce[name]


def _micros(until: datetime) -> int:
    if until.tzinfo is None:
        raise ValueError(f"until is {until}; it needs a time zone, as self.time has.")
    elapsed = until - EPOCH
    return (elapsed.days * 86_400 + elapsed.seconds) * 1_000_000 + elapsed.microseconds


def _group(wanted: OrderTerms) -> tuple[int, int]:
    if "oco" in wanted and "ouo" in wanted:
        raise ValueError("An order is in one group: give oco or ouo.")
    for name, kind in (("oco", GroupKind.OCO), ("ouo", GroupKind.OUO)):
        if name in wanted:
            other: Any = wanted[name]  # type: ignore[literal-required]
            if not isinstance(other, Order):
                raise TypeError(f"{name} is the order that buy() or sell() gave, not {other!r}.")
            return other.group, int(kind)
    return 0, int(GroupKind.NONE)


def _protection(entry: Order, wanted: OrderTerms) -> list[Order]:
    """The stop and the target of an entry: they wait for its fill, and update one another."""
    group, orders = entry.id + 1, []
    stop = _protective_stop(wanted)
    if stop:
        kind = int(OrderType.STOP) if "sl" in wanted else int(OrderType.TRAILING_STOP)
        entry.stop_loss = _protective(entry, group, kind, stop)
        orders.append(entry.stop_loss)
    if "tp" in wanted:
        entry.take_profit = _protective(entry, group + len(orders), LIMIT, {"limit": float(wanted["tp"])})
        orders.append(entry.take_profit)
    return orders


def _protective(entry: Order, order_id: int, kind: int, prices: dict[str, Any]) -> Order:
    terms = Terms(parent=entry.id, group=entry.id + 1, group_kind=UPDATES, **prices)
    return Order(
        order_id,
        -entry.side,
        entry.quantity,
        reduce_only=True,
        holding=entry.holding,
        order_type=kind,
        terms=terms,
    )


def _protective_stop(wanted: OrderTerms) -> dict[str, Any]:
    """The fields of its terms; none where there is no stop."""
    names = [name for name in STOPS if name in wanted]
    if len(names) > 1:
        raise ValueError("A protective stop is one of sl, sl_trail and sl_trail_fraction.")
    if not names:
        return {}
    if names == ["sl"]:
        return {"stop": float(wanted["sl"])}
    distance = float(wanted[names[0]])
    extremes = int(wanted.get("trail_on") == "extreme")
    return {"trail": distance, "trail_is_share": int("sl_trail_fraction" in wanted), "trails_extremes": extremes}
