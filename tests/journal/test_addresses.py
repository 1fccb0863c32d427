from channels.testing import WebsocketCommunicator


async def test_a_socket_at_an_unknown_address_is_told_so() -> None:
    from config.asgi import application

    socket = WebsocketCommunicator(application, "/ws/nothing/here/")

    assert (await socket.connect())[0]
    assert (await socket.receive_output())["code"] == 4404
