"""One connection for several executions, and what a client may say on it."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson
import pytest
import pytest_asyncio
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.db import connections

from apps.accounts.models import Ticket
from apps.executions import lifecycle
from apps.journal import consumers
from tests.journal.following import in_thread

pytestmark = [pytest.mark.django_db(transaction=True)]
Append = Callable[[str, int], None]


class Talk:
    """A client of `/ws/executions/`."""

    def __init__(self, socket: WebsocketCommunicator) -> None:
        self.socket = socket

    async def say(self, **frame: Any) -> None:
        await self.socket.send_to(text_data=json.dumps(frame))

    async def hear(self, kind: str = "") -> dict[str, Any]:
        """The next frame, or the next of this type."""
        while True:
            frame: dict[str, Any] = orjson.loads(await self.socket.receive_from(timeout=10))
            if kind in ("", frame["type"]):
                return frame

    async def refusal(self, **frame: Any) -> tuple[str, str]:
        await self.say(**frame)
        answer = await self.hear("error")
        return answer["code"], answer["error"]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "IDLE_SECONDS", 0.05)
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)


async def connect(user: Any, path: str = "/ws/executions/") -> WebsocketCommunicator:
    from config.asgi import application

    ticket = await in_thread(Ticket.objects.issue)(user)
    socket = WebsocketCommunicator(application, f"{path}?ticket={ticket}")
    assert (await socket.connect(timeout=10))[0]
    return socket


@pytest_asyncio.fixture
async def talk(owner: Any) -> AsyncIterator[Talk]:
    socket = await connect(owner)
    yield Talk(socket)
    await socket.disconnect()


async def test_it_gets_the_streams_it_asks_for_from_where_it_stands(talk: Talk, execution: Any, append: Append) -> None:
    await in_thread(append)("events", 5)
    await in_thread(append)("trades", 2)

    await talk.say(action="subscribe", execution=execution.pk, streams=["events", "status"], since={"events": 3})
    told, rows, status = await talk.hear(), await talk.hear(), await talk.hear()
    await in_thread(append)("events", 1)
    later = await talk.hear("rows")

    assert told == {
        "type": "subscribed", "execution": execution.pk, "streams": ["events", "status"], "since": {"events": 3},
    }  # fmt: skip
    assert [row["sequence"] for row in rows["events"]] == [4, 5]
    assert set(rows) == {"type", "execution", "events", "heads"}
    assert (status["type"], status["execution"], status["status"]) == ("status", execution.pk, "created")
    assert [row["sequence"] for row in later["events"]] == [6]


async def test_an_end_ends_one_subscription_and_not_the_connection(talk: Talk, execution: Any) -> None:
    await talk.say(action="subscribe", execution=execution.pk)
    await talk.hear("status")

    await in_thread(lifecycle.stop)(execution)
    end = await talk.hear("end")
    await talk.say(action="subscribe", execution=execution.pk, streams=["status"])

    assert end == {"type": "end", "execution": execution.pk}
    assert (await talk.hear("subscribed"))["streams"] == ["status"]
    assert (await talk.hear("status"))["status"] == "stopped"
    assert await talk.hear("end") == end


async def test_nothing_comes_after_unsubscribing(talk: Talk, execution: Any, append: Append) -> None:
    await talk.say(action="subscribe", execution=execution.pk)
    await talk.hear("status")

    await talk.say(action="unsubscribe", execution=execution.pk)
    told = await talk.hear()
    await in_thread(append)("events", 1)

    assert told == {"type": "unsubscribed", "execution": execution.pk}
    assert await talk.socket.receive_nothing(timeout=0.3)
    assert (await talk.refusal(action="unsubscribe", execution=execution.pk))[0] == "not_found"


async def test_refusals_are_frames_and_the_connection_goes_on(talk: Talk, execution: Any) -> None:
    pk = execution.pk
    cases = {
        "invalid": [
            {"action": "dance"}, {}, {"action": "subscribe"}, {"action": ["subscribe"], "execution": pk},
            {"action": "subscribe", "execution": "seven"}, {"action": "subscribe", "execution": True},
            {"action": "subscribe", "execution": -1}, {"action": "subscribe", "execution": 10**25},
            {"action": "subscribe", "execution": pk, "streams": []},
            {"action": "subscribe", "execution": pk, "streams": ["prices"]},
            {"action": "subscribe", "execution": pk, "streams": [{}]},
            {"action": "subscribe", "execution": pk, "streams": "events"},
            {"action": "subscribe", "execution": pk, "since": 5},
            {"action": "subscribe", "execution": pk, "since": {"prices": 5}},
            {"action": "subscribe", "execution": pk, "since": {"events": -5}},
            {"action": "subscribe", "execution": pk, "since": {"events": 1.5}},
            {"action": "subscribe", "execution": pk, "colour": "red"},
        ],
        "not_found": [{"action": "subscribe", "execution": 987_654_321}, {"action": "subscribe", "execution": 2**62}],
    }  # fmt: skip

    for code, frames in cases.items():
        for frame in frames:
            assert (await talk.refusal(**frame))[0] == code, frame
    await talk.say(action="subscribe", execution=pk)

    assert (await talk.hear("subscribed"))["execution"] == pk
    assert await talk.refusal(action="subscribe", execution=pk) == (
        "conflict", f"Execution {pk} is subscribed to already; unsubscribe first.",
    )  # fmt: skip


@pytest.mark.parametrize("words", ["", "[]", "7", "null", "{", '{"action":', "x" * 20_000, "[" * 10_000])
async def test_what_is_no_request_is_answered_by_an_error(talk: Talk, words: str) -> None:
    await talk.socket.send_input({"type": "websocket.receive", "text": words})

    assert (await talk.hear())["type"] == "error"


async def test_bytes_are_answered_by_an_error(talk: Talk) -> None:
    await talk.socket.send_to(bytes_data=b"\xff\x00" * 10)

    assert (await talk.hear())["code"] == "invalid"


async def test_a_stranger_is_refused_and_gets_no_row(execution: Any, stranger: Any, append: Append) -> None:
    talk = Talk(await connect(stranger))

    refused = await talk.refusal(action="subscribe", execution=execution.pk)
    await in_thread(append)("events", 1)

    assert refused == ("access_denied", "Access denied")
    assert await talk.socket.receive_nothing(timeout=0.3)
    await talk.socket.disconnect()


async def test_without_a_user_it_is_closed(db: None) -> None:
    from config.asgi import application

    for path in ("/ws/executions/", "/ws/executions/?ticket=nonsense"):
        socket = WebsocketCommunicator(application, path)
        await socket.connect()
        assert (await socket.receive_output())["code"] == 4401


async def test_a_connection_holds_so_many_subscriptions(
    talk: Talk, execution: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "MOST_SUBSCRIPTIONS", 1)
    await talk.say(action="subscribe", execution=execution.pk, streams=["status"])
    await talk.hear("status")

    code, words = await talk.refusal(action="subscribe", execution=execution.pk + 1)

    assert (code, words) == (
        "conflict", "One connection can follow 1 executions; unsubscribe from one first.",
    )  # fmt: skip


async def test_ten_thousand_frames_at_once_close_the_connection(talk: Talk, execution: Any) -> None:
    for number in range(10_000):
        await talk.say(action="subscribe", execution=execution.pk + number)

    async def closing() -> dict[str, Any]:
        while (message := await talk.socket.receive_output(timeout=10))["type"] != "websocket.close":
            assert message["type"] == "websocket.send"
        return message

    assert (await closing())["code"] == 4429


async def test_a_deactivated_account_closes_the_connection(
    talk: Talk, execution: Any, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from apps.journal import hub

    monkeypatch.setattr(hub, "ROUND_SECONDS", 0.05)
    monkeypatch.setattr(hub, "ACCESS_SECONDS", 0.1)
    await talk.say(action="subscribe", execution=execution.pk)
    await talk.hear("status")

    owner.is_active = False
    await in_thread(owner.save)()

    assert (await talk.socket.receive_output(timeout=10)) == {
        "type": "websocket.close", "code": 4403, "reason": "The account is closed",
    }  # fmt: skip


async def test_a_deleted_execution_ends_its_subscription_only(talk: Talk, execution: Any) -> None:
    await talk.say(action="subscribe", execution=execution.pk)
    await talk.hear("status")

    await in_thread(execution.delete)()

    assert (await talk.hear("error"))["code"] == "not_found"
    assert (await talk.refusal(action="subscribe", execution=987_654_321))[0] == "not_found"
