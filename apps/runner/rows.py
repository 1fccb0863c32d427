"""The engine's rows as the journals' rows: bodies in the native API's words, column by column, encoded once.

Rows of one kind share nearly all of their text: the words around the values are made once for each kind of row.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import orjson
from django.utils import timezone

from apps.engine.types import Array, ExitReason, OrderEventKind, OrderType, PaymentKind, RejectionReason, Rows, Told
from apps.events.journal import content, stored_type
from apps.executions.models import Execution
from apps.journal.journal import NewRows
from apps.journal.text import decimals_of, fixed_texts, iso_time, iso_times, price_texts, quantity_texts
from apps.runner.ticks import TickRows

SIGNALS = {1: "buy", -1: "sell"}
DIRECTIONS = {1: "long", -1: "short"}
ORDER_TYPES = {int(kind): kind.name.lower() for kind in OrderType}
EVENT_KINDS = {int(kind): f"order_{kind.name.lower()}" for kind in OrderEventKind}
REASONS = {int(reason): reason.name.lower() for reason in RejectionReason}
EXIT_REASONS = {int(reason): reason.name.lower() for reason in ExitReason}
PAYMENT_KINDS = {int(kind): kind.name.lower() for kind in PaymentKind}
FILLED = (OrderEventKind.FILLED, OrderEventKind.PARTIALLY_FILLED)
NO_TICKS = np.arange(0)
PIECE_ROWS = 2000  # half a megabyte; spelling a piece costs 0.1 ms besides its rows, and the server waits for the first
_GAP = "\x00"  # where a value comes between the words
_KINDS = 64  # more than any enumeration has


@dataclass(frozen=True)
class Part:
    """Events of one source: the bar and the type of each, and its content."""

    bars: Array
    types: Sequence[str]
    contents: Sequence[str]


def event_count(rows: Rows) -> int:
    """How many events `event_rows` makes."""
    return len(rows.orders) + len(rows.payments) + len(rows.told) + len(_ticks_of(rows)[0])


def event_pieces(execution: Execution, rows: Rows) -> Iterator[NewRows]:
    """`event_rows` in pieces, so that the first is on its way to the database while the others are spelt."""
    if len(rows.orders) + len(_ticks_of(rows)[0]) <= PIECE_ROWS:
        yield event_rows(execution, rows)
        return
    fills = np.cumsum(np.isin(rows.orders["kind"], FILLED))
    _, tick_bars = _ticks_of(rows)
    ordered = filled = paid = received = told = 0
    for last_bar, end in _cuts(rows.orders["bar"], tick_bars):
        paid_until = int(np.searchsorted(rows.payments["bar"], last_bar, "right"))
        received_until = int(np.searchsorted(tick_bars, last_bar, "right"))
        filled_until = int(fills[end - 1]) if end else 0
        told_until = bisect_right(rows.told, (end, last_bar), key=lambda each: (each.after, each.bar))
        piece = replace(
            rows,
            orders=rows.orders[ordered:end],
            fills=rows.fills[filled:filled_until],
            payments=rows.payments[paid:paid_until],
            told=[each._replace(after=each.after - ordered) for each in rows.told[told:told_until]],
        )
        if isinstance(piece, TickRows):
            chosen = slice(received, received_until)
            piece = replace(piece, ticks=piece.ticks[chosen], tick_bars=piece.tick_bars[chosen])
        if event_count(piece):
            yield event_rows(execution, piece)
        ordered, filled, paid, received, told = end, filled_until, paid_until, received_until, told_until


def event_rows(execution: Execution, rows: Rows) -> NewRows:
    """Every decision, fill, margin call, payment, word of the strategy and sampled tick, in the engine's own order."""
    decimals = decimals_of(execution.manifest["instrument"]["price_increment"])
    strategy_type = execution.strategy_type
    # a tick, and then a payment, comes when its bar begins, before whatever else its bar brings
    ticks = _ticks(execution, *_ticks_of(rows), decimals)
    decided = _among(_orders(rows, strategy_type, decimals), rows.told, strategy_type)
    return merged(ticks, _payments(rows.payments, strategy_type, decimals), decided)


