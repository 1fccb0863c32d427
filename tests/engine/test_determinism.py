"""The same inputs give the same bits in another process, whatever its hash seed, its CPU target and its optimiser."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN = """
import hashlib
import numpy as np
from apps.engine.listing import Listing
from apps.engine.session import Session
from apps.engine.types import Account, Costs, FillRules, Instrument
from tests.engine.runs import Erratic, bars_at

random = np.random.default_rng(5)
closes = [100 * np.exp(np.cumsum(random.normal(0, 0.02, 600))) for _ in range(2)]
listings = [
    Listing(Instrument(symbol, quantity_step=0.01, initial_margin=0.2, maintenance_margin=0.1), bars_at(each))
    for symbol, each in zip(("ONE", "TWO"), closes)
]
costs = Costs(commission_rate=0.0007, slippage_random=0.001, slippage_atr=0.1)
for account in (Account(), Account(kind="cross", leverage=4)):
    session = Session(Erratic, {}, listings, cash=10_000.0, account=account, costs=costs, rules=FillRules("colour"))
    rows = session.advance(session.total)
    kept = [getattr(rows, name).tobytes() for name in ("orders", "fills", "trades", "equity", "payments")]
    kept += [repr(session.metrics()).encode(), session.snapshot()]
    print(len(rows.fills), hashlib.sha256(b"".join(kept)).hexdigest())
"""


def printed(**environment: str) -> str:
    """What the run prints in a process of its own."""
    answer = subprocess.run(
        [sys.executable, "-c", RUN], cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_another_hash_seed_changes_no_bit() -> None:
    seeds = {printed(PYTHONHASHSEED=seed) for seed in ("1", "2")}

    assert len(seeds) == 1
    assert int(seeds.pop().split()[0]) > 50


@pytest.mark.slow
def test_another_cpu_target_and_no_optimiser_change_no_bit(tmp_path: Path) -> None:
    plain = printed(NUMBA_CACHE_DIR=str(tmp_path), NUMBA_CPU_NAME="generic", NUMBA_OPT="0")

    assert plain == printed()
