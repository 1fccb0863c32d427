from django.http import QueryDict

from apps.errors import Invalid
from apps.executions.models import Execution
from apps.journal.views import JournalView, Window
from apps.trades.journal import trades


class TradesView(JournalView):
    """Round trips, written when they are closed."""

    journal = trades
    member = "trades"
    filters = ("instrument", "direction")

    def read(self, execution: Execution, window: Window, query: QueryDict) -> tuple[list[str], int]:
        if query.get("direction", "long") not in ("long", "short"):
            raise Invalid("Invalid direction parameter", fields={"direction": ["It must be long or short."]})
        return super().read(execution, window, query)
