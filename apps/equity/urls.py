from django.urls import path

from apps.equity.views import EquityExportView, EquityView

urlpatterns = [
    path("executions/<int:pk>/equity/", EquityView.as_view(), name="execution-equity"),
    path("executions/<int:pk>/equity/export/", EquityExportView.as_view(), name="execution-equity-export"),
]
