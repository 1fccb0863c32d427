"""What daphne serves: HTTP by Django, and one WebSocket an execution."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django_application = get_asgi_application()  # sets Django up: the rooms can be imported from here on

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import path, re_path  # noqa: E402

from apps.equity.journal import equity  # noqa: E402
from apps.events.journal import events  # noqa: E402
from apps.journal.consumers import FollowConsumer, UnknownAddress  # noqa: E402
from apps.trades.journal import trades  # noqa: E402

follow = FollowConsumer.as_asgi(journals=(events, trades, equity))
sockets = URLRouter([path("ws/executions/<int:pk>/", follow), re_path("", UnknownAddress.as_asgi())])
application = ProtocolTypeRouter({"http": django_application, "websocket": AuthMiddlewareStack(sockets)})
