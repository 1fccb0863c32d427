"""One call: what is repeated, how long is waited, what a refusal becomes."""

import asyncio
import json
from email.utils import formatdate
from typing import Any

import httpx
import pytest

from tapedeck_client import (
    AccessDenied,
    AsyncTapedeck,
    BadAnswer,
    Conflict,
    Invalid,
    NotFound,
    NotSignedIn,
    Patience,
    Refused,
    ServerFailed,
    Tapedeck,
    TokenAuthentication,
    Tokens,
    TooManyRequests,
    Unreachable,
)
from tests.clients.pretend import answers, awaiting_client_of, client_of, problem

ME = {"id": 1, "email": "olga@example.org", "name": "Olga"}
CONFIG = {
    "id": 5, "user_id": 1, "name": "n", "strategy_type": "sma_cross", "parameters": {}, "description": "",
    "is_in_use": False, "created_at": "2024-01-01T00:00:00Z", "updated_at": "2024-01-01T00:00:00Z",
}  # fmt: skip
A_DATE = formatdate(1_000_000, usegmt=True)
NO_SPREAD = Patience(share=lambda: 0.0)


@pytest.mark.case("T72")
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": formatdate(1_000_012, usegmt=True), "Date": A_DATE}, 12.0),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1000033", "Date": A_DATE}, 33.0),
        ({"X-RateLimit-Reset": "soon"}, 0.25),
        ({"Retry-After": "soon"}, 0.25),
        ({}, 0.25),
    ],
)  # fmt: skip
def test_too_many_requests_wait_as_long_as_the_server_says(headers: dict[str, str], seconds: float) -> None:
    handler, seen = answers(problem(429, **headers), httpx.Response(200, json=ME))
    client, waits = client_of(handler, patience=NO_SPREAD)

    assert client.me().email == "olga@example.org"

    assert waits == [seconds]
    assert len(seen) == 2


def test_a_server_that_asks_for_too_long_a_wait_is_told_no() -> None:
    handler, seen = answers(problem(429, **{"Retry-After": "3600"}))
    client, waits = client_of(handler)

    with pytest.raises(TooManyRequests):
        client.me()

    assert (waits, len(seen)) == ([], 1)


@pytest.mark.case("T72")
def test_waits_double_up_to_a_limit_and_differ_from_client_to_client() -> None:
    shares = (0.0, 0.5, 1.0)
    bounds = [[Patience(share=lambda share=share: share).wait(attempt) for attempt in range(1, 12)] for share in shares]

    assert bounds[0][:4] == [0.25, 0.5, 1.0, 2.0]
    assert bounds[2][:4] == [0.5, 1.0, 2.0, 4.0]
    assert bounds[2][-1] == 70.0
    assert all(low < middle < high for low, middle, high in zip(*bounds, strict=True))


@pytest.mark.parametrize("trouble", [problem(502), problem(503), problem(504), httpx.ReadError("cut"),
                                     httpx.ConnectError("refused"), httpx.ReadTimeout("slow")])  # fmt: skip
def test_a_question_is_asked_again(trouble: Any) -> None:
    handler, seen = answers(trouble, trouble, httpx.Response(200, json=ME))
    client, waits = client_of(handler)

    assert client.me().id == 1

    assert len(seen) == 3
    assert 0.25 <= waits[0] <= 0.5 <= waits[1] <= 1.0


@pytest.mark.parametrize(("trouble", "error"), [(problem(503), ServerFailed), (httpx.ReadError("cut"), Unreachable)])
def test_patience_ends(trouble: Any, error: type[Exception]) -> None:
    handler, seen = answers(*[trouble] * 4)
    client, _ = client_of(handler, patience=Patience(tries=4))

    with pytest.raises(error):
        client.me()

    assert len(seen) == 4


@pytest.mark.parametrize("trouble", [problem(502), httpx.ReadError("cut")])
def test_a_move_that_may_have_happened_is_not_repeated(trouble: Any) -> None:
    handler, seen = answers(trouble)
    client, waits = client_of(handler)

    with pytest.raises((ServerFailed, Unreachable)):
        client.execution(7).pause()

    assert (waits, len(seen)) == ([], 1)


def test_a_move_that_was_never_sent_is_repeated() -> None:
    handler, seen = answers(httpx.ConnectError("refused"), problem(409, "It is over."))
    client, _ = client_of(handler)

    with pytest.raises(Conflict, match=r"It is over\."):
        client.execution(7).pause()

    assert len(seen) == 2


def test_what_creates_is_repeated_with_the_same_key_and_the_next_has_another() -> None:
    made = httpx.Response(201, json=CONFIG)
    handler, seen = answers(problem(502), httpx.ReadError("cut"), made, made)
    client, _ = client_of(handler)

    client.configs.create("n", "sma_cross", {"fast": 3})
    client.configs.create("n", "sma_cross", {"fast": 3})

    keys = [request.headers["Idempotency-Key"] for request in seen]
    assert keys[0] == keys[1] == keys[2] != keys[3]
    assert len({request.content for request in seen}) == 1


def test_an_upload_that_is_repeated_sends_the_whole_file_again(tmp_path: Any) -> None:
    path = tmp_path / "bars.csv"
    path.write_bytes(b"timestamp,open\n" * 1000)
    bodies = []

    def handler(request: httpx.Request) -> httpx.Response:
        bodies.append(request.read())
        return problem(503) if len(bodies) == 1 else problem(400, "These are no bars.")

    client, _ = client_of(handler)
    with pytest.raises(Invalid, match="no bars"):
        client.datasets.upload(path, symbol="XYZ", timeframe="1m", is_synthetic=True)

    assert [body.count(b"timestamp,open\n") for body in bodies] == [1000, 1000]
    assert b'name="is_synthetic"\r\n\r\ntrue' in bodies[1]


