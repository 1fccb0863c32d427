from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.engine.strategies.sizing import SizedStrategy
from apps.engine.strategy import Int

if TYPE_CHECKING:
    from collections.abc import Mapping


class TurnOfMonth(SizedStrategy):
    """In the market only around the turn of the month.

    Source: Lakonishok & Smidt, "Are Seasonal Anomalies Real? A Ninety-Year Perspective", Review of Financial Studies 1
    (1988).
    """

    title = "Turn of the month"

    first_day = Int(27, min=2, max=31, unit="day", help="In from this day of the month on (UTC).")
    last_day = Int(3, min=1, max=30, unit="day", help="Out after this day of the next month.")

    @classmethod
    def check(cls, values: Mapping[str, Any]) -> dict[str, str]:
        if values["last_day"] < values["first_day"]:
            return {}
        return {"last_day": f"It must be before the first day, which is {values['first_day']}."}

    def on_bar(self) -> None:
        day = self.time.day
        is_in = day >= self.first_day or day <= self.last_day
        if is_in and not self.position:
            self.buy(self.entry_quantity())
        elif self.position and not is_in:
            self.close_position()
