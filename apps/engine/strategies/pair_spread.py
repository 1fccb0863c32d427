from __future__ import annotations

import math
from statistics import fmean, pstdev
from typing import TYPE_CHECKING, Any

from apps.engine.strategy import Float, Int, Strategy

if TYPE_CHECKING:
    from collections.abc import Mapping


class PairSpread(Strategy):
    """Bets that two instruments come together again: short the one that has become dear, long the other.

    The spread is the logarithm of the ratio of the closes; its z-score says how many standard deviations it is away
    from its mean. Both sides have the same value when they are opened. Needs a run of two instruments.

    Source: Gatev, Goetzmann & Rouwenhorst, "Pairs Trading", Review of Financial Studies 19 (2006).
    """

    title = "Pair spread"
    least_instruments = 2

    period = Int(60, min=5, max=5000, unit="bars", help="Bars of the mean and of the standard deviation.")
    entry_z = Float(2.0, min=0.1, max=10, help="Enter when the z-score is further from 0 than this.")
    exit_z = Float(0.5, min=0, max=10, help="Leave when it is nearer to 0 than this.")
    fraction = Float(0.45, min=0.01, max=1, help="The share of the equity that each side is worth.")

    @classmethod
    def check(cls, values: Mapping[str, Any]) -> dict[str, str]:
        if values["exit_z"] < values["entry_z"]:
            return {}
        return {"exit_z": f"It must be below the entry's, which is {values['entry_z']}."}

    def init(self) -> None:
        if len(self.markets) > 2:
            raise ValueError(f"A pair has two instruments; this run has {len(self.markets)}.")
        self.spreads: list[float] = []

    def on_bar(self) -> None:
        first, second = self.markets
        if not (first.close[-1] > 0 and second.close[-1] > 0):
            return  # one of them has had no bar yet
        self.spreads = [*self.spreads[1 - self.period :], math.log(first.close[-1] / second.close[-1])]
        if len(self.spreads) < self.period:
            return
        deviation = pstdev(self.spreads)
        z = (self.spreads[-1] - fmean(self.spreads)) / deviation if deviation else 0.0
        if first.position:
            if abs(z) < self.exit_z:
                first.close_position()
                second.close_position()
        elif abs(z) > self.entry_z:
            side = -1 if z > 0 else 1
            first.target(side * first.size(self.fraction))
            second.target(-side * second.size(self.fraction))
