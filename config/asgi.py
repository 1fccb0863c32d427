"""What daphne serves: HTTP by Django, and the ways to follow executions."""

import gc
import os
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)  # the rooms can be imported from here on

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import get_resolver, path, re_path  # noqa: E402

from apps.dialects import mounts  # noqa: E402
from apps.equity.journal import equity  # noqa: E402
from apps.events.journal import events  # noqa: E402
from apps.journal.consumers import FollowSocket, SubscriptionSocket, UnknownAddress  # noqa: E402
from apps.journal.hub import Hub  # noqa: E402
from apps.journal.lines import with_line  # noqa: E402
from apps.journal.streams import EventStreams  # noqa: E402
from apps.trades.journal import trades  # noqa: E402
from config.handler import Handler  # noqa: E402

django_application = Handler()
hub = Hub((events, trades, equity))
follow: Any = FollowSocket(hub)  # where Django's types expect a view, Channels' routing takes an application
subscriptions: Any = SubscriptionSocket(hub)
nothing: Any = UnknownAddress()
streams: Any = EventStreams(django_application, hub)
pages: Any = django_application

sockets = URLRouter(
    [
        path("ws/executions/<int:pk>/", follow),
        path("ws/executions/", subscriptions),
        *mounts.sockets(hub),
        re_path("", nothing),
    ]
)
requests = URLRouter([path("api/trading/executions/<int:pk>/stream/", streams), re_path("", pages)])
application = ProtocolTypeRouter({"http": with_line(requests), "websocket": with_line(AuthMiddlewareStack(sockets))})

_ = get_resolver().url_patterns  # what the first request would load
gc.freeze()  # or each full collection looked at all of this again: a tenth of a second in which nobody is served
