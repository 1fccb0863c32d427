"""Sweeps: each row of figures is what a single run gives, whatever the threads; refusals name the place."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from apps.engine.compiled import Compiled, buy, close_position
from apps.engine.listing import Listing
from apps.engine.session import Session
from apps.engine.signals import Signals, Targets
from apps.engine.sweep import sweep
from apps.engine.types import Account, FillRules, Instrument
from tests.engine.runs import FEES, bars_at

if TYPE_CHECKING:
    from apps.engine.desk.plans import Plan

RANDOM = np.random.default_rng(7)
closes = 100 * np.exp(np.cumsum(RANDOM.normal(0, 0.01, 500)))
BARS = bars_at(closes)
LISTING = Listing(Instrument("TEST", quantity_step=0.1, periods_per_year=365), BARS)
OTHER = Listing(Instrument("OTHER"), bars_at(50 * np.exp(np.cumsum(RANDOM.normal(0, 0.01, 490)))))
TERMS: dict[str, Any] = {"cash": 10_000.0, "costs": FEES}
ALONE = FillRules(compare_opposite=False)


def momentum(period: int, size: float) -> Targets:
    before = np.concatenate([closes[:period], closes[:-period]])
    return Targets(np.where(closes > before, size, -size))


def brackets(period: int, share: float) -> Signals:
    before = np.concatenate([closes[:period], closes[:-period]])
    return Signals(
        closes > before, short_entries=closes < before, stop_loss=share, take_profit=2 * share, levels="share"
    )


def dips(desk, close, depth):  # type: ignore[no-untyped-def]
    if desk.bar > 0 and close[-1] < close[-2] * (1.0 - depth):
        if desk.position == 0.0:
            buy(desk, 1.0)
    elif desk.position != 0.0:
        close_position(desk)


def compiled(depth: float) -> Compiled:
    return Compiled(dips, close=closes, depth=depth)


def single(plan: Plan, listings: Any = LISTING, **terms: Any) -> dict[str, float]:
    run = Session(plan, {}, listings, **{**TERMS, "rules": ALONE, **terms})
    rows = run.advance(run.total)
    figures = {**run.metrics(), "fills": len(rows.fills)}
    return {name: np.nan if value is None else float(value) for name, value in figures.items()}


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(
    ("make", "grid"),
    [
        (momentum, [(period, size) for period in (2, 5, 9) for size in (0.5, 2.0)]),
        (brackets, [(period, share) for period in (2, 5, 9) for share in (0.003, 0.01, 0.03)]),
        (compiled, [(0.001,), (0.005,), (0.01,)]),
    ],
)
def test_each_row_is_what_a_single_run_gives(make: Any, grid: list[tuple[Any, ...]], threads: int) -> None:
    figures = sweep_of(make, grid, threads=threads)

    expected = [single(make(*parameters)) for parameters in grid]
    assert all(row["fills"] > 0 for row in expected)
    assert figures.dtype.names == tuple(expected[0])
    for row, each in zip(figures, expected, strict=True):
        np.testing.assert_array_equal(np.array(row.item()), np.array(list(each.values())))


def sweep_of(make: Any, grid: Any, listings: Any = LISTING, **terms: Any) -> Any:
    return sweep(make, grid, listings, **{**TERMS, **terms})


def test_it_sweeps_over_several_listings_and_any_account() -> None:
    listings = [LISTING, OTHER]
    grid = [(seed,) for seed in range(4)]
    account = Account(kind="cross", leverage=4)

    def drawn(seed: int) -> Targets:
        return Targets(np.repeat(np.random.default_rng(seed).integers(-90, 91, (50, 2)) * 2.0, 10, axis=0))

    figures = sweep_of(drawn, grid, listings, threads=2, account=account)

    for parameters, row in zip(grid, figures, strict=True):
        alone = single(drawn(*parameters), listings, account=account)
        np.testing.assert_array_equal(np.array(row.item()), np.array(list(alone.values())))


def test_it_holds_three_plans_a_thread_at_most() -> None:
    alive: weakref.WeakSet[Targets] = weakref.WeakSet()
    most = 0

    def counted(size: float) -> Targets:
        nonlocal most
        plan = Targets(np.full(len(BARS), size))
        alive.add(plan)
        gc.collect()
        most = max(most, len(alive))
        return plan

    sweep_of(counted, [(float(size),) for size in range(1, 30)], threads=2)

    assert most <= 6  # of each thread: the first one, the one that ran, and the one that is made


def test_a_refusal_names_the_first_wrong_parameters() -> None:
    grid = [(2, 1.0), (5, float("nan")), (9, float("inf"))]

    for threads in (1, 2):
        with pytest.raises(ValueError, match="Row 0 of targets is nan") as refusal:
            sweep_of(momentum, grid, threads=threads)

        assert refusal.value.__notes__ == ["These are the parameters (5, nan), number 1 of the grid."]


@pytest.mark.parametrize(
    ("make", "grid", "terms", "error", "told"),
    [
        (momentum, [], {}, ValueError, "The grid is empty"),
        (momentum, [(2, 1.0)], {"threads": 0}, ValueError, "threads is 0"),
        (momentum, [(2, 1.0)], {"cash": -1.0}, ValueError, "cash above 0"),
        (momentum, [(2,)], {}, TypeError, "missing 1 required positional argument"),
        (lambda size: size, [(1.0,)], {}, TypeError, "make gave a float"),
        (lambda count: Targets(np.ones(count)), [(3,)], {}, ValueError, "500 steps and 1 listings"),
        (lambda count: Targets(np.ones(count)), [(500,), (3,)], {}, ValueError, "500 steps and 1 listings"),
    ],
)
def test_what_cannot_be_swept_is_refused_by_name(
    make: Any, grid: Any, terms: dict[str, Any], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        sweep_of(make, grid, **terms)
