from django.db.models import Q

from apps.events.journal import events, of_type
from apps.executions.models import Execution
from apps.journal.views import JournalView


class EventsView(JournalView):
    """What the strategy decided, what was filled, how the execution's status changed."""

    journal = events
    member = "events"
    filters = ("event_type",)

    def matching(self, execution: Execution, name: str, value: str) -> Q:
        return of_type(execution.pk, value)
