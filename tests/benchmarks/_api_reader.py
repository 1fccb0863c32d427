"""Records a long execution, asks for pages of it, and prints what each question cost: `api` starts it.

It is a URL configuration as well: ours, and the two views that ours is compared with.
"""

import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import django

django.setup()

import numpy as np  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.models import QuerySet  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.urls import include, path  # noqa: E402
from rest_framework import generics, pagination, renderers, serializers  # noqa: E402
from rest_framework_simplejwt.tokens import AccessToken  # noqa: E402

from apps.events.models import Event  # noqa: E402
from apps.executions import lifecycle, services  # noqa: E402
from apps.executions.models import Execution  # noqa: E402
from apps.runner import recorder  # noqa: E402
from tests.benchmarks.tape._appender import (  # noqa: E402
    CHUNK_EVENTS,
    START,
    order_rows,
    prepared_task,
    server_cpu,
)

ROUNDS, PAGE = 3, 1000


class PlainSerializer(serializers.ModelSerializer[Event]):
    class Meta:
        model = Event
        fields = ["execution", "sequence", "event_type", "body"]


class PlainPages(pagination.PageNumberPagination):
    page_size = PAGE


class PlainView(generics.ListAPIView[Event]):
    """As the framework's tutorial has it; the body stays a string, which is cheaper than JSON in JSON."""

    serializer_class = PlainSerializer
    pagination_class = PlainPages
    renderer_classes = [renderers.JSONRenderer]

    def get_queryset(self) -> QuerySet[Event]:
        return Event.objects.filter(execution_id=self.kwargs["pk"]).order_by("sequence")


kept: dict[str, bytes] = {}


def raw(request: HttpRequest) -> HttpResponse:
    """The bytes of one of our pages; it asks neither who wants them nor the database."""
    return HttpResponse(kept["page"], content_type="application/json")


urlpatterns = [path("plain/<int:pk>/", PlainView.as_view()), path("raw/", raw), path("", include("config.urls"))]


class Client:
    """Calls the web application as its server does, without a network between."""

    def __init__(self, token: str) -> None:
        self.application = get_wsgi_application()
        self.token = token

    def get(self, url: str, held: str = "", wanted: int = 200) -> tuple[bytes, dict[str, str]]:
        """The body and the headers; fails when the status is not `wanted`."""
        where, _, query = url.partition("?")
        environ = {
            "REQUEST_METHOD": "GET", "PATH_INFO": where, "QUERY_STRING": query, "SCRIPT_NAME": "",
            "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "127.0.0.1",
            "REMOTE_ADDR": "127.0.0.1", "HTTP_AUTHORIZATION": f"Bearer {self.token}", "HTTP_ACCEPT": "*/*",
            "wsgi.input": BytesIO(), "wsgi.errors": sys.stderr, "wsgi.url_scheme": "http", "wsgi.version": (1, 0),
            "wsgi.multithread": False, "wsgi.multiprocess": True, "wsgi.run_once": False,
        }  # fmt: skip
        if held:
            environ["HTTP_IF_NONE_MATCH"] = held
        seen: list[Any] = []
        answer = self.application(environ, lambda status, headers, error=None: seen.extend((status, headers)))
        body = b"".join(answer)
        answer.close()
        if int(seen[0].split()[0]) != wanted:
            raise SystemExit(f"{url}: {seen[0]} instead of {wanted}: {body[:500]!r}")
        return body, dict(seen[1])


def recorded(task: Any, count: int) -> Execution:
    """An execution with so many events and more, recorded in chunks as a worker does."""
    numbers = np.random.default_rng(3)
    claim = recorder.claim(services.start(task).pk)
    assert claim is not None
    for done in range(CHUNK_EVENTS, count + CHUNK_EVENTS, CHUNK_EVENTS):
        rows = order_rows(numbers, done - CHUNK_EVENTS, CHUNK_EVENTS)
        recorder.record(claim, rows, recorder.Progress(done, count, START, bytes(2000), None))
    lifecycle.stop(claim.execution)
    return Execution.objects.get(pk=claim.execution.pk)


def main(events: int, folder: Path) -> None:
    settings.ROOT_URLCONF = __name__
    call_command("migrate", verbosity=0)
    task = prepared_task()
    execution = recorded(task, events)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE events_event")  # as the database does by itself, some minutes later
    token = str(AccessToken.for_user(task.owner))
    client = Client(token)

    base = f"/api/trading/executions/{execution.pk}/events/?"
    head, chance = execution.events_head, random.Random(5)
    last, typed = head // PAGE, "event_type=strategy_signal&page="
    kept["page"], headers = client.get(f"{base}page={last // 2}")
    (folder / "page").write_bytes(kept["page"])
    last_typed = json.loads(client.get(f"{base}{typed}1")[0])["count"] // PAGE
    at_head = f"{base}since_sequence={head}"
    at_head_tag = client.get(at_head)[1]["ETag"]
    assert len(json.loads(kept["page"])["events"]) == PAGE
    assert last_typed > 10

    def anywhere() -> int:
        return chance.randint(last // 10, last)

    questions: dict[str, tuple[int, Callable[[], Any]]] = {
        "page": (200, lambda: client.get(f"{base}page={anywhere()}")),
        "first page": (200, lambda: client.get(f"{base}page=1")),
        "last page": (200, lambda: client.get(f"{base}page={last}")),
        "plain page": (8, lambda: client.get(f"/plain/{execution.pk}/?page={anywhere()}")),
        "raw page": (300, lambda: client.get("/raw/")),
        "empty poll": (300, lambda: client.get(at_head)),
        "empty poll answered 304": (300, lambda: client.get(at_head, at_head_tag, 304)),
        "page answered 304": (300, lambda: client.get(f"{base}page={last // 2}", headers["ETag"], 304)),
        "first page of one event type": (30, lambda: client.get(f"{base}{typed}1")),
        "last page of one event type": (30, lambda: client.get(f"{base}{typed}{last_typed}")),
        "status": (200, lambda: client.get(f"/api/trading/executions/{execution.pk}/status/")),
    }
    rounds = list(_rounds(questions))
    best = {name: min((taken[name] for taken in rounds), key=sum) for name in questions}
    print(json.dumps({"costs": best, "token": token, "execution": execution.pk, "head": head}))


def _rounds(questions: dict[str, tuple[int, Callable[[], Any]]]) -> Iterator[dict[str, list[float]]]:
    """CPU seconds a request, [web, database], of each question in turn; the first round warms up what can be warmed."""
    for number in range(ROUNDS + 1):
        taken = {}
        for name, (times, ask) in questions.items():
            web, database = time.process_time(), server_cpu()
            for _ in range(times if number else 2):
                ask()
            taken[name] = [(time.process_time() - web) / times, (server_cpu() - database) / times]
        if number:
            yield taken


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
