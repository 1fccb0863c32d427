"""Every part of `bench tape` can be named, says what it measures, and is refused by a name that is none."""

import json
from types import SimpleNamespace

import pytest

from tests.benchmarks import __main__ as bench
from tests.benchmarks.tape import __main__ as tape
from tests.benchmarks.tape._figures import at_least, at_most


def test_every_part_says_what_it_measures_and_brings_rows() -> None:
    assert {"append", "run"} <= set(tape.PARTS)
    for name in tape.PARTS:
        assert tape.part(name).__doc__
        assert callable(tape.part(name).rows)


def test_only_the_named_parts_run_and_each_figure_is_an_object_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = {"append": [at_least("speed", 5.0, "rows/s", 4.0)], "run": [at_most("cost", 5.0, "CPU-s", 4.0)]}
    monkeypatch.setattr(tape, "part", lambda name: SimpleNamespace(__doc__=name, rows=lambda: iter(figures[name])))
    monkeypatch.setattr(tape, "PARTS", ["append", "run"])

    assert tape.main(["append", "--json"]) == 0
    assert tape.main(["--json"]) == 0

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    speed = {"name": "speed", "value": 5.0, "unit": "rows/s", "goal": 4.0, "met": True}
    assert lines == [speed, speed, {"name": "cost", "value": 5.0, "unit": "CPU-s", "goal": 4.0, "met": False}]


def test_a_missed_gate_fails_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = at_least("whole", 99.0, "%", 100, is_gate=True)
    monkeypatch.setattr(tape, "part", lambda name: SimpleNamespace(__doc__=name, rows=lambda: iter([gate])))

    assert tape.main(["append"]) == 1


def test_an_unknown_part_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        tape.main(["nonsense"])

    assert "nonsense" in capsys.readouterr().err


def test_words_after_a_benchmark_are_its_parts() -> None:
    assert "tape" in bench.BENCHMARKS
    assert bench._asked(["tape", "append", "run", "engine"]) == [("tape", ["append", "run"]), ("engine", [])]
