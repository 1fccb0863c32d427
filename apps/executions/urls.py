from rest_framework.routers import SimpleRouter

from apps.executions.views import BacktestTaskViewSet, ExecutionViewSet

router = SimpleRouter()
router.register("backtest-tasks", BacktestTaskViewSet, basename="backtest-task")
router.register("executions", ExecutionViewSet, basename="execution")
urlpatterns = router.urls
