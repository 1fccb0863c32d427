from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.urls import reverse

from apps.executions.lifecycle import TERMINAL
from apps.executions.models import Execution
from apps.market import bundled
from apps.runner import demonstration
from apps.runner.management.commands import serve
from apps.runner.supervisor import Supervisor


class Command(serve.Command):
    help = "Serve a demonstration: real data, a finished back-test, one to watch, and a user. Ctrl-C stops it."
    name = "demo"
    accepts = frozenset({"demo"})
    password: str | None = None
    """Known while it is new; what is kept is its hash."""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--new-password", action="store_true", help="Give the demonstration's user another one.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.EMBEDDED or settings.DATABASES["default"]["NAME"] != str(settings.DATA_DIR / "db.sqlite3"):
            raise CommandError(
                "DATABASE_URL or REDIS_URL is set, and a demonstration keeps to its own folder."
                " Unset them, or use `manage.py serve`."
            )
        super().handle(*args, **options)

    def prepare(self, **options: Any) -> None:
        missing = bundled.missing()
        for number, entry in enumerate(missing, 1):
            self.say(f"market data {number} of {len(missing)}: {entry['dataset']}, {entry['rows']:,} bars")
            bundled.install(entry)
        self.password = demonstration.ensure_user(new_password=options["new_password"])

    def greet(self, address: str, supervisor: Supervisor) -> None:
        finished, watched = demonstration.start()
        if finished.status not in TERMINAL:
            self.say("the first back-test is running")
            supervisor.watch(until=lambda: _status(finished) in TERMINAL)
        if supervisor.stop_requests:
            return
        self.say(f"Tapedeck serves {address}/ from {settings.DATA_DIR}; Ctrl-C stops it.")
        lines = {
            "user": demonstration.EMAIL,
            "password": self.password or "the one you were shown (forgotten? start with --new-password)",
            "a finished back-test": address + _page(finished),
            "one to watch": address + _page(watched),
        }
        self.stdout.write("\n" + "".join(f"    {name:22}{value}\n" for name, value in lines.items()))
        self.stdout.flush()


def _status(execution: Execution) -> str:
    execution.refresh_from_db(fields=["status"])
    return execution.status


def _page(execution: Execution) -> str:
    return reverse("dashboard:execution", args=[execution.pk])
