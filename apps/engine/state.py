"""The engine's own state, as record layouts: one row each, except HOLDING (one row an instrument), ORDER (one row a
working order) and TIER."""

from __future__ import annotations

import numpy as np

NO_DAY = -(2**63)  # TALLY.day_ends before the first bar
NEVER = 2**63 - 1  # ORDER.expires_at of an order without an end

TIER = np.dtype([("value", "f8"), ("maker_rate", "f8"), ("taker_rate", "f8")])

# what only some orders have; apps.engine.orders.Terms has the same fields
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
        ("type", "i8"),
        ("side", "i8"),
        ("status", "i8"),
        ("quantity", "f8"),  # not filled yet
        ("reduce_only", "i8"),
        *((name, TERMS[name]) for name in TERMS.names or ()),
        ("active_from", "i8"),  # the first bar in which it may fill
        ("expires_at", "i8"),  # the first bar that opens then or later is too late
        ("triggered", "i8"),
        ("best", "f8"),  # price that a trailing stop follows; nan before the first
        ("born_bar", "i8"),  # the bar inside which it began to work, and the price then
        ("born_price", "f8"),
    ]
)

ACCOUNT = np.dtype(
    [
        ("cash", "f8"),
        ("realized", "f8"),  # what closed quantities earned, before fees
        ("fees", "f8"),
        ("volume", "f8"),  # value of all fills
        ("next_bar", "i8"),  # the first bar that is not booked yet
        ("equity_from", "i8"),  # the bar of the equity buffer's first row
        ("slippage", "f8"),  # what worse prices than the market's cost
        ("ambiguous_bars", "i8"),
        ("liquidity", "f8"),  # what the present bar can still fill
        ("orders", "i8"),  # rows in use, of the order table …
        ("fills", "i8"),  # … and of the buffers
        ("trades", "i8"),
        ("events", "i8"),
    ]
)

HOLDING = np.dtype(
    [
        ("quantity_step", "f8"),
        ("steps_per_unit", "f8"),  # the step's inverse where that is a whole number, else 0.0
        ("min_quantity", "f8"),
        ("max_quantity", "f8"),
        ("price_increment", "f8"),
        ("increments_per_unit", "f8"),  # as steps_per_unit
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
        ("seed", "u8"),
        ("fee_function", "i8"),  # address of an author's function, 0 for none
        ("intrabar", "i8"),
        ("exit_in_entry_bar", "i8"),
        ("market_at_close", "i8"),
        ("volume_share", "f8"),
        ("latency_bars", "i8"),
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
        ("mae", "f8"),
        ("mfe", "f8"),
    ]
)

TALLY = np.dtype(
    [
        ("bars", "i8"),
        ("bars_exposed", "i8"),
        ("equity", "f8"),  # at the last close
        ("peak", "f8"),
        ("drawdown", "f8"),
        ("drawdown_abs", "f8"),
        ("day_ends", "i8"),  # midnight UTC after the last bar
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
