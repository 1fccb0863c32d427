"""A short trial of a strategy before anybody uses it: what its author should mend, told with file, line and bar."""

import difflib
import inspect
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

import numpy as np

from apps.engine.errors import EngineError
from apps.engine.listing import Listing
from apps.engine.session import Session
from apps.engine.strategy import Strategy
from apps.engine.types import BAR, Array, Instrument, OrderEventKind, RejectionReason

BARS = 2_000
HOUR, MONDAY = 3_600_000_000, 1_704_067_200_000_000  # microseconds; 2024-01-01T00:00Z
MOST_SECONDS = 30.0
HOOKS = ("init", "on_bar", "on_tick", "on_fill", "check")
NEAR = 0.75  # as difflib measures it: on_bars and onbar are near on_bar, on_start is not


@dataclass
class Trial:
    """problems: what keeps the strategy from being used; advice: what its users would miss; facts: what it did."""

    problems: list[str] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)


def try_out(strategy: type[Strategy]) -> Trial:
    """Play made-up bars with the default parameters, at once and cut in two. Takes MOST_SECONDS at most."""
    trial = Trial()
    _read(strategy, trial)
    try:
        with _limited(MOST_SECONDS):
            _play(strategy, trial)
    except (EngineError, ValueError, TimeoutError) as problem:
        trial.problems.append(str(problem))
    return trial


def made_up_bars(seed: int, count: int = BARS) -> Array:
    """(count,) BAR: a seeded walk of hours around 100, in cents."""
    random = np.random.default_rng(seed)
    close = np.round(100.0 * np.exp(np.cumsum(random.normal(0.0, 0.005, count))), 2)
    bars = np.zeros(count, BAR)
    bars["time"] = MONDAY + HOUR * np.arange(count)
    bars["open"] = np.concatenate((close[:1], close[:-1]))
    bars["close"] = close
    bars["high"] = np.maximum(bars["open"], close) + 0.05
    bars["low"] = np.minimum(bars["open"], close) - 0.05
    bars["volume"] = random.integers(100, 1000, count)
    return bars


def _read(strategy: type[Strategy], trial: Trial) -> None:
    """What can be told without running it."""
    for name, member in vars(strategy).items():
        near = difflib.get_close_matches(name, HOOKS, n=1, cutoff=NEAR)
        if inspect.isfunction(member) and near and name not in HOOKS:
            line = member.__code__.co_firstlineno
            trial.advice.append(f"line {line}: {name}() is never called. Did you mean {near[0]}?")
    if not inspect.cleandoc(strategy.__doc__ or ""):
        trial.advice.append("It has no docstring: users read it as the strategy's description.")
    if mute := [name for name, parameter in strategy.parameters.items() if not parameter.help]:
        trial.advice.append(f"Without a sentence of help: {', '.join(mute)}.")


def _play(strategy: type[Strategy], trial: Trial) -> None:
    whole, first, second = (_session(strategy) for _ in range(3))
    began = time.process_time()
    rows = whole.advance(whole.total)
    seconds = time.process_time() - began
    trial.facts.append(
        f"{whole.total} bars in {seconds:.2f} s of CPU, {len(rows.fills)} fills, {len(rows.trades)} trades"
    )
    rejected = rows.orders["reason"][rows.orders["kind"] == OrderEventKind.REJECTED]
    reasons = Counter(RejectionReason(reason).name for reason in rejected.tolist())
    trial.advice += [f"{count} orders were rejected: {reason}." for reason, count in sorted(reasons.items())]
    if not len(rows.fills):
        trial.advice.append("It never traded on the trial's bars, a walk around 100.")
    first.advance(BARS // 2)
    second.restore(first.snapshot())
    second.advance(second.total)
    if second.snapshot() != whole.snapshot():
        trial.problems.append(
            "Cut in two it ends differently: something that it keeps is neither in plain attributes nor in its lines."
        )


def _session(strategy: type[Strategy]) -> Session:
    listings = [
        Listing(Instrument(f"TRIAL{number}", quantity_step=1e-6, min_quantity=0.0), made_up_bars(number))
        for number in range(strategy.least_instruments)
    ]
    return Session(strategy, {}, listings, cash=100_000.0)


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in whatever runs for longer; only in a main thread."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"It did not come to its end within {seconds:g} s for {BARS} bars")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
