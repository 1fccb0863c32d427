"""The paper broker: orders are filled by the engine's own matching, as in a back-test; nothing is at stake.

To close its positions, the strategy is replaced by one that trades no more: at the close of the next bar it takes back
what works, and closes what is open at the market. That is another session, which takes up the snapshot of the first
one: a worker goes on with it, and a verification repeats it, like with any other.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from apps.engine.session import Session
from apps.engine.strategy import Fill, Order, Strategy


class Closing(Strategy):
    """Closes what is open, and asks its author nothing any more."""

    _runs: ClassVar[list["Closing"]]
    """The instance; of a run that is compared with its opposite, first the run's own."""
    _closing_order: Order | None = None

    def init(self) -> None:
        super().init()
        desk: Any = self._desk
        desk.conditions.clear()  # a strategy that sleeps would close only when it is woken
        self._runs.append(self)

    def on_bar(self) -> None:
        if any(self.legs) and (self._closing_order is None or not self.is_working(self._closing_order)):
            self.cancel_all()
            self._closing_order = self.close_position()

    def on_tick(self, bid: float, ask: float) -> None:
        self.on_bar()

    def on_fill(self, fill: Fill) -> None:
        """What its author would do now is not asked any more."""


class Paper:
    """make: the execution's session at its first row, of its strategy as it is, or changed by the argument.

    snapshot: where to go on; None for the start. is_closing: whether the positions are to be closed.
    """

    def __init__(
        self, make: Callable[..., Session], snapshot: bytes | None = None, *, is_closing: bool = False
    ) -> None:
        self._make = make
        self._runs: list[Closing] = []
        self.session = make(self._closing) if is_closing else make()
        if snapshot is not None:
            self.session.restore(snapshot)

    def close(self) -> None:
        """From here on, close the positions."""
        snapshot = self.session.snapshot()
        self.session = self._make(self._closing)
        self.session.restore(snapshot)

    @property
    def is_closed(self) -> bool:
        return bool(self._runs) and not any(self._runs[0].legs)

    def _closing(self, strategy: type[Strategy]) -> type[Strategy]:
        """By all that a snapshot and a client know of it, it is the strategy itself."""
        names = ("__module__", "__qualname__", "title", "strategy_type", "look_back", "parameters")
        same = {name: getattr(strategy, name) for name in names}
        return type(strategy.__name__, (Closing, strategy), {**same, "_runs": self._runs})
