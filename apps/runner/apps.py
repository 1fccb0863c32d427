from typing import Any

from celery.signals import setup_logging, worker_init, worker_shutting_down
from django.apps import AppConfig


class RunnerConfig(AppConfig):
    name = "apps.runner"

    def ready(self) -> None:
        from apps.runner import handover

        worker_init.connect(load_engine, dispatch_uid="runner.load_engine")
        worker_shutting_down.connect(handover.request, dispatch_uid="runner.handover")
        setup_logging.connect(keep_own_logging, dispatch_uid="runner.keep_own_logging")


def load_engine(**more: Any) -> None:
    """Compile or load every kernel before the worker forks: no user's first run waits for a compiler."""
    from apps.engine.warm import warm

    warm()


def keep_own_logging(**more: Any) -> None:
    """Celery leaves logging alone when somebody answers its signal: the settings have configured it."""
