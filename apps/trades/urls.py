from django.urls import path

from apps.trades.views import TradesView

urlpatterns = [path("executions/<int:pk>/trades/", TradesView.as_view(), name="execution-trades")]
