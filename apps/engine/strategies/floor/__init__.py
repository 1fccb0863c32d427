"""The floor strategy: a ladder of entries under a price that moves against them, each with a profit of its own."""

from apps.engine.strategies.floor.strategy import Floor, MarginBlowout

__all__ = ["Floor", "MarginBlowout"]
