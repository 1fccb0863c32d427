"""The table tells the truth: who is absent or wrong has no figure, and a missed gate is a failure."""

import json
import re

import numpy as np
import pytest

from tests.benchmarks.figures import environments, loops, rounds, rows, works
from tests.benchmarks.figures.rounds import Contestant, OutOfTheRace, Speed
from tests.benchmarks.figures.rows import Row
from tests.benchmarks.figures.speed import Comparison

PEER = Contestant("jesse", "w1")
LOCKS = sorted(environments.LOCKS.glob("*.txt"))


@pytest.fixture
def ten_bars(tmp_path, monkeypatch):
    """w1 on ten bars, where the slow average never exists and so nothing is ever held."""
    bars = np.zeros(10, [("open", "f8"), ("close", "f8")])
    np.save(tmp_path / "w1.npy", bars)
    monkeypatch.setattr(works, "CACHE", tmp_path)
    monkeypatch.setattr(environments, "is_there", lambda _: True)


def answer(monkeypatch, **result):
    told = {
        "rows": 10,
        "cpu_seconds": 0.5,
        "seconds": 2.0,
        "count": 0,
        "equity": 10_000.0,
        "tolerance": None,
        "variant": {},
        **result,
    }
    monkeypatch.setattr(rounds, "_last_line", lambda *_: json.dumps(told))


def test_a_speed_is_rows_by_cpu_second(ten_bars, monkeypatch):
    answer(monkeypatch)

    speed = rounds.race([PEER], 3, whole=False)[PEER]

    assert (speed.rate, speed.clock_rate, speed.count) == (20, 5, 10)


def test_threads_are_compared_by_the_clock():
    one, two = Contestant("ours", "w3"), Contestant("ours", "w3_threads")
    speeds = {one: Speed(rate=4e6, clock_rate=4e6, count=8), two: Speed(rate=3.8e6, clock_rate=7e6, count=8)}

    row = Comparison("w3", two, one, 1.7, by_clock=True).row(speeds)

    assert (row.value, row.met, row.is_gate) == (1.75, True, False)
    assert (row.ours, row.peer) == ("7 M/s", "4 M/s")


def test_a_peer_that_comes_to_another_equity_has_no_speed(ten_bars, monkeypatch, capsys):
    answer(monkeypatch, equity=10_000.01)

    assert rounds.race([PEER], 1, whole=False) == {}
    assert "jesse w1: skipped, it came to" in capsys.readouterr().err


def test_a_peer_with_another_number_of_fills_has_no_speed(ten_bars, monkeypatch):
    answer(monkeypatch, count=1)

    assert rounds.race([PEER], 1, whole=False) == {}


def test_a_peer_that_is_absent_is_skipped_with_a_word(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(environments, "ENVIRONMENTS", tmp_path)

    assert rounds.race([PEER], 1, whole=False) == {}
    assert "jesse w1: skipped, it is not installed" in capsys.readouterr().err


def test_a_wrong_engine_of_ours_ends_the_race(ten_bars, monkeypatch):
    answer(monkeypatch, equity=0.0)

    with pytest.raises(OutOfTheRace):
        rounds.race([Contestant("ours", "w1")], 1, whole=False)


def test_only_a_missed_gate_fails():
    missed_by_a_peer = Row("peer", 7.9, "x", 8, "1", "2")
    missed_gate = Row("gate", 36, "x", 35, "1", "2", is_limit=True, is_gate=True)
    held_gate = Row("held", 35, "x", 35, "1", "2", is_limit=True, is_gate=True)

    assert rows.missed([missed_by_a_peer, missed_gate, held_gate]) == ["gate"]
    assert (missed_by_a_peer.met, missed_gate.met, held_gate.met) == (False, False, True)


def test_a_row_that_only_informs_has_no_goal_to_meet():
    row = Row("to know", 3.14159265, "x", None, "1", "2")

    assert json.loads(row.as_json()) == {"name": "to know", "value": 3.14159, "unit": "x", "goal": None, "met": None}


def test_the_loop_fills_at_the_next_open_and_marks_at_the_close():
    opens, closes = np.array([10.0, 11.0, 12.0]), np.array([11.0, 12.0, 13.0])
    fast, slow, equity = np.array([2.0, 1.0, 1.0]), np.array([1.0, 2.0, 2.0]), np.empty(3)

    outcome = loops.hold_while_above(opens, closes, fast, slow, 0.0, 100.0, equity, 0)

    assert outcome == (2, 0.0)
    assert equity.tolist() == [100.0, 101.0, 101.0]  # by hand: bought at 11, marked at 12, sold at 12


def test_data_of_another_outcome_are_refused_and_not_kept(tmp_path, monkeypatch):
    wrong = works.Work(lambda: np.zeros(10), lambda _: works.Outcome(1, 2.0), works.Outcome(1, 3.0))
    monkeypatch.setattr(works, "CACHE", tmp_path)
    monkeypatch.setitem(works.WORKS, "w1", wrong)

    with pytest.raises(SystemExit, match="are wrong"):
        works.data("w1")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_a_peers_environment_is_pinned_by_hash_and_without_a_host(lock):
    entries = re.split(r"\n(?=[A-Za-z0-9])", lock.read_text())

    assert all(re.match(r"[A-Za-z0-9._\[\]-]+==\S+", entry) and "--hash=sha256:" in entry for entry in entries)
    assert "://" not in lock.read_text()
