"""The engine's own state, as record layouts: one row each, except CONTRACT (one an instrument), HOLDING (one a position
that may be held), CURRENCY, ORDER (one a working order), TIER and HAPPENING."""

from __future__ import annotations

import numpy as np

NO_DAY = -(2**63)  # TALLY.day_ends before the first bar
NEVER = 2**63 - 1  # ORDER.expires_at of an order without an end

TIER = np.dtype([("value", "f8"), ("maker_rate", "f8"), ("taker_rate", "f8")])

# what only some orders have; apps.engine.desk.orders.Terms has the same fields
TERMS = np.dtype(
    [
        ("time_in_force", "i8"),
        ("until", "i8"),  # microseconds UTC, of GTD
        ("limit", "f8"),
        ("stop", "f8"),  # also the price at which a limit-if-touched is touched
        ("trail", "f8"),  # distance of a trailing stop …
        ("trail_is_share", "i8"),  # … as a share of the best price, not in price
        ("trails_extremes", "i8"),  # it follows highs and lows, not closes
        ("post_only", "i8"),
        ("parent", "i8"),  # the entry that this order protects; 0 for none
        ("group", "i8"),  # the order that leads its group; 0 when it does so itself
        ("group_kind", "i8"),
    ]
)

ORDER = np.dtype(
    [
        ("id", "i8"),
        ("instrument", "i8"),
        ("holding", "i8"),  # the row of the position that it changes
        ("type", "i8"),
        ("side", "i8"),
        ("status", "i8"),
        ("quantity", "f8"),  # not filled yet
        ("reduce_only", "i8"),
        *((name, TERMS[name]) for name in TERMS.names or ()),
        ("active_from", "i8"),  # the first row in which it may fill
        ("expires_at", "i8"),  # the first bar that opens then or later is too late
        ("triggered", "i8"),
        ("best", "f8"),  # price that a trailing stop follows; nan before the first
        ("born_bar", "i8"),  # the bar inside which it began to work, and the price then
        ("born_price", "f8"),
    ]
)

ACCOUNT = np.dtype(
    [
        # in the account's currency, each amount converted when it came up
        ("realized", "f8"),  # what closed quantities earned, before fees
        ("fees", "f8"),
        ("volume", "f8"),  # value of all fills
        ("slippage", "f8"),  # what worse prices than the market's cost
        ("paid", "f8"),  # by funding, swap, borrow and dividends; negative when more was paid than received
        ("next_row", "i8"),  # the first row that is not booked yet
        ("next_happening", "i8"),
        ("ambiguous_bars", "i8"),
        ("margin_called", "i8"),  # equity is below the level of a margin call, and that has been logged
        ("liquidations", "i8"),
        ("alerts", "i8"),  # that have been reached
        ("orders", "i8"),  # rows in use, of the order table …
        ("fills", "i8"),  # … and of the buffers
        ("trades", "i8"),
        ("events", "i8"),
        ("payments", "i8"),
        ("points", "i8"),
    ]
)

CURRENCY = np.dtype([("balance", "f8"), ("rate", "f8")])  # rate: units of the account's currency for one, at present

CONTRACT = np.dtype(
    [
        ("quantity_step", "f8"),
        ("steps_per_unit", "f8"),  # the step's inverse where that is a whole number, else 0.0
        ("min_quantity", "f8"),
        ("max_quantity", "f8"),
        ("price_increment", "f8"),
        ("increments_per_unit", "f8"),  # as steps_per_unit
        ("multiplier", "f8"),
        ("is_inverse", "i8"),
        ("currency", "i8"),  # row of the currency it settles in
        ("initial_margin", "f8"),  # share of the value
        ("maintenance_margin", "f8"),
        ("liquidation_fee", "f8"),  # share of the value
        ("maker_rate", "f8"),
        ("taker_rate", "f8"),
        ("commission_fixed", "f8"),
        ("commission_per_unit", "f8"),
        ("commission_minimum", "f8"),
        ("spread", "f8"),
        ("slippage_ticks", "f8"),
        ("slippage_rate", "f8"),
        ("slippage_atr", "f8"),
        ("slippage_impact", "f8"),
        ("slippage_random", "f8"),
        # at present
        ("bid", "f8"),  # the last prices at which a position can be valued; nan before the first
        ("ask", "f8"),
        # scratch: nothing of it outlives a call of a kernel
        ("loaded", "i8"),  # the row that the scene shows
        ("liquidity", "f8"),  # what that row can still fill
        ("bid_floor", "f8"),  # a row at or beyond one of these four is an event …
        ("bid_ceiling", "f8"),
        ("ask_floor", "f8"),
        ("ask_ceiling", "f8"),
        ("next_watched", "i8"),  # … and the chain of the instruments that have such prices
        ("scanned_from", "i8"),  # the ticks that were looked through last, whose extremes are these
        ("scanned_until", "i8"),
        ("lowest_bid", "f8"),
        ("lowest_ask", "f8"),
        ("highest_bid", "f8"),
        ("highest_ask", "f8"),
    ]
)

