import argparse
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.urls import reverse

from apps.accounts.models import User
from apps.errors import DomainError
from apps.runner import embedded
from apps.runner.data_folder import claimed, secret_of
from apps.runner.supervisor import StartFailed, Supervisor


class Command(BaseCommand):
    help = "Serve on this machine: web server, worker and, where REDIS_URL names none, a broker. Ctrl-C stops it."
    requires_system_checks: list[str] = []  # the secret of a new data folder is not made yet
    name = "serve"
    accepts = frozenset({"serve", "demo"})
    """The commands whose data folders this one goes on with."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--host", default="127.0.0.1", help="The address to listen on (default: this machine only)."
        )
        parser.add_argument("--port", type=_port, default=8000)
        parser.add_argument(
            "--data-dir", help=f"The folder that holds all state (default: {settings.DATA_DIR}); manage.py reads it."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._serve(**options)
        except (DomainError, StartFailed) as refusal:
            raise CommandError(str(refusal)) from None

    def _serve(self, *, host: str, port: int, **options: Any) -> None:
        embedded.refuse_used_address(host, port)
        with claimed(settings.DATA_DIR, self.name, accepts=self.accepts):
            if settings.SECRET_KEY == settings.UNSAFE_SECRET_KEY:  # they were read before the folder had one
                settings.SECRET_KEY = secret_of(settings.DATA_DIR)
            self.check(tags=["tapedeck"])
            self._migrate()
            self.prepare(**options)
            shown = f"[{host}]" if ":" in host else host
            embedded.serve(host, port, self.say, lambda supervisor: self.greet(f"http://{shown}:{port}", supervisor))
        self.say("stopped; everything is kept.")

    def prepare(self, **options: Any) -> None:
        """What has to be in the database before anything is started."""

    def greet(self, address: str, supervisor: Supervisor) -> None:
        """What a person is told when the server is up."""
        self.say(f"Tapedeck serves {address}/ from {settings.DATA_DIR}; Ctrl-C stops it.")
        if settings.REGISTRATION_OPEN and not User.objects.exists():
            self.say(f"Nobody has an account yet: make the first one at {address}{reverse('dashboard:register')}")

    def say(self, text: str) -> None:
        self.stdout.write(f"[{self.name}] {text}")
        self.stdout.flush()

    def _migrate(self) -> None:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.say("database: making the tables")
            call_command("migrate", verbosity=0, interactive=False)


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65_536:
        raise argparse.ArgumentTypeError(f"{text} is no port: a port is a number from 1 to 65535")
    return int(text)
