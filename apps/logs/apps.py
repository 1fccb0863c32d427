from django.apps import AppConfig


class LogsConfig(AppConfig):
    name = "apps.logs"

    def ready(self) -> None:
        from apps.executions.lifecycle import execution_failed, status_changed
        from apps.logs.logbook import log_failure, log_status_change

        status_changed.connect(log_status_change, dispatch_uid="logs.log_status_change")
        execution_failed.connect(log_failure, dispatch_uid="logs.log_failure")
