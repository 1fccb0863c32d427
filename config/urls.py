"""Every address of the server. Conformance clients know these by heart: a path never changes."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularSwaggerSplitView

from apps.accounts.audit_views import AuditView
from apps.accounts.views import RefreshView, TokenView
from apps.dialects import mounts
from apps.journal.streams import StreamView
from apps.keeping.views import BundleView
from config.health import healthz, readyz
from config.reading import RedocView, SchemaView

# what is polled is found first
rooms_of_trading = ("events", "trades", "equity", "strategies", "executions", "logs", "periods")

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("api/token/", TokenView.as_view(), name="token"),
    path("api/token/refresh/", RefreshView.as_view(), name="token-refresh"),
    path("api/accounts/", include("apps.accounts.urls")),
    path("api/audit/", AuditView.as_view(), name="audit"),
    path("api/market/", include("apps.market.urls")),
    path("api/trading/executions/<int:pk>/stream/", StreamView.as_view(), name="stream"),
    path("api/trading/executions/<int:pk>/bundle/", BundleView.as_view(), name="execution-bundle"),
    *(path("api/trading/", include(f"apps.{room}.urls")) for room in rooms_of_trading),
    path("api/schema/", SchemaView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),  # no inline script
    path("api/redoc/", RedocView.as_view(url_name="schema"), name="redoc"),
    path("admin/", admin.site.urls),
    *mounts.patterns(),
    path("", include("apps.dashboard.urls")),
]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.permission_denied"
handler404 = "config.errors.not_found"
handler500 = "config.errors.server_error"
