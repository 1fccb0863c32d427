"""Row layouts of what a venue shows besides bars: ticks, trades of others, and bars of both sides of the book.

Times are int64 microseconds UTC. Several ticks or prints may share a time; their order is the order of the rows.
"""

from __future__ import annotations

import numpy as np

TICK = np.dtype([("time", "i8"), ("bid", "f8"), ("ask", "f8")])

PRINT = np.dtype([("time", "i8"), ("price", "f8"), ("size", "f8")])  # a trade between others

QUOTE_BAR = np.dtype(
    [
        ("time", "i8"),  # the bar's open
        ("bid_open", "f8"),
        ("bid_high", "f8"),
        ("bid_low", "f8"),
        ("bid_close", "f8"),
        ("ask_open", "f8"),
        ("ask_high", "f8"),
        ("ask_low", "f8"),
        ("ask_close", "f8"),
        ("ticks", "i8"),  # how many it was made of; 0 where the source does not say
    ]
)
