from django.urls import path

from apps.events.views import EventsView

urlpatterns = [path("executions/<int:pk>/events/", EventsView.as_view(), name="execution-events")]