# Signing in ---------------------------------------------------------------------------------------------------------


def door(refreshes: list[str], good: str = "new") -> Any:
    """Takes the access token `good`, and sells it once for the refresh token `again`."""

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/accounts/auth/refresh/":
            refreshes.append(json.loads(request.content)["refresh"])
            is_first = refreshes == ["again"]
            return httpx.Response(200, json={"access": good, "refresh": "later"}) if is_first else problem(401)
        return (
            httpx.Response(200, json=ME)
            if request.headers["Authorization"] == f"Bearer {good}"
            else problem(401, "The token has expired.")
        )

    return handler


def test_an_expired_token_is_renewed_once() -> None:
    refreshes: list[str] = []
    client, waits = client_of(door(refreshes))

    assert client.me().id == 1
    assert client.me().id == 1

    assert refreshes == ["again"]
    assert waits == []


def test_calls_at_the_same_time_renew_the_token_once() -> None:
    refreshes: list[str] = []
    handler = door(refreshes)

    async def slowly(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.01)  # so that all have asked before one is answered
        answer: httpx.Response = handler(request)
        return answer

    client = awaiting_client_of(slowly)

    async def all_at_once() -> list[Any]:
        async with client:
            return await asyncio.gather(*(client.me() for _ in range(20)))

    assert len(asyncio.run(all_at_once())) == 20
    assert refreshes == ["again"]


def test_a_new_token_that_is_refused_too_ends_in_a_refusal() -> None:
    handler, seen = answers(
        problem(401), httpx.Response(200, json={"access": "a", "refresh": "b"}), problem(401, "No.")
    )
    client, _ = client_of(handler)

    with pytest.raises(NotSignedIn, match=r"No\."):
        client.me()

    assert len(seen) == 3


def test_without_a_refresh_token_a_401_is_final() -> None:
    handler, seen = answers(problem(401, "Sign in."))
    client, _ = client_of(handler, authentication=TokenAuthentication(Tokens("old")))

    with pytest.raises(NotSignedIn, match="Sign in"):
        client.me()

    assert len(seen) == 1


def test_tokens_that_another_process_renewed_are_taken_over() -> None:
    class Shelf:
        def load(self) -> Tokens:
            return Tokens("new", "later")

        def save(self, tokens: Tokens) -> None:
            raise AssertionError("nothing to save")

    refreshes: list[str] = []
    client, _ = client_of(door(refreshes), authentication=TokenAuthentication(Tokens("old", "used"), Shelf()))

    assert client.me().id == 1
    assert refreshes == []


def test_logging_in_keeps_the_tokens_and_sends_no_old_one() -> None:
    signed_in = httpx.Response(200, json={"token": "fresh", "refresh": "r", "user": ME})
    handler, seen = answers(signed_in, httpx.Response(200, json=ME))
    client, _ = client_of(handler)

    client.login("olga@example.org", "a secret")
    client.me()

    assert "Authorization" not in seen[0].headers
    assert seen[1].headers["Authorization"] == "Bearer fresh"


def test_a_token_is_in_no_representation() -> None:
    assert "secret" not in repr(Tokens("secret", "secret"))


# Refusals -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Invalid), (403, AccessDenied), (404, NotFound), (409, Conflict), (418, Refused), (500, ServerFailed)],
)
def test_a_refusal_has_the_servers_words_code_and_fields(status: int, kind: type[Refused]) -> None:
    body = {
        "error": "fast: It must be less than slow.",
        "code": "invalid",
        "errors": [{"pointer": "/parameters/fast", "detail": "It must be less than slow."}],
    }
    handler, _ = answers(httpx.Response(status, json=body, headers={"X-Request-ID": "abc"}))
    client, _ = client_of(handler)

    with pytest.raises(kind) as caught:
        client.me()

    assert type(caught.value) is kind
    assert str(caught.value) == "fast: It must be less than slow."
    assert (caught.value.status, caught.value.code, caught.value.request_id) == (status, "invalid", "abc")
    assert caught.value.fields == {"parameters.fast": ["It must be less than slow."]}


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404, text="<html>nothing here</html>"),
        httpx.Response(500, json=["what"]),
        httpx.Response(301, headers={"Location": "https://deck.test/"}),
        httpx.Response(400, json={"error": None, "errors": [1, {"pointer": 3}]}),
    ],
)
def test_a_refusal_of_something_that_is_not_tapedeck_is_still_one(answer: httpx.Response) -> None:
    handler, _ = answers(answer)
    client, _ = client_of(handler)

    with pytest.raises(Refused, match=r"http://deck\.test/api/accounts/me/"):
        client.me()


@pytest.mark.parametrize("content", [b"<html>", b"[1, 2]", b'"text"', b"null", b"", b"\xff\xfe"])
def test_a_success_that_is_no_object_is_a_bad_answer(content: bytes) -> None:
    handler, _ = answers(httpx.Response(200, content=content))
    client, _ = client_of(handler)

    with pytest.raises(BadAnswer):
        client.me()


@pytest.mark.parametrize(
    "url", ["", "deck.test", "ftp://deck.test", "http://", "//deck.test", "http://a:b@deck.test", "http://deck.test/?a"]
)
def test_an_address_that_is_none_is_refused_at_once(url: str) -> None:
    for kind in (Tapedeck, AsyncTapedeck):
        with pytest.raises(ValueError, match="no address"):
            kind(url)
