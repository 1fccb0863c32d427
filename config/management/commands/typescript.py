"""`manage.py typescript`: write the TypeScript declaration of the API beside the other clients."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config.reading import description
from config.typescript import declaration

PATH = settings.BASE_DIR / "clients" / "typescript" / "tapedeck.d.ts"


def made() -> str:
    """The declaration of the API as it is now."""
    return declaration(description())


class Command(BaseCommand):
    help = "Write clients/typescript/tapedeck.d.ts, the API's description as a TypeScript declaration."

    def handle(self, *args: Any, **options: Any) -> None:
        PATH.write_text(made())
        self.stdout.write(f"{PATH.relative_to(settings.BASE_DIR)} is up to date.")
