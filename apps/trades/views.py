from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter

from apps.errors import Invalid
from apps.journal.export_views import ExportView, exported
from apps.journal.exports import Column, Kind
from apps.journal.shapes import described
from apps.journal.views import JournalView
from apps.trades.journal import trades
from apps.trades.shapes import TradesPageSerializer

FILTERS = [
    OpenApiParameter("instrument", str, description="Trades of this instrument only."),
    OpenApiParameter("direction", str, enum=["long", "short"], description="Trades of this direction only."),
]


@described(TradesPageSerializer, size=1000, filters=FILTERS)
class TradesView(JournalView):
    """Round trips, written when they are closed."""

    journal = trades
    member = "trades"
    filters = ("instrument", "direction")

    def check(self, query: QueryDict) -> None:
        super().check(query)
        if query.get("direction", "long") not in ("long", "short"):
            raise Invalid("Invalid direction parameter", fields={"direction": ["It must be long or short."]})


@exported(FILTERS)
class TradesExportView(ExportView, TradesView):
    """All trades as a file: the members of `trade` are columns of a table."""

    columns = (
        Column("sequence", Kind.WHOLE),
        *(Column(name, Kind.TEXT, within="trade") for name in ("instrument", "direction")),
        Column("units", Kind.NUMBER, within="trade"),
        Column("entry_time", Kind.TIME, within="trade"),
        Column("entry_price", Kind.NUMBER, within="trade"),
        Column("exit_time", Kind.TIME, within="trade"),
        *(Column(name, Kind.NUMBER, within="trade") for name in ("exit_price", "pnl", "pips")),
        Column("details", Kind.JSON, within="trade"),
        Column("created_at", Kind.TIME),
    )