def _cuts(order_bars: Array, tick_bars: Array) -> Iterator[tuple[int, int]]:
    """Where pieces end: the last bar of each and how many orders there are until then, which a bar may have many of."""
    ends = [*range(PIECE_ROWS, len(order_bars), PIECE_ROWS)]
    cuts = {(int(order_bars[end - 1]), end) for end in ends}
    for bar in tick_bars[PIECE_ROWS - 1 :: PIECE_ROWS].tolist():
        cuts.add((bar, int(np.searchsorted(order_bars, bar, "right"))))
    yield from sorted(cuts)
    yield np.iinfo(np.int64).max, len(order_bars)


def _ticks_of(rows: Rows) -> tuple[Array, Array]:
    return (rows.ticks, rows.tick_bars) if isinstance(rows, TickRows) else (NO_TICKS, NO_TICKS)


def _ticks(execution: Execution, ticks: Array, bars: Array, decimals: int) -> Part:
    """An event for each of these ticks (n,) TICK, of these bars."""
    if not len(ticks):
        return Part(bars, [], [])
    symbol = orjson.dumps(execution.manifest["instrument"]["symbol"]).decode()
    event = (
        f'{{"type":"tick_received","instrument":{symbol},'
        f'"timestamp":"{_GAP}","bid":"{_GAP}","ask":"{_GAP}","mid":"{_GAP}"}}'
    )
    a, b, c, d, e, f = content("tick_received", execution.strategy_type, _GAP, event).split(_GAP)
    times, bids, asks = iso_times(ticks["time"]), ticks["bid"], ticks["ask"]
    prices = (price_texts(column, decimals) for column in (bids, asks, (bids + asks) / 2.0))
    contents = [
        f"{a}{time}{b}{time}{c}{bid}{d}{ask}{e}{mid}{f}" for time, bid, ask, mid in zip(times, *prices, strict=True)
    ]
    return Part(bars, ["tick_received"] * len(contents), contents)


def merged(*parts: Part) -> NewRows:
    """The events of several sources in the order of their bars; of one bar, those of the earlier source come first."""
    filled = [part for part in parts if len(part.contents)]
    types = [kind for part in filled for kind in part.types]
    contents = [text for part in filled for text in part.contents]
    if len(filled) > 1:
        order = np.argsort(np.concatenate([part.bars for part in filled]), kind="stable").tolist()
        types, contents = [types[i] for i in order], [contents[i] for i in order]
    return NewRows((types,), contents, iso_time(timezone.now()))


def trade_rows(execution: Execution, rows: Rows) -> NewRows:
    """Every closed round trip."""
    instrument, trades = execution.manifest["instrument"], rows.trades
    decimals, sides = decimals_of(instrument["price_increment"]), trades["side"].tolist()
    pips = (trades["exit_price"] - trades["entry_price"]) * trades["side"] / instrument["pip_size"]
    columns = zip(
        _words(trades["side"], trades["exit_reason"], spell=_trade_words(instrument["symbol"])),
        iso_times(trades["opened_at"]),
        price_texts(trades["entry_price"], decimals),
        quantity_texts(trades["quantity"]),
        iso_times(trades["closed_at"]),
        price_texts(trades["exit_price"], decimals),
        fixed_texts(trades["pnl"], 2),
        fixed_texts(pips, 1),
        *(fixed_texts(trades[name], 2) for name in ("gross_pnl", "fees", "mae", "mfe", "payments")),
        (trades["closed_bar"] - trades["opened_bar"]).tolist(),
        [_joined("", text or "{}") for text in rows.details or [""] * len(trades)],
        strict=True,
    )
    contents = [
        f"{a}{opened}{b}{entry}{c}{units}{d}{closed}{e}{leave}{f}{pnl}{g}{pips}{h}"
        f"{gross}{i}{fees}{j}{mae}{k}{mfe}{m}{payments}{n}{bars}{o}{noted}{p}"
        for (a, b, c, d, e, f, g, h, i, j, k, m, n, o, p), opened, entry, units, closed, leave, pnl, pips,
        gross, fees, mae, mfe, payments, bars, noted in columns
    ]  # fmt: skip
    symbols = [instrument["symbol"]] * len(contents)
    return NewRows((symbols, [DIRECTIONS[side] for side in sides]), contents, iso_time(timezone.now()))


