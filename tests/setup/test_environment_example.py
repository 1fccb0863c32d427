"""`.env.example` and the settings name the same variables and the same defaults."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMPOSE_ONLY = "docker compose only"


def documented() -> dict[str, str]:
    """Default by variable, without those that only docker-compose.yml reads."""
    text = (ROOT / ".env.example").read_text().split(f"# {COMPOSE_ONLY}")[0]
    return dict(re.findall(r"^# ([A-Z][A-Z_]*)=(.*)$", text, re.MULTILINE))


def read_by_settings() -> dict[str, str]:
    """Default by variable as .env would spell it; '' for one that is computed."""
    calls = [
        node
        for node in ast.walk(ast.parse((ROOT / "config" / "settings.py").read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "env"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    ]
    return {call.args[0].value: spelled(call) for call in calls}


def spelled(call: ast.Call) -> str:
    default = next(keyword.value for keyword in call.keywords if keyword.arg == "default")
    try:
        value = ast.literal_eval(default)
    except ValueError:
        return ""
    if isinstance(value, list):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_the_example_lists_every_variable_with_its_default():
    assert documented() == read_by_settings()


def test_a_copy_of_the_example_changes_nothing():
    lines = (ROOT / ".env.example").read_text().splitlines()

    assert [line for line in lines if line and not line.startswith("#")] == []
