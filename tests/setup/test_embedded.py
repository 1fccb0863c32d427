"""The parts of a server on one machine, one by one."""

import shutil
import socket
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from apps.errors import Invalid
from apps.executions.models import Execution
from apps.runner import embedded
from apps.runner.supervisor import Supervisor


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(tmp_path / "logs", {}, print)
    yield supervisor
    supervisor.stop()


@pytest.fixture
def used_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_used_port_is_named_and_a_free_one_proposed(used_port):
    with pytest.raises(
        embedded.AddressRefused, match=rf"port {used_port}: Address already in use.*--port \d+"
    ) as refused:
        embedded.refuse_used_address("127.0.0.1", used_port)

    embedded.refuse_used_address("127.0.0.1", int(str(refused.value).split()[-1]))


def test_an_address_of_another_machine_is_refused():
    with pytest.raises(embedded.AddressRefused, match=r"192\.0\.2\.1"):  # reserved for documentation, never ours
        embedded.refuse_used_address("192.0.2.1", 8000)


@pytest.fixture
def short_folder(tmp_path_factory) -> Iterator[Path]:
    """A socket's path may hold about 100 characters, and the test's own folder is longer."""
    folder = Path(tempfile.mkdtemp(prefix="td-"))
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(settings.EMBEDDED_REDIS_BINARY is None, reason="No Redis server on this machine.")
def test_the_broker_is_a_redis_that_only_this_user_reaches(supervisor, short_folder, settings):
    settings.EMBEDDED_BROKER = "redis"
    settings.EMBEDDED_SOCKET = short_folder / "private" / "redis.sock"

    embedded._start_broker(supervisor)

    assert embedded._answers_ping(settings.EMBEDDED_SOCKET)
    assert stat.S_IMODE(settings.EMBEDDED_SOCKET.parent.stat().st_mode) == 0o700
    assert "--port 0" in " ".join(supervisor.children[0].program.command)
    supervisor.stop()
    assert not embedded._answers_ping(settings.EMBEDDED_SOCKET)


def test_a_socket_folder_that_others_can_enter_is_refused(supervisor, short_folder, settings):
    short_folder.chmod(0o755)
    settings.EMBEDDED_BROKER = "redis"
    settings.EMBEDDED_SOCKET = short_folder / "redis.sock"

    with pytest.raises(Invalid, match="open to other users"):
        embedded._start_broker(supervisor)

    assert supervisor.children == []


def test_the_socket_of_a_deep_data_folder_has_a_short_path():
    assert len(str(settings.EMBEDDED_SOCKET)) < 100


def test_the_worker_listens_to_every_queue():
    command = " ".join(embedded._worker().command)

    assert "--queues=backtests,default" in command


def test_this_machines_own_names_are_allowed_where_others_may_ask(monkeypatch):
    monkeypatch.delenv("ALLOWED_HOSTS", raising=False)

    allowed = embedded._environment("192.168.1.5")["ALLOWED_HOSTS"].split(",")

    assert {"192.168.1.5", "127.0.0.1", socket.gethostname()} <= set(allowed)


def test_the_hosts_of_the_environment_are_not_added_to(monkeypatch):
    monkeypatch.setenv("ALLOWED_HOSTS", "tapedeck.example.org")

    assert embedded._environment("0.0.0.0")["ALLOWED_HOSTS"] == "tapedeck.example.org"


@pytest.mark.django_db
def test_a_start_sends_again_what_should_be_running(execution, monkeypatch):
    sent = []
    monkeypatch.setattr("apps.executions.messages.send", sent.append)
    Execution.objects.filter(pk=execution.pk).update(status="running", lease_until="2999-01-01T00:00:00Z")

    embedded._send_again()

    execution.refresh_from_db()
    assert sent == [execution.pk]
    assert execution.lease_until is None
