"""The older floor strategy: each layer is one position at its average price, closed as a whole."""

from apps.engine.strategies.floor_classic.strategy import FloorClassic

__all__ = ["FloorClassic"]
