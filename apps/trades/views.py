from django.http import QueryDict

from apps.errors import Invalid
from apps.journal.views import JournalView
from apps.trades.journal import trades


class TradesView(JournalView):
    """Round trips, written when they are closed."""

    journal = trades
    member = "trades"
    filters = ("instrument", "direction")

    def check(self, query: QueryDict) -> None:
        super().check(query)
        if query.get("direction", "long") not in ("long", "short"):
            raise Invalid("Invalid direction parameter", fields={"direction": ["It must be long or short."]})