def _among(orders: Part, told: Sequence[Told], strategy_type: str) -> Part:
    """The order log with what the strategy said, each where it said it."""
    if not told:
        return orders
    contents = [
        content(each.event_type, strategy_type, time, _joined(f'{{"kind":"{each.kind}"', each.content) + "}")
        for each, time in zip(told, iso_times(np.array([each.time for each in told])), strict=True)
    ]
    places = np.concatenate([2 * np.arange(len(orders.contents)) + 1, [2 * each.after for each in told]])
    order = np.argsort(places, kind="stable").tolist()
    types = [*orders.types, *(stored_type(each.event_type, each.kind) for each in told)]
    contents = [*orders.contents, *contents]
    bars = np.concatenate([orders.bars, np.array([each.bar for each in told])])
    return Part(bars[order], [types[i] for i in order], [contents[i] for i in order])


def _joined(start: str, members: str) -> str:
    """The beginning of a JSON object, and the members of another one."""
    return f"{start},{members[1:-1]}" if members != "{}" else start


def _orders(rows: Rows, strategy_type: str, decimals: int) -> Part:
    """The order log; each fill kind of it has its row in `fills`, in the same order."""
    orders = rows.orders
    kinds, times = orders["kind"], np.array(iso_times(orders["time"]), object)
    types, contents = np.empty(len(orders), object), np.empty(len(orders), object)
    is_fill = np.isin(kinds, FILLED)
    is_call = kinds == OrderEventKind.MARGIN_CALLED
    sources: tuple[tuple[str, Array, Array, Callable[..., list[str]]], ...] = (
        ("strategy_signal", ~(is_fill | is_call), orders, _signals),
        ("trade_executed", is_fill, rows.fills, _fills),
        ("margin_called", is_call, orders, _margin_calls),
    )
    for name, chosen, table, spell in sources:
        if not chosen.any():
            continue
        picked = table if table is rows.fills else table[chosen]
        types[chosen], contents[chosen] = name, spell(picked, times[chosen].tolist(), strategy_type, decimals)
    return Part(orders["bar"], types.tolist(), contents.tolist())


def _signals(orders: Array, times: Sequence[str], strategy_type: str, decimals: int) -> list[str]:
    def spell(side: int, kind: int, order_type: int, reason: int) -> str:
        because = f',"reason":"{REASONS[reason]}"' if reason else ""
        event = (
            f'{{"signal":"{SIGNALS[side]}","kind":"{EVENT_KINDS[kind]}","order":{_GAP},'
            f'"order_type":"{ORDER_TYPES[order_type]}","units":{_GAP},"price":"{_GAP}"{because}}}'
        )
        return content("strategy_signal", strategy_type, _GAP, event)

    columns = zip(
        _words(orders["side"], orders["kind"], orders["type"], orders["reason"], spell=spell),
        times,
        orders["order"].tolist(),
        quantity_texts(orders["quantity"]),
        price_texts(orders["price"], decimals),
        strict=True,
    )
    return [f"{a}{time}{b}{order}{c}{units}{d}{price}{e}" for (a, b, c, d, e), time, order, units, price in columns]


