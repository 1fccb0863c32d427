"""`/ws`: who is meant is told by what the client brings."""

import json
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator

from apps.dialects import crossroads
from apps.dialects.crossroads import Application, Crossroads

ALL = ("jesse", "cracktrader", "agents")


def speaker(name: str) -> Application:
    """A dialect that says its name, and then what it hears first."""

    async def speak(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if name == "jesse":
            await receive()
            await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": name})
        heard = await receive()
        await send({"type": "websocket.send", "text": heard.get("text") or heard["type"]})

    return speak


def opened(path: str, names: tuple[str, ...]) -> WebsocketCommunicator:
    return WebsocketCommunicator(Crossroads({name: speaker(name) for name in names}), path)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "names", "frame", "meant"),
    [
        ("/ws?token=abc", ALL, None, "jesse"),
        ("/ws", ALL, {"action": "subscribe"}, "cracktrader"),
        ("/ws", ALL, {"hello": 1}, "agents"),
        ("/ws", ALL, None, "agents"),
        ("/ws", ("jesse",), None, "jesse"),
        ("/ws", ("jesse", "agents"), {"action": "subscribe"}, "agents"),
        ("/ws", ("cracktrader",), None, "cracktrader"),
        ("/ws?token=abc", ("cracktrader", "agents"), None, "agents"),
    ],
)
async def test_the_client_meets_who_it_meant(
    path: str, names: tuple[str, ...], frame: Any, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crossroads, "FIRST_FRAME_SECONDS", 0.2 if frame is None else 10.0)
    socket = opened(path, names)
    assert (await socket.connect(timeout=10))[0]

    if frame is not None:
        await socket.send_to(text_data=json.dumps(frame))

    assert await socket.receive_from(timeout=10) == meant
    if frame is not None:
        assert json.loads(await socket.receive_from(timeout=10)) == frame, "its first frame must not be lost"


@pytest.mark.parametrize("text", ["{", "[]", "null", '"action"', "1e999"])
async def test_a_first_frame_that_makes_no_sense_leads_to_the_agents(text: str) -> None:
    socket = opened("/ws", ALL)
    assert (await socket.connect(timeout=10))[0]

    await socket.send_to(text_data=text)

    assert await socket.receive_from(timeout=10) == "agents"


async def test_who_leaves_at_once_is_no_trouble() -> None:
    socket = opened("/ws", ALL)
    assert (await socket.connect(timeout=10))[0]

    await socket.send_input({"type": "websocket.disconnect", "code": 1001})

    assert await socket.receive_from(timeout=10) == "agents"
    assert await socket.receive_from(timeout=10) == "websocket.disconnect"
