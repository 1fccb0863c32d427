"""What arrays and compiled functions trade from: a desk with columns to read, and a tray for what they wish for."""

import numba
import numpy as np
from numba import types

from apps.engine.venue.books import rows_of, values_of

TARGETS, SIGNALS, FUNCTION = range(3)  # DESK.kind
AT_PRICE, AT_DISTANCE, AT_SHARE = range(3)  # DESK.levels: how stop losses and take profits are meant
ENTER_LONG, EXIT_LONG, ENTER_SHORT, EXIT_SHORT = 1, 2, 4, 8  # bits of a signal
ORDER, CANCEL, CANCEL_ALL = range(3)  # WISH.kind
FAILED = -1  # what an author's function answers when it raised

DESK = np.dtype(
    [
        ("kind", "i8"),
        ("step", "i8"),  # the next one
        ("steps", "i8"),
        ("rows", "i8"),  # (steps,) int64, the row of each; 0 where every row of the run is one
        ("orders_given", "i8"),  # the number of the last order
        ("columns", "i8"),  # COLUMN: the targets; or sizes, stop losses and take profits; or what a function reads
        ("signals", "i8"),  # (steps, instruments) uint8, of bits
        ("levels", "i8"),
        ("has_stop", "i8"),
        ("has_target", "i8"),
        ("function", "i8"),  # address of the author's, compiled
        ("books", "i8"),
        ("wishes", "i8"),  # WISH, what it asked for in this step …
        ("wishes_room", "i8"),
        ("asked", "i8"),  # … so many
        ("numbers", "i8"),  # float64: its parameters, then what it remembers
        ("further_orders", "i8"),  # how many orders the next step may give: what the tables need room for
        # what it sees
        ("bar", "i8"),  # number of the bar that just closed
        ("position", "f8"),  # of the first instrument, signed; long and short together where they are side by side
        ("average_price", "f8"),
        ("cash", "f8"),
    ]
)

# a value of a step and an instrument is at address + step x by_step + instrument x by_instrument
COLUMN = np.dtype([("address", "i8"), ("by_step", "i8"), ("by_instrument", "i8")])

WISH = np.dtype(
    [
        ("kind", "i8"),
        ("order", "i8"),  # its number, or that of the one to cancel
        ("instrument", "i8"),  # -1 to cancel all of every one
        ("leg", "i8"),
        ("type", "i8"),
        ("side", "i8"),
        ("quantity", "f8"),
        ("reduce_only", "i8"),
        ("limit", "f8"),
        ("stop", "f8"),
        ("trail", "f8"),
        ("has_stop", "i8"),  # it is protected by a stop loss …
        ("stop_loss", "f8"),
        ("has_target", "i8"),  # … and by a take profit
        ("take_profit", "f8"),
    ]
)

DESK_RECORD = numba.from_dtype(DESK)
desk_at = rows_of(DESK)
column_at = rows_of(COLUMN)
wish_at = rows_of(WISH)
flag_at = values_of(types.uint8)
