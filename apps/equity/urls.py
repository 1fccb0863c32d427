from django.urls import path

from apps.equity.views import EquityView

urlpatterns = [path("executions/<int:pk>/equity/", EquityView.as_view(), name="execution-equity")]
