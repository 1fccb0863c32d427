"""All the books of a run in one hand, as the kernels pass them on."""

from typing import NamedTuple

from apps.engine.types import Array


class Books(NamedTuple):
    """Record arrays; account and tally have one row, holdings one an instrument."""

    bars: Array
    account: Array
    holdings: Array
    orders: Array
    fills: Array
    trades: Array
    events: Array
    equity: Array
    tally: Array
    tiers: Array