def _fills(fills: Array, times: Sequence[str], strategy_type: str, decimals: int) -> list[str]:
    """`direction` is that of the position that the fill opens, adds to or closes; a liquidation has no order."""

    def spell(side: int, is_long: int) -> str:
        event = (
            f'{{"direction":"{DIRECTIONS[1 if is_long else -1]}","units":{_GAP},"price":"{_GAP}",'
            f'"side":"{SIGNALS[side]}","order":{_GAP},"fee":"{_GAP}","position":{_GAP}}}'
        )
        return content("trade_executed", strategy_type, _GAP, event)

    after = fills["position"]
    before = after - fills["side"] * fills["quantity"]
    held = np.where(np.abs(before) > np.abs(after), before, after)  # what is being closed, else what is being built
    columns = zip(
        _words(fills["side"], (held > 0).astype(np.int64), spell=spell),
        times,
        quantity_texts(fills["quantity"]),
        price_texts(fills["price"], decimals),
        (order or 'null,"reason":"liquidation"' for order in fills["order"].tolist()),
        fixed_texts(fills["fee"], 2),
        quantity_texts(after),
        strict=True,
    )
    return [
        f"{a}{time}{b}{units}{c}{price}{d}{order}{e}{fee}{f}{position}{g}"
        for (a, b, c, d, e, f, g), time, units, price, order, fee, position in columns
    ]


def _margin_calls(calls: Array, times: Sequence[str], strategy_type: str, decimals: int) -> list[str]:
    """`price` is the one at which the equity was too low; `position` is the first one that the account holds."""
    event = f'{{"position":{_GAP},"price":"{_GAP}"}}'
    a, b, c, d = content("margin_called", strategy_type, _GAP, event).split(_GAP)
    positions, prices = quantity_texts(calls["position_after"]), price_texts(calls["price"], decimals)
    return [
        f"{a}{time}{b}{position}{c}{price}{d}" for time, position, price in zip(times, positions, prices, strict=True)
    ]


def _payments(payments: Array, strategy_type: str, decimals: int) -> Part:
    """`amount` is negative when it was paid; `rate` is a share of the value, an amount a unit, or units for one."""

    def spell(kind: int) -> str:
        event = (
            f'{{"kind":"{PAYMENT_KINDS[kind]}","amount":"{_GAP}","position":{_GAP},"price":"{_GAP}","rate":"{_GAP}"}}'
        )
        return content("payment_booked", strategy_type, _GAP, event)

    columns = zip(
        _words(payments["kind"], spell=spell),
        iso_times(payments["time"]),
        price_texts(payments["amount"] + 0.0, 2),  # no -0.0
        quantity_texts(payments["position"]),
        price_texts(payments["price"], decimals),
        price_texts(payments["rate"] + 0.0, 0),
        strict=True,
    )
    contents = [
        f"{a}{time}{b}{amount}{c}{position}{d}{price}{e}{rate}{f}"
        for (a, b, c, d, e, f), time, amount, position, price, rate in columns
    ]
    return Part(payments["bar"], ["payment_booked"] * len(contents), contents)


def _words(*keys: Array, spell: Callable[..., str]) -> list[Sequence[str]]:
    """(n,) the words between the values of each row, spelt once for each combination of keys, (n,) int64 each.

    All keys but the first one are from 0 to 63.
    """
    codes = keys[0]
    for key in keys[1:]:
        codes = codes * _KINDS + key
    listed = codes.tolist()
    words = {code: tuple(spell(*_taken_apart(code, len(keys))).split(_GAP)) for code in set(listed)}
    return [words[code] for code in listed]


def _taken_apart(code: int, count: int) -> list[int]:
    keys: list[int] = []
    for _ in range(count - 1):
        code, key = divmod(code, _KINDS)
        keys.append(key)
    return [code, *reversed(keys)]


def _trade_words(symbol: str) -> Callable[[int, int], str]:
    spelt = orjson.dumps(symbol).decode()
    details = "".join(f'"{name}":"{_GAP}",' for name in ("gross_pnl", "fees", "mae", "mfe", "payments"))

    def spell(side: int, reason: int) -> str:
        return (
            f'"trade":{{"instrument":{spelt},"direction":"{DIRECTIONS[side]}","entry_time":"{_GAP}",'
            f'"entry_price":"{_GAP}","units":{_GAP},"exit_time":"{_GAP}","exit_price":"{_GAP}","pnl":"{_GAP}",'
            f'"pips":"{_GAP}","details":{{{details}"bars_held":{_GAP},"exit_reason":"{EXIT_REASONS[reason]}"{_GAP}}}}}'
        )

    return spell
