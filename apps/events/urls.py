from django.urls import path

from apps.events.views import EventsExportView, EventsView

urlpatterns = [
    path("executions/<int:pk>/events/", EventsView.as_view(), name="execution-events"),
    path("executions/<int:pk>/events/export/", EventsExportView.as_view(), name="execution-events-export"),
]
