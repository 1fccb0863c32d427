from django.urls import path

from apps.accounts.views import (
    KeysView,
    KeyView,
    LoginView,
    LogoutView,
    MeView,
    RefreshView,
    RegisterView,
    TicketView,
)

urlpatterns = [
    path("auth/register/", RegisterView.as_view(), name="register"),
    path("auth/login/", LoginView.as_view(), name="login"),
    path("auth/refresh/", RefreshView.as_view(), name="refresh"),
    path("auth/logout/", LogoutView.as_view(), name="logout"),
    path("me/", MeView.as_view(), name="me"),
    path("tickets/", TicketView.as_view(), name="tickets"),
    path("keys/", KeysView.as_view(), name="keys"),
    path("keys/<int:pk>/", KeyView.as_view(), name="key"),
]
