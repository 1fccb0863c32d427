"""Counts in windows: none is given twice, by Redis or by a process alone, and an outage stops nobody."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest import mock

import pytest
from django.http import HttpRequest
from hypothesis import given
from hypothesis import strategies as st

from apps.accounts import limits
from tests import services
from tests.stack import _own_number


@pytest.fixture(scope="session")
def redis_number() -> Iterator[str]:
    with _own_number(services.require_redis()) as url:
        yield url


@pytest.fixture(params=["redis", "own"])
def windows(request: pytest.FixtureRequest) -> limits.Windows:
    if request.param == "own":
        return limits.OwnWindows()
    return limits.RedisWindows(request.getfixturevalue("redis_number"))


def test_at_32_parallel_calls_no_count_is_given_twice(windows: limits.Windows) -> None:
    key = f"parallel-{time.monotonic_ns()}"

    with ThreadPoolExecutor(32) as pool:
        counts = list(pool.map(lambda _: windows.take(key, 60.0)[0], range(640)))

    assert sorted(counts) == list(range(1, 641))


VERBS = st.tuples(st.sampled_from(["take", "take", "take", "give_back", "forget"]), st.sampled_from("ab"))


@given(deeds=st.lists(VERBS, max_size=20))
def test_a_process_counts_as_redis_does(redis_number: str, deeds: list[tuple[str, str]]) -> None:
    shared, own = limits.RedisWindows(redis_number), limits.OwnWindows()
    run = time.monotonic_ns()
    for verb, name in deeds:
        key = f"{run}.{name}"
        seconds = (60.0,) if verb == "take" else ()
        answers = [getattr(windows, verb)(key, *seconds) for windows in (shared, own)]
        if verb == "take":
            assert answers[0][0] == answers[1][0]
            assert answers[0][1] == pytest.approx(answers[1][1], abs=1.0)


def test_a_window_ends_and_is_begun_anew(windows: limits.Windows) -> None:
    key = f"ending-{time.monotonic_ns()}"
    windows.take(key, 0.2)
    _, left = windows.take(key, 0.2)
    time.sleep(left + 0.01)

    assert windows.take(key, 0.2)[0] == 1


def test_a_process_forgets_windows_that_have_ended() -> None:
    windows = limits.OwnWindows()
    for number in range(limits.FEW):
        windows.take(str(number), 0.0)

    windows.take("one more", 60.0)

    assert len(windows) == 1


def test_a_redis_that_hangs_delays_one_call_a_second_and_by_a_quarter() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        windows = limits.SafeWindows(limits.RedisWindows(f"redis://127.0.0.1:{silent.getsockname()[1]}"))
        with mock.patch.object(limits, "RETRY_SECONDS", 60.0), mock.patch.object(limits, "log"):
            took = []
            for expected in (1, 2, 3):
                started = time.perf_counter()
                assert windows.take("a", 60.0)[0] == expected
                took.append(time.perf_counter() - started)

    assert limits.PATIENCE_SECONDS * 0.9 < took[0] < 1.0
    assert max(took[1:]) < 0.1


def test_when_redis_is_back_the_shared_count_goes_on(redis_number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RETRY_SECONDS", 0.0)
    key, shared = f"back-{time.monotonic_ns()}", limits.RedisWindows(redis_number)
    windows = limits.SafeWindows(shared)
    windows.take(key, 60.0)
    with mock.patch.object(limits, "log") as log:
        with mock.patch.object(shared, "take", side_effect=limits.redis.ConnectionError("gone")):
            assert windows.take(key, 60.0)[0] == 1
        assert [windows.take(key, 60.0)[0] for _ in range(2)] == [2, 3]

    assert log.warning.call_count == 2  # that it went, and that it is back


ADDRESSES = [
    (0, "198.51.100.7", "203.0.113.1", "198.51.100.7"),  # nobody may say who they are
    (1, "172.18.0.1", "203.0.113.1", "203.0.113.1"),
    (1, "172.18.0.1", "10.9.9.9, 203.0.113.1", "203.0.113.1"),  # the first is the client's own invention
    (2, "172.18.0.1", "10.9.9.9, 203.0.113.1, 192.0.2.4", "203.0.113.1"),
    (1, "172.18.0.1", "", "172.18.0.1"),
    (1, "172.18.0.1", "a joke", "unknown"),
    (0, "", "", "unknown"),
    (0, "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
    (0, "::ffff:203.0.113.1", "", "203.0.113.1"),
]


@pytest.mark.parametrize(("proxies", "peer", "forwarded", "address"), ADDRESSES)
def test_an_address_is_what_our_outermost_proxy_saw(
    settings: Any, proxies: int, peer: str, forwarded: str, address: str
) -> None:
    settings.PROXIES = proxies
    request = HttpRequest()
    request.META = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": forwarded}

    assert limits.address_of(request) == address
