from django.urls import path
from rest_framework.routers import SimpleRouter

from apps.executions.verification_views import VerificationView
from apps.executions.views import BacktestTaskViewSet, ExecutionViewSet

router = SimpleRouter()
router.register("backtest-tasks", BacktestTaskViewSet, basename="backtest-task")
router.register("executions", ExecutionViewSet, basename="execution")
urlpatterns = [
    path("executions/<int:pk>/verify/", VerificationView.as_view(), name="execution-verify"),
    *router.urls,
]
