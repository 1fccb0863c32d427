"""What a fill does to cash, to the position and to the open trade.

A position is netted at its average price. A trade is a round trip from flat to flat: a pyramided position closes as one
trade whose entry price is weighted by volume. Money moves in the currency that the contract settles in, of which an
account may owe some; a cash account changes it on the spot. Results, fees and values are told in the account's
currency, at the rate of their row.
"""

from numba import njit, types

from apps.engine.kernels import INNER
from apps.engine.types import AccountKind, Record
from apps.engine.venue.books import BOOKS_RECORD, ORDER_RECORD, account_of, contract_of, currency_at, holding_of, leaf
from apps.engine.venue.costs import worth
from apps.engine.venue.grid import on_grid

CASH = int(AccountKind.CASH)


@njit(**INNER)
def weighted(contract: Record, price: float, quantity: float, further_price: float, further_quantity: float) -> float:
    """The price at which both quantities together are worth the same; the further price when there was none before."""
    if quantity == 0.0:
        return further_price
    total = quantity + further_quantity
    if contract.is_inverse:
        return total / (quantity / price + further_quantity / further_price)
    return (price * quantity + further_price * further_quantity) / total


@njit(**INNER)
def rate_of(books: Record, contract: Record) -> float:
    """Units of the account's currency for one of the contract's, in the last row."""
    return currency_at(books.currencies, contract.currency).rate


@njit(**INNER)
def cash_of(books: Record) -> float:
    """All balances in the account's currency."""
    first = currency_at(books.currencies, 0)
    cash = first.balance * first.rate
    for i in range(1, books.currencies_count):
        currency = currency_at(books.currencies, i)
        cash += currency.balance * currency.rate
    return cash


@njit(**INNER)
def receive(books: Record, contract: Record, amount: float) -> None:
    """Take in an amount of the contract's currency; one below 0 is paid."""
    if books.margin == CASH:
        currency_at(books.currencies, 0).balance += amount * rate_of(books, contract)
    else:
        currency_at(books.currencies, contract.currency).balance += amount


@njit(**INNER)
def open_trade(holding: Record, time: int, index: int, signed: float) -> None:
    holding.opened_at = time
    holding.opened_bar = index
    holding.side = 1 if signed > 0.0 else -1
    holding.entered = 0.0
    holding.exited = 0.0
    holding.gross_pnl = 0.0
    holding.trade_fees = 0.0
    holding.payments = 0.0
    holding.mae = 0.0
    holding.mfe = 0.0


@njit(**INNER)
def open_result(contract: Record, holding: Record, price: float) -> float:
    """What the position would earn at this price, in the contract's currency and before fees."""
    return holding.position * (worth(contract, price) - worth(contract, holding.average_price))


@njit(**INNER)
def mark_excursion(contract: Record, holding: Record, price: float, rate: float) -> None:
    """Let the open trade remember its largest open loss and profit, should this price be one.

    Source: Sweeney, "Maximum Adverse Excursion", 1997; here in account currency and before fees.
    """
    result = holding.gross_pnl
    if holding.position != 0.0:
        result += open_result(contract, holding, price) * rate
    holding.mfe = max(holding.mfe, result)
    holding.mae = max(holding.mae, -result)


@leaf(
    BOOKS_RECORD,
    types.int64,
    ORDER_RECORD,
    types.int64,
    types.float64,
    types.float64,
    types.float64,
    returns=types.float64,
)
def book(books: Record, index: int, order: Record, time: int, signed: float, price: float, fee: float) -> float:
    """Book one fill that does not cross zero; what it earned before fees, in the account's currency (0.0 for an entry).

    index, time: of the row. signed: the quantity, negative for a sale. fee: in the contract's currency.
    Earned is closed quantity x (worth of the price - worth of the average price). The average moves with entries only.
    """
    account, contract, holding = account_of(books), contract_of(books, order), holding_of(books, order)
    if holding.position == 0.0:
        open_trade(holding, time, index, signed)
    quantity, value, rate = abs(signed), worth(contract, price), rate_of(books, contract)
    earned = 0.0
    if holding.position * signed >= 0.0:
        holding.average_price = weighted(contract, holding.average_price, abs(holding.position), price, quantity)
        holding.entry_price = weighted(contract, holding.entry_price, holding.entered, price, quantity)
        holding.entered += quantity
    else:
        earned = -signed * (value - worth(contract, holding.average_price)) * rate
        holding.exit_price = weighted(contract, holding.exit_price, holding.exited, price, quantity)
        holding.exited += quantity
    holding.gross_pnl += earned
    holding.trade_fees += fee * rate
    holding.position = on_grid(holding.position + signed, contract.quantity_step, contract.steps_per_unit)
    receive(books, contract, -(signed * value + fee))
    account.fees += fee * rate
    account.volume += quantity * abs(value) * rate
    account.realized += earned
    mark_excursion(contract, holding, price, rate)
    return earned


@njit(**INNER)
def close_trade(holding: Record, time: int, index: int, reason: int, trade: Record) -> None:
    """Write the row of the round trip that the last fill ended for this ExitReason; a flat position has no average."""
    trade.opened_at = holding.opened_at
    trade.closed_at = time
    trade.opened_bar = holding.opened_bar
    trade.closed_bar = index
    trade.instrument = holding.instrument
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
    trade.payments = holding.payments
    trade.ticket = holding.ticket
    holding.average_price = 0.0


@njit(**INNER)
def close_part(holding: Record, time: int, index: int, reason: int, quantity: float, fee: float, trade: Record) -> None:
    """Write a row of its own for the part of a ticket that the last fill closed, and let the rest go on without it.

    fee: of that fill. What else the trade has met so far is shared by quantity.
    """
    share = quantity / (quantity + abs(holding.position))
    trade.opened_at = holding.opened_at
    trade.closed_at = time
    trade.opened_bar = holding.opened_bar
    trade.closed_bar = index
    trade.instrument = holding.instrument
    trade.side = holding.side
    trade.quantity = quantity
    trade.entry_price = holding.entry_price
    trade.exit_price = holding.exit_price
    trade.gross_pnl = holding.gross_pnl
    trade.fees = fee + share * (holding.trade_fees - fee)
    trade.pnl = trade.gross_pnl - trade.fees
    trade.mae = share * holding.mae
    trade.mfe = share * holding.mfe
    trade.exit_reason = reason
    trade.payments = share * holding.payments
    trade.ticket = holding.ticket
    holding.entered = abs(holding.position)
    holding.exited = 0.0
    holding.exit_price = 0.0
    holding.gross_pnl = 0.0
    holding.trade_fees -= trade.fees
    holding.payments -= trade.payments
    holding.mae -= trade.mae
    holding.mfe -= trade.mfe
