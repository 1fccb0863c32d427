"""What a fill does to cash, to the position and to the open trade.

Positions are netted at the average price. A trade is a round trip from flat to flat: a pyramided position closes as
one trade whose entry price is weighted by volume.
"""

from numba import njit

from apps.engine.grid import on_grid
from apps.engine.kernels import OPTIONS
from apps.engine.types import Record


@njit(**OPTIONS)
def weighted(price: float, quantity: float, further_price: float, further_quantity: float) -> float:
    """Mean of two prices by quantity; exactly the further price when there was none before."""
    if quantity == 0.0:
        return further_price
    return (price * quantity + further_price * further_quantity) / (quantity + further_quantity)


@njit(**OPTIONS)
def book(account: Record, holding: Record, bar: Record, index: int, signed: float, price: float, fee: float) -> float:
    """Book one fill that does not cross zero; what it earned before fees (0.0 for an entry).

    account, holding, bar: records. index: the bar's number. signed: the quantity, negative for a sale.
    Earned is closed quantity x (price - average price). The average price moves with entries only.
    """
    if holding.position == 0.0:
        open_trade(holding, bar, index, signed)
    quantity = abs(signed)
    earned = 0.0
    if holding.position * signed >= 0.0:
        holding.average_price = weighted(holding.average_price, abs(holding.position), price, quantity)
        holding.entry_price = weighted(holding.entry_price, holding.entered, price, quantity)
        holding.entered += quantity
    else:
        earned = -signed * (price - holding.average_price)
        holding.exit_price = weighted(holding.exit_price, holding.exited, price, quantity)
        holding.exited += quantity
    holding.gross_pnl += earned
    holding.trade_fees += fee
    holding.position = on_grid(holding.position + signed, holding.quantity_step, holding.steps_per_unit)
    account.cash -= signed * price + fee
    account.fees += fee
    account.volume += quantity * price
    account.realized += earned
    mark_excursion(holding, price)
    return earned


@njit(**OPTIONS)
def open_trade(holding: Record, bar: Record, index: int, signed: float) -> None:
    holding.opened_at = bar.time
    holding.opened_bar = index
    holding.side = 1 if signed > 0.0 else -1
    holding.entered = 0.0
    holding.exited = 0.0
    holding.gross_pnl = 0.0
    holding.trade_fees = 0.0
    holding.mae = 0.0
    holding.mfe = 0.0


@njit(**OPTIONS)
def mark_excursion(holding: Record, price: float) -> None:
    """Let the open trade remember its largest open loss and profit, should this price be one.

    Source: Sweeney, "Maximum Adverse Excursion", 1997; here in account currency and before fees.
    """
    result = holding.gross_pnl + holding.position * (price - holding.average_price)
    holding.mfe = max(holding.mfe, result)
    holding.mae = max(holding.mae, -result)


@njit(**OPTIONS)
def close_trade(holding: Record, bar: Record, index: int, reason: int, trade: Record) -> None:
    """Write the row of the round trip that the last fill ended for this ExitReason; a flat position has no average."""
    trade.opened_at = holding.opened_at
    trade.closed_at = bar.time
    trade.opened_bar = holding.opened_bar
    trade.closed_bar = index
    trade.instrument = 0
    trade.side = holding.side
    trade.quantity = holding.entered
    trade.entry_price = holding.entry_price
    trade.exit_price = holding.exit_price
    trade.gross_pnl = holding.gross_pnl
    trade.fees = holding.trade_fees
    trade.pnl = holding.gross_pnl - holding.trade_fees
    trade.mae = holding.mae
    trade.mfe = holding.mfe
    trade.exit_reason = reason
    holding.average_price = 0.0
