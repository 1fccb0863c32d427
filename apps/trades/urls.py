from django.urls import path

from apps.trades.views import TradesExportView, TradesView

urlpatterns = [
    path("executions/<int:pk>/trades/", TradesView.as_view(), name="execution-trades"),
    path("executions/<int:pk>/trades/export/", TradesExportView.as_view(), name="execution-trades-export"),
]
