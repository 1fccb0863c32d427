"""Our engine follows a script of orders."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from apps.engine.types import Costs, Instrument
from tests.engine.runs import session_of
from tests.peers.outcomes import CASH, Outcome, Trip
from tests.peers.players.play import by_bar

if TYPE_CHECKING:
    from apps.engine.strategy import Order, Strategy
    from apps.engine.types import Array, FillRules
    from tests.peers.markets import Market


def played(market: Market, steps: Array, *, fee: float, rules: FillRules) -> Outcome:
    rules = replace(rules, compare_opposite=False)  # the follower remembers orders of one run, not of two
    session = session_of(
        follower(steps),
        market.bars,
        instrument=Instrument("SAME", price_increment=10.0**-market.decimals),
        cash=CASH,
        costs=Costs(commission_rate=fee),
        rules=rules,
    )
    rows = session.advance(session.total)
    names = ("opened_bar", "closed_bar", "side", "quantity", "entry_price", "exit_price")
    trips = [
        Trip(opened, closed, side * quantity, entry, left)
        for opened, closed, side, quantity, entry, left in rows.trades[list(names)].tolist()
    ]
    return Outcome(trips, session.equity)


def follower(steps: Array) -> Any:
    """An `on_bar` that does what the script says."""
    script = by_bar(steps)
    entries: list[Order] = []

    def on_bar(strategy: Strategy) -> None:
        step = script.get(strategy.index)
        if step is None:
            return
        for order in entries:
            strategy.cancel(order)
        entries.clear()
        held, side, quantity, act = strategy.position, step["side"], step["quantity"], step["act"]
        if act == "leave":
            strategy.close_position()
        elif act == "turn" and held * side <= 0:
            strategy.cancel_all()
            entries.append(placed(strategy, side, quantity + abs(held), step))
        elif (act == "enter" and not held) or (act == "add" and held * side > 0):
            entries.append(placed(strategy, side, quantity, step))
        elif act == "reduce" and held * side > quantity:
            entries.append(placed(strategy, -side, quantity, step))

    return on_bar


def placed(strategy: Strategy, side: int, quantity: float, step: dict[str, Any]) -> Order:
    names = {"limit": "limit", "stop": "stop", "stop_loss": "sl", "target": "tp"}
    terms: Any = {ours: step[name] for name, ours in names.items() if step[name] is not None}
    return strategy.buy(quantity, **terms) if side > 0 else strategy.sell(quantity, **terms)
