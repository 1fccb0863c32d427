"""`manage.py check_strategy FILE`: would this strategy run here? With file, line and bar of what would not."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.engine import strategies
from apps.engine.errors import UnknownStrategy
from apps.engine.strategies import folder
from apps.engine.strategy import Strategy
from apps.strategies.trial import Trial, try_out


class Command(BaseCommand):
    help = (
        "Read a strategy's file, look at its parameters, and play it on 2,000 made-up bars. Exits with 1 on a problem."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("strategy", help="a file, its name in the folder of your strategies, or a strategy's id")

    def handle(self, *args: Any, **options: Any) -> None:
        bad = 0
        for kind, strategy in _found(options["strategy"]).items():
            self.stdout.write(self.style.MIGRATE_HEADING(f"{strategy.title} ({kind})"))
            trial = try_out(strategy)
            self._tell(trial)
            bad += bool(trial.problems)
        if bad:
            raise CommandError("It is not fit to run yet.")

    def _tell(self, trial: Trial) -> None:
        for text in trial.facts:
            self.stdout.write(f"  {text}")
        for text in trial.advice:
            self.stdout.write(self.style.WARNING(f"  advice: {text}"))
        for text in trial.problems:
            self.stdout.write(self.style.ERROR(f"  problem: {text}"))
        if not trial.problems:
            self.stdout.write(self.style.SUCCESS("  It runs, and can be interrupted anywhere."))


def _found(named: str) -> dict[str, type[Strategy]]:
    """The strategies of a file, or the one of this id. Raises CommandError."""
    for file in (Path(named), settings.STRATEGIES_DIR / named, settings.STRATEGIES_DIR / f"{named}.py"):
        if file.is_file():
            return _offered(file)
    try:
        strategy = strategies.get(named)
    except UnknownStrategy as error:
        raise CommandError(f"There is no file {named}. {error}") from None
    return {strategy.strategy_type: strategy}


def _offered(file: Path) -> dict[str, type[Strategy]]:
    try:
        found = folder.load(folder.read(file))
    except folder.BadFile as problem:
        raise CommandError(str(problem)) from None
    for kind, strategy in found.items():
        known = strategies.all().get(kind)
        if known is not None and folder.source_of(known) is None:
            raise CommandError(f"{strategy.__name__} would be {kind}, and there is another strategy of this name.")
    return found
