from django.apps import AppConfig
from django.conf import settings


class StrategiesConfig(AppConfig):
    name = "apps.strategies"

    def ready(self) -> None:
        from apps.engine import strategies

        strategies.own.path = settings.STRATEGIES_DIR
