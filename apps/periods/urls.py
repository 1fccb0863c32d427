from django.urls import path

from apps.periods.views import PeriodsView

urlpatterns = [path("executions/<int:pk>/metrics/", PeriodsView.as_view(), name="metrics")]
