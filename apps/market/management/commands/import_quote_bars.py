"""`manage.py import_quote_bars FILE --symbol EUR_USD --timeframe 1m --name "EUR/USD minutes" --owner me@example.org`"""

from apps.market.management.commands import import_bars
from apps.market.models import Dataset


class Command(import_bars.Command):
    help = "Import bars of bid and ask from a file into a dataset, and say what was remarkable about them."
    layout = Dataset.Layout.QUOTE_BARS
