"""`manage.py import_ticks FILE --symbol EUR_USD --name "EUR/USD ticks" --owner me@example.org`"""

from apps.market.management.commands import import_bars
from apps.market.models import Dataset


class Command(import_bars.Command):
    help = "Import ticks of bid and ask from a file into a dataset, and say what was remarkable about them."
    layout = Dataset.Layout.TICKS
