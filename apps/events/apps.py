from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "apps.events"

    def ready(self) -> None:
        from apps.events.journal import record_status_change
        from apps.executions.lifecycle import status_changed

        status_changed.connect(record_status_change, dispatch_uid="events.record_status_change")
