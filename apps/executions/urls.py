from django.urls import path
from rest_framework.routers import SimpleRouter

from apps.executions.batch_views import BatchView, QuotaView, StatusesView
from apps.executions.trading_views import TradingTaskViewSet
from apps.executions.verification_views import VerificationView
from apps.executions.views import BacktestTaskViewSet, ExecutionViewSet

router = SimpleRouter()
router.register("backtest-tasks", BacktestTaskViewSet, basename="backtest-task")
router.register("trading-tasks", TradingTaskViewSet, basename="trading-task")
router.register("executions", ExecutionViewSet, basename="execution")
urlpatterns = [
    path("executions/batch/", BatchView.as_view(), name="execution-batch"),
    path("executions/statuses/", StatusesView.as_view(), name="execution-statuses"),
    path("quota/", QuotaView.as_view(), name="quota"),
    path("executions/<int:pk>/verify/", VerificationView.as_view(), name="execution-verify"),
    *router.urls,
]
