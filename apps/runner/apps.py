from typing import Any

from celery.signals import setup_logging, worker_init
from django.apps import AppConfig


class RunnerConfig(AppConfig):
    name = "apps.runner"

    def ready(self) -> None:
        worker_init.connect(load_engine, dispatch_uid="runner.load_engine")
        setup_logging.connect(keep_own_logging, dispatch_uid="runner.keep_own_logging")


def load_engine(**more: Any) -> None:
    """Compile or load every kernel before the worker forks: no user's first run waits for a compiler."""
    from apps.engine.warm import warm

    warm()


def keep_own_logging(**more: Any) -> None:
    """Celery leaves logging alone when somebody answers its signal: the settings have configured it."""
