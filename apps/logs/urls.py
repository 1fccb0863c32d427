from django.urls import path

from apps.logs.views import LogView

urlpatterns = [path("executions/<int:pk>/logs/", LogView.as_view(), name="logs")]
