"""`manage.py new_strategy NAME`: a file to begin with, in the folder of the owner's strategies."""

import re
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.engine import strategies
from apps.engine.strategies import folder

NAME = re.compile(r"(?=.{3,60}$)[a-z][a-z0-9]*(_[a-z][a-z0-9]*)*")
TEMPLATE = '''"""What the strategy does, and where the idea comes from."""

from apps.engine.indicators import sma
from apps.engine.strategy import Float, Int, Strategy


class {class_name}(Strategy):
    """Long while the close is above its average.

    Source: write here where the idea comes from.
    """

    title = "{title}"

    period = Int(50, min=2, max=1000, unit="bars", help="Length of the average.")
    quantity = Float(1.0, min=0, unit="units", help="What an entry buys.")

    def init(self) -> None:
        self.average = self.indicator(sma, self.period)

    def on_bar(self) -> None:
        if not self.position and self.close[-1] > self.average[-1]:
            self.buy(self.quantity)
        elif self.position and self.close[-1] < self.average[-1]:
            self.close_position()
'''


class Command(BaseCommand):
    help = "Write a strategy to begin with into the folder of your strategies; it is offered at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="small letters, digits and _, as my_breakout: its id and its file's name")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["name"].removesuffix(".py")
        if not NAME.fullmatch(name):
            raise CommandError(f"{name!r} is no name: it has 3 to 60 small letters and digits, as my_breakout.")
        file = settings.STRATEGIES_DIR / f"{name}.py"
        known = strategies.all().get(name)
        if file.exists() or known is not None:
            held = folder.source_of(known) if known else None
            raise CommandError(f"There is a strategy {name} already{f', in {held.name}' if held else ''}.")
        file.parent.mkdir(parents=True, exist_ok=True)
        words = name.split("_")
        text = TEMPLATE.format(class_name="".join(map(str.capitalize, words)), title=" ".join(words).capitalize())
        with file.open("x", encoding="utf-8") as new:
            new.write(text)
        self.stdout.write(self.style.SUCCESS(f"Wrote {file}"))
        self.stdout.write(f"Change it, try it with `manage.py check_strategy {name}`, and start it from the browser.")
