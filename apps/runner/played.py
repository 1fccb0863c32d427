"""A session that is advanced a piece at a time, as every execution is."""

from apps.engine.session import Session
from apps.engine.types import Rows


class PlayedSession(Session):
    """Wherever a piece ends, the strategy knows in the next one what the fills since its last call have left.

    Of a timeframe that is coarser than the data, orders fill between two calls. The engine books those at the end of a
    piece without telling the strategy, which would take up the next bar with the position that it had before.
    """

    def advance(self, bars: int) -> Rows:
        rows = super().advance(bars)
        self._loop.tell_positions()
        return rows
