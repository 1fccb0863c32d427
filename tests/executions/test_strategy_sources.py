"""One digest for all the code that a strategy is made of."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.engine import strategies
from apps.engine.errors import UnknownStrategy
from apps.engine.strategies import sma_cross
from apps.strategies import sources
from apps.strategies.sources import digest_of, tree_digest

AUTHORS = """
from apps.engine.strategy import Strategy
from pond.levels import LEVEL


class Heron(Strategy):
    title = "Heron"

    def on_bar(self) -> None:
        self.buy(LEVEL)
"""


@pytest.fixture
def pond(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installed package with one strategy, Heron."""
    folder = tmp_path / "pond"
    (folder / "birds").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "levels.py").write_text("LEVEL = 1.0\n")
    (folder / "birds" / "__init__.py").write_text("")
    (folder / "birds" / "heron.py").write_text(AUTHORS)
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    module = importlib.import_module("pond.birds.heron")
    monkeypatch.setattr(strategies, "all", lambda: {"heron": module.Heron})
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "pond"]:
        del sys.modules[name]
    sources._digest.cache_clear()


def fresh() -> str | None:
    """As a process that has just started finds it."""
    sources._digest.cache_clear()
    return digest_of("heron")


def test_of_a_built_in_strategy_it_is_that_of_its_file() -> None:
    file = Path(str(sma_cross.__file__))

    assert digest_of("sma_cross") == tree_digest(file)
    assert digest_of("sma_cross") != digest_of("buy_and_hold")


@pytest.mark.parametrize("name", ["levels.py", "birds/heron.py", "__init__.py", "weights.json"])
def test_any_file_of_an_installed_package_changes_it(pond: Path, name: str) -> None:
    before = fresh()

    with (pond / name).open("a") as file:
        file.write("\n")

    assert fresh() != before


def test_what_python_compiled_does_not_change_it(pond: Path) -> None:
    before = fresh()
    (pond / "__pycache__").mkdir(exist_ok=True)
    (pond / "__pycache__" / "levels.cpython-311.pyc").write_bytes(b"compiled")

    assert fresh() == before


def test_a_file_of_another_name_is_another_tree(pond: Path) -> None:
    before = tree_digest(pond)

    (pond / "levels.py").rename(pond / "heights.py")

    assert tree_digest(pond) != before


def test_a_process_keeps_to_the_code_that_it_has_loaded(pond: Path) -> None:
    loaded = fresh()

    (pond / "levels.py").write_text("LEVEL = 2.0\n")

    assert digest_of("heron") == loaded


def test_code_without_a_file_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    space: dict[str, Any] = {"__name__": "typed.by.hand"}
    exec(AUTHORS.replace("from pond.levels import LEVEL", "LEVEL = 1.0"), space)
    monkeypatch.setattr(strategies, "all", lambda: {"heron": space["Heron"]})

    assert digest_of("heron") is None


def test_an_unknown_strategy_is_refused_by_its_name() -> None:
    with pytest.raises(UnknownStrategy, match="heron"):
        digest_of("heron")
