"""What the plain re-statement of the order rules works with: candles and tickets, in whole increments and steps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Candle:
    """Prices in increments."""

    time: int
    open: int
    high: int
    low: int
    close: int
    volume: float


@dataclass
class Ticket:
    id: int
    type: str
    side: int
    quantity: int
    limit: int | None = None
    stop: int | None = None
    trail: int | None = None
    trail_fraction: float | None = None
    trails_extremes: bool = False
    tif: str = "GTC"
    until: int | None = None
    reduce_only: bool = False
    post_only: bool = False
    parent: int = 0
    group: int = 0
    group_kind: str = ""
    state: str = "working"  # working, waiting, done
    active_from: int = 0
    triggered: bool = False
    best: int | None = None
    born: tuple[int, int] | None = None  # bar and price, when it began to work inside a bar
