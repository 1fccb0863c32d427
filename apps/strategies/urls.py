from django.urls import path
from rest_framework.routers import SimpleRouter

from apps.strategies.views import StrategiesView, StrategyConfigViewSet, StrategyDefaultsView

router = SimpleRouter()
router.register("strategy-configs", StrategyConfigViewSet, basename="strategy-config")
urlpatterns = [
    path("strategies/", StrategiesView.as_view(), name="strategies"),
    path("strategies/<str:strategy_type>/defaults/", StrategyDefaultsView.as_view(), name="strategy-defaults"),
    *router.urls,
]
