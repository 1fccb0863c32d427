"""The description of production agrees with the code; no engine runs here, so the files are read as compose does."""

import importlib
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SECRETS = {"SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD"}
OURS = ("migrate", "web", "worker", "beat")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")


def known_variables() -> set[str]:
    return set(re.findall(r"^# ([A-Z][A-Z_]*)=", (ROOT / ".env.example").read_text(), re.MULTILINE))


def words(service: dict[str, Any]) -> list[str]:
    command = service["command"]
    return command if isinstance(command, list) else shlex.split(command)


def test_all_parts_of_the_system_are_there():
    assert set(SERVICES) == {*OURS, "postgres", "redis"}
    assert len({SERVICES[name]["image"] for name in OURS}) == 1


def test_a_secret_has_no_default_and_is_asked_for_in_words():
    uses = re.findall(r"\$\{([A-Z_]+)(:[-?])?([^}]*)\}", (ROOT / "docker-compose.yml").read_text())

    assert {name for name, _, _ in uses} >= SECRETS
    for name, operator, text in uses:
        if name in SECRETS:
            assert operator == ":?", name
            assert text.startswith(f"set {name}"), name


def test_every_variable_is_in_the_example_of_the_environment():
    text = (ROOT / "docker-compose.yml").read_text()
    interpolated = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", text)) | set(re.findall(r"(?<!\$)\$\{?([A-Z_]+)\}", text))
    given = {name for service in OURS for name in SERVICES[service]["environment"]}

    assert interpolated | given <= known_variables()


@pytest.mark.parametrize("name", OURS)
def test_ours_run_without_rights_and_write_only_where_they_may(name):
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]
    assert service["init"] is True
    assert service["cap_drop"] == ["ALL"]
    assert {volume.split(":")[0] for volume in service["volumes"]} <= set(COMPOSE["volumes"])


def test_nothing_starts_before_the_one_migration_is_done():
    assert SERVICES["migrate"]["restart"] == "no"
    assert SERVICES["migrate"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    for name in ("web", "worker", "beat"):
        needs = SERVICES[name]["depends_on"]
        assert needs["migrate"]["condition"] == "service_completed_successfully"
        assert needs["postgres"]["condition"] == needs["redis"]["condition"] == "service_healthy"


def test_whatever_others_wait_for_tells_its_health():
    awaited = {
        needed
        for service in SERVICES.values()
        for needed, how in service.get("depends_on", {}).items()
        if how["condition"] == "service_healthy"
    }

    assert all("healthcheck" in SERVICES[name] for name in {*awaited, "web", "worker"})


def test_the_web_service_is_asked_at_an_address_it_has():
    from django.urls import resolve

    address = re.search(r"http://127\.0\.0\.1:8000(/\w+)", SERVICES["web"]["healthcheck"]["test"][-1])

    assert address is not None
    assert resolve(address[1]).url_name == "readyz"


def test_ports_are_open_to_this_machine_only():
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_redis_forgets_nothing():
    command = " ".join(words(SERVICES["redis"]))

    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command


def test_commands_name_what_the_code_has():
    asgi_module, _, asgi_attribute = words(SERVICES["web"])[-1].partition(":")

    assert asgi_module == "config.asgi"
    assert f"{asgi_attribute} = " in (ROOT / "config" / "asgi.py").read_text()
    for name in ("worker", "beat"):
        assert words(SERVICES[name])[:3] == ["celery", "-A", "config"]
    assert importlib.import_module("config.celery").app.main == "tapedeck"
    assert words(SERVICES["migrate"])[:3] == ["python", "manage.py", "migrate"]


def test_the_worker_listens_to_every_queue_that_is_routed_to():
    from django.conf import settings

    command = words(SERVICES["worker"])
    listened = set(command[command.index("--queues") + 1].split(","))
    routed = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()}

    assert listened >= routed | {settings.CELERY_TASK_DEFAULT_QUEUE}


def test_the_image_is_not_root_and_leaves_the_environment_alone():
    last_stage = DOCKERFILE.split("\nFROM ")[-1]

    assert re.search(r"^USER tapedeck$", last_stage, re.MULTILINE)
    assert re.search(r"^ENV .*NO_BOOTSTRAP=1", last_stage, re.MULTILINE)
    assert re.search(r"^ENV .*NUMBA_CPU_NAME=generic", last_stage, re.MULTILINE)


def test_the_image_starts_as_the_web_service_does():
    cmd = re.search(r"^CMD \[(.*)\]$", DOCKERFILE, re.MULTILINE)

    assert cmd is not None
    assert re.findall(r'"([^"]*)"', cmd[1]) == words(SERVICES["web"])


def test_the_image_copies_only_what_is_there():
    for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source


def test_secrets_and_state_stay_out_of_the_image():
    ignored = (ROOT / ".dockerignore").read_text().split("\n")

    assert {".env", "var", ".git", ".venv", "node_modules"} <= set(ignored)
