"""What a feed is: which market rows come, and when."""

from typing import Protocol


class Feed(Protocol):
    """The rows of one execution, in the order in which they come; moments are microseconds UTC."""

    def come(self, now: int) -> int:
        """How many rows have come by now, from the execution's first one on."""

    def moment_of(self, row: int) -> int:
        """When the row of this index comes, or came; IndexError where there will be none."""
