"""What following a script came to: round trips and the final equity, of a peer in its own environment or of us."""

from __future__ import annotations

import json
import math
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest

from tests.benchmarks.figures import environments

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from apps.engine.types import Array
    from tests.peers.markets import Market

PLAYERS = Path(__file__).resolve().parent / "players"
CASH = 1_000_000.0
TOLERANCE = 1e-6
TIMEOUT_SECONDS = 170  # of a test there are 180


class Trip(NamedTuple):
    """From flat to flat; prices are means by quantity. size: all that was entered, negative for a short."""

    opened_bar: int
    closed_bar: int
    size: float
    entry_price: float
    exit_price: float


@dataclass(frozen=True)
class Outcome:
    trips: list[Trip]
    equity: float


def of_peer(peer: str, cases: Sequence[tuple[Market, Array]], folder: Path, *, fee: float) -> list[Outcome]:
    """The outcome of each (market, script) by a peer, all in one process that begins with 1,000,000 for each."""
    for number, (market, steps) in enumerate(cases):
        np.save(folder / f"{number}.bars.npy", market.bars)
        np.save(folder / f"{number}.steps.npy", steps)
    (folder / "terms.json").write_text(json.dumps({"cash": CASH, "fee": fee, "cases": len(cases)}))
    _run(peer, folder)
    told = json.loads((folder / "outcomes.json").read_text())
    return [Outcome(round_trips(each["fills"]), each["equity"]) for each in told]


def report_of_peer(peer: str, run: dict[str, Array], folder: Path) -> dict[str, float]:
    """What a peer says of a run, given as its columns, under the names that the peer has for its figures."""
    np.savez(folder / "run.npz", **run)
    _run(peer, folder)
    figures: dict[str, float] = json.loads((folder / "figures.json").read_text())
    return figures


def _run(peer: str, folder: Path) -> None:
    answer = subprocess.run(
        [environments.python_of(peer), "-P", PLAYERS / "play.py", PLAYERS / f"{peer}.py", folder],
        cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_SECONDS,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr


def round_trips(fills: Iterable[tuple[int, float, float]]) -> list[Trip]:
    """The closed round trips of fills (bar, signed quantity, price); one that crosses zero ends one and opens one."""
    trips: list[Trip] = []
    held, opened = 0.0, 0
    entries: list[tuple[float, float]] = []
    exits: list[tuple[float, float]] = []
    for bar, signed, price in fills:
        closing = math.copysign(min(abs(signed), abs(held)), signed) if held * signed < 0 else 0.0
        opening = signed - closing
        if closing:
            exits.append((closing, price))
            held += closing
            if held == 0.0:
                trips.append(Trip(opened, bar, sum(size for size, _ in entries), _mean(entries), _mean(exits)))
        if opening:
            if held == 0.0:
                opened, entries, exits = bar, [], []
            entries.append((opening, price))
            held += opening
    return trips


def _mean(parts: list[tuple[float, float]]) -> float:
    return sum(quantity * price for quantity, price in parts) / sum(quantity for quantity, _ in parts)


def assert_same(ours: Outcome, theirs: Outcome, name: str) -> None:
    for number, (mine, other) in enumerate(zip(ours.trips, theirs.trips, strict=False)):
        assert mine == pytest.approx(other, rel=0, abs=TOLERANCE), f"{name}: trade {number}"
    assert len(ours.trips) == len(theirs.trips), name
    assert ours.equity == pytest.approx(theirs.equity, rel=0, abs=TOLERANCE), name
