"""What a broker is: where the orders of an execution go, and what becomes of them."""

from typing import Protocol

from apps.engine.session import Session


class Broker(Protocol):
    """The account of one execution; its session says how far that is, and what it is worth."""

    session: Session

    @property
    def is_closed(self) -> bool:
        """Whether it was told to close the positions, and none is left."""
