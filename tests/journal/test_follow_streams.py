"""Server-sent events: who may have them, where they begin, what they say."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.db import connections
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken

from apps.executions import lifecycle
from apps.journal import cursors, streams
from tests.journal.following import in_thread

pytestmark = [pytest.mark.django_db(transaction=True)]
Append = Callable[[str, int], None]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "IDLE_SECONDS", 0.05)
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)


class Stream:
    """A client that reads one stream through the whole server."""

    def __init__(self, user: Any, path: str, **headers: str) -> None:
        from config.asgi import application

        path, _, query = path.partition("?")
        sent = {"host": "127.0.0.1", "accept": "text/event-stream", **headers}
        if user is not None:
            sent["authorization"] = f"Bearer {AccessToken.for_user(user)}"
        scope = {
            "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": query.encode(),
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in sent.items()],
            "http_version": "1.1", "scheme": "http", "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 5),
            "root_path": "",
        }  # fmt: skip
        self.server = ApplicationCommunicator(application, scope)
        self.body = ""

    async def open(self) -> tuple[int, dict[str, str]]:
        await self.server.send_input({"type": "http.request", "body": b"", "more_body": False})
        start = await self.server.receive_output(10)
        return start["status"], {name.decode().lower(): value.decode() for name, value in start["headers"]}

    async def read(self, until: str) -> str:
        """All that has come, up to the first event or comment in which these words stand."""
        while until not in self.body:
            message = await self.server.receive_output(10)
            self.body += message["body"].decode()
            assert message.get("more_body") or until in self.body, self.body
        return self.body

    async def leave(self) -> None:
        await self.server.send_input({"type": "http.disconnect"})
        await self.server.wait(10)

    def sequences(self, journal: str) -> list[int]:
        rows = [orjson.loads(data) for data in re.findall(r"event: rows\ndata: (.*)\n\n", self.body)]
        return [row["sequence"] for part in rows for row in part.get(journal, [])]


def path_of(execution: Any, query: str = "") -> str:
    return f"/api/trading/executions/{execution.pk}/stream/{query}"


async def test_it_tells_past_and_present_and_the_end(execution: Any, owner: Any, append: Append) -> None:
    await in_thread(append)("events", 3)
    stream = Stream(owner, path_of(execution, "?since_events=1"))

    status, headers = await stream.open()
    await stream.read('"sequence":3')
    await in_thread(append)("equity", 2)
    await stream.read("e3.t0.q2")
    await in_thread(lifecycle.stop)(execution)
    await stream.read("event: end")

    assert (status, headers["content-type"], headers["cache-control"]) == (
        200, "text/event-stream", "no-cache, no-transform",
    )  # fmt: skip
    assert "content-length" not in headers
    assert "x-request-id" in headers
    assert re.match(r"retry: \d{3,4}\n\n", stream.body)
    assert stream.sequences("events") == [2, 3, 4]
    assert stream.sequences("equity") == [1, 2]
    assert stream.body.endswith("id: e4.t0.q2.end\nevent: end\ndata: {}\n\n")
    await stream.leave()


async def test_the_last_event_id_goes_on_from_there(execution: Any, owner: Any, append: Append) -> None:
    await in_thread(append)("events", 5)
    await in_thread(append)("trades", 3)
    stream = Stream(owner, path_of(execution, "?streams=events,trades&since_events=1"), last_event_id="e4.t1")

    await stream.open()
    await stream.read("id: e5.t3\n")

    assert (stream.sequences("events"), stream.sequences("trades")) == ([5], [2, 3])
    assert "event: status" not in stream.body
    await stream.leave()


async def test_a_client_that_was_told_the_end_is_told_not_to_come_back(execution: Any, owner: Any) -> None:
    stream = Stream(owner, path_of(execution), last_event_id="e4.t0.q2.end")

    assert (await stream.open())[0] == 204
    await stream.server.wait(10)


async def test_silence_is_filled_with_heartbeats(execution: Any, owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.05)
    stream = Stream(owner, path_of(execution))

    await stream.open()

    await stream.read(": heartbeat\n\n")
    await stream.leave()


async def test_a_stream_leaves_nothing_behind(execution: Any, owner: Any) -> None:
    from config.asgi import hub

    stream = Stream(owner, path_of(execution))
    await stream.open()
    await stream.read("event: status")
    assert len(hub.followers) == 1

    await stream.leave()

    assert hub.followers == []
    assert hub.readers == {}


async def test_a_thousand_streams_hold_no_thread(execution: Any, owner: Any) -> None:
    import threading

    first = Stream(owner, path_of(execution))
    await first.open()
    await first.read("event: status")
    before = threading.active_count()

    others = [Stream(owner, path_of(execution)) for _ in range(30)]
    for stream in others:
        await stream.open()
        await stream.read("event: status")
    await asyncio.sleep(0.2)

    assert threading.active_count() <= before + 4  # the reader's own, at most; not one a stream
    for stream in [first, *others]:
        await stream.leave()


@pytest.mark.parametrize("query", [
    "?streams=prices", "?streams=", "?since_sequence=x", "?since_events=-1", "?since_equity=1.5", "?colour=red",
    "?since_trades=" + "9" * 30,
])  # fmt: skip
def test_a_wrong_request_is_named(api: APIClient, execution: Any, query: str) -> None:
    answer = api.get(path_of(execution, query), headers={"Accept": "text/event-stream"})

    assert answer.status_code == 400
    assert isinstance(answer.json()["error"], str)


@pytest.mark.parametrize("event_id", ["x", "e", "e1.", "e1,t2", "q-1", "e" + "9" * 30, ".end", "e1.end.end", "é1"])
def test_a_wrong_event_id_is_refused(api: APIClient, execution: Any, event_id: str) -> None:
    answer = api.get(path_of(execution), headers={"Last-Event-ID": event_id})

    assert answer.status_code == 400


def test_strangers_nobody_and_the_unknown(
    api: APIClient, stranger_api: APIClient, anonymous_api: APIClient, execution: Any
) -> None:
    accept = {"Accept": "text/event-stream"}

    assert stranger_api.get(path_of(execution), headers=accept).json()["error"] == "Access denied"
    assert stranger_api.get(path_of(execution), headers=accept).status_code == 403
    assert anonymous_api.get(path_of(execution), headers=accept).status_code == 401
    assert api.get("/api/trading/executions/987654321/stream/", headers=accept).status_code == 404
    assert api.get(f"/api/trading/executions/{'9' * 40}/stream/", headers=accept).status_code == 404
    assert api.post(path_of(execution)).status_code == 405


def test_a_server_that_cannot_stream_says_what_to_do_instead(api: APIClient, execution: Any) -> None:
    answer = api.get(path_of(execution))

    assert (answer.status_code, answer.json()["error"]) == (
        422, "This server process cannot stream; poll with since_sequence.",
    )  # fmt: skip


def test_an_event_id_says_all_cursors() -> None:
    place = {"events": 120, "trades": 8, "equity": 4000}

    assert cursors.spell(place) == "e120.t8.q4000"
    assert cursors.parse("e120.t8.q4000") == (place, False)
    assert cursors.parse("e120.t8.q4000.end") == (place, True)
