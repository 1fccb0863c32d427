from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "apps.events"

    def ready(self) -> None:
        from apps.events.failures import record_failure
        from apps.events.journal import record_status_change
        from apps.executions.lifecycle import execution_failed, status_changed

        status_changed.connect(record_status_change, dispatch_uid="events.record_status_change")
        execution_failed.connect(record_failure, dispatch_uid="events.record_failure")