HOLDING = np.dtype(
    [
        ("instrument", "i8"),
        ("leg", "i8"),  # +1 and -1 where long and short are held side by side, 0 where they are netted
        ("ticket", "i8"),  # number of the order that opened a position of its own; 0 for an instrument's standing rows
        ("position", "f8"),  # signed
        ("average_price", "f8"),
        # the open trade, from flat to flat
        ("opened_at", "i8"),
        ("opened_bar", "i8"),
        ("side", "i8"),
        ("entered", "f8"),  # quantity and mean price of its entries …
        ("entry_price", "f8"),
        ("exited", "f8"),  # … and of its exits
        ("exit_price", "f8"),
        ("gross_pnl", "f8"),
        ("trade_fees", "f8"),
        ("payments", "f8"),
        ("mae", "f8"),
        ("mfe", "f8"),
    ]
)

# what comes from outside to a position: an amount of money, or a change of its units
HAPPENING = np.dtype(
    [
        ("row", "i8"),  # the first one at or after its time
        ("time", "i8"),
        ("instrument", "i8"),
        ("kind", "i8"),  # a PaymentKind
        ("long", "f8"),  # what a long position receives (a short one pays): a share of its value, or an amount a unit
        ("short", "f8"),  # the same for a short one
        ("price", "f8"),  # by which the value is reckoned; nan for the open of the row
    ]
)

TALLY = np.dtype(
    [
        ("bars", "i8"),
        ("bars_exposed", "i8"),
        ("equity", "f8"),  # at the last point
        ("peak", "f8"),
        ("drawdown", "f8"),
        ("drawdown_abs", "f8"),
        ("day_ends", "i8"),  # midnight UTC after the last point
        ("day_base", "f8"),  # equity at the end of the day before
        ("days", "i8"),  # days that are over: their returns …
        ("day_mean", "f8"),
        ("day_squares", "f8"),  # … sum of squared distances from the mean
        ("day_downside", "f8"),  # … sum of squares of the negative ones
        ("trades", "i8"),
        ("wins", "i8"),
        ("losses", "i8"),
        ("losses_in_a_row", "i8"),
        ("longest_losing_run", "i8"),
        ("gross_profit", "f8"),
        ("gross_loss", "f8"),
        ("best", "f8"),
        ("worst", "f8"),
        ("trade_mean", "f8"),
        ("trade_squares", "f8"),
        ("bars_held", "i8"),
    ]
)

# where everything is, and the rules of the run: what a kernel gets. The names of tables hold addresses of memory.
BOOKS = np.dtype(
    [
        ("series", "i8"),  # (rows, instruments) of one of the layouts
        ("extremes", "i8"),  # of its blocks, where it is of one instrument; else 0
        ("layout", "i8"),
        ("row_size", "i8"),  # bytes from one row to the next, of all instruments
        ("rows", "i8"),
        ("instruments", "i8"),
        ("holdings_count", "i8"),
        ("currencies_count", "i8"),
        ("tiers_count", "i8"),
        ("happenings_count", "i8"),
        ("day_ends", "i8"),  # (rows, instruments) int64, as Floor.day_ends; 0 for dates in UTC
        ("rates", "i8"),  # (rows, currencies) float64; 0 where there is one currency
        ("account", "i8"),
        ("contracts", "i8"),
        ("holdings", "i8"),
        ("currencies", "i8"),
        ("tiers", "i8"),
        ("happenings", "i8"),
        ("scene", "i8"),  # two bars an instrument, of the bid and of the ask: what the present row shows
        ("terms", "i8"),
        ("tally", "i8"),
        ("orders", "i8"),
        ("fills", "i8"),
        ("trades", "i8"),
        ("events", "i8"),
        ("payments", "i8"),
        ("points", "i8"),
        ("orders_room", "i8"),  # rows that fit
        ("fills_room", "i8"),
        ("trades_room", "i8"),
        ("events_room", "i8"),
        ("payments_room", "i8"),
        ("points_room", "i8"),
        ("keeps_rows", "i8"),  # 0: a fill, trade or payment is written over the one before; no events, no points
        ("point_period", "i8"),  # microseconds between two points of the equity; 0 for one a row
        ("intrabar", "i8"),
        ("exit_in_entry_bar", "i8"),
        ("market_at_close", "i8"),
        ("volume_share", "f8"),
        ("latency_bars", "i8"),
        ("latency", "i8"),  # microseconds
        ("margin", "i8"),  # an AccountKind
        ("margin_call", "f8"),  # share of the initial margin below which equity is called; 0.0 for never
        ("seed", "u8"),
        ("fee_function", "i8"),  # address of an author's function, 0 for none
    ]
)
