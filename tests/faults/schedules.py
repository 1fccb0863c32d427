"""What is played and what goes wrong, drawn from a seed and a number: the same for ever."""

from dataclasses import asdict, dataclass
from random import Random
from typing import Any

STACKS = ("served", "embedded")
FAULTS = (3, 6)
EARLIEST = 0.02  # seconds into the schedule; the latest is when the slowest run would end
READERS = ("poll", "socket", "stream")


@dataclass(frozen=True)
class Tape:
    """A manifest of the repertoire: `bars` random minutes, and who trades them."""

    bars: int
    strategy: str
    parameters: tuple[tuple[str, Any], ...]


REPERTOIRE = {
    "short": Tape(700, "sma_cross", (("fast", 3), ("slow", 8))),
    "both ways": Tape(2500, "sma_cross", (("fast", 4), ("slow", 11), ("direction", "both"))),
    "reversion": Tape(
        5000, "rsi_reversion", (("period", 7), ("entry_below", 40.0), ("exit_above", 50.0), ("fraction", 0.5))
    ),
    "long": Tape(9000, "sma_cross", (("fast", 5), ("slow", 20))),
}


@dataclass(frozen=True)
class Run:
    """An execution to be started; `seconds` is what it is slowed down to, None as fast as it goes."""

    tape: str
    seconds: float | None


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong `at` seconds after the start.

    target: which of those it could happen to, modulo their number. seconds: how long, where it lasts.
    """

    at: float
    kind: str
    target: int
    seconds: float


@dataclass(frozen=True)
class Reader:
    """Somebody who follows run number `run`, and loses the line now and then."""

    transport: str
    run: int
    seed: int


@dataclass(frozen=True)
class Schedule:
    stack: str
    seed: int
    number: int
    runs: tuple[Run, ...]
    faults: tuple[Fault, ...]
    readers: tuple[Reader, ...]

    def describe(self) -> dict[str, Any]:
        return asdict(self)


def draw(stack: str, seed: int, number: int, weights: dict[str, float]) -> Schedule:
    """Schedule `number` of a seed; weights: how often each kind that this stack knows is drawn."""
    chance = Random(f"{stack}:{seed}:{number}")
    runs = [Run(chance.choice(["short", "both ways", "reversion"]), round(chance.uniform(1.0, 2.8), 2))]
    if chance.random() < 0.85:
        runs.append(Run(chance.choice(["reversion", "long", "long"]), None))
    for _ in range(chance.choice([0, 0, 0, 1, 2])):
        seconds = chance.choice([None, round(chance.uniform(1.0, 2.5), 2)])
        runs.append(Run(chance.choice(list(REPERTOIRE)), seconds))
    latest = max(run.seconds for run in runs if run.seconds)
    kinds = chance.choices(list(weights), list(weights.values()), k=chance.randint(*FAULTS))
    faults = [
        Fault(round(chance.uniform(EARLIEST, latest), 3), kind, chance.randrange(1 << 16), round(chance.random(), 3))
        for kind in kinds
    ]
    readers = [
        Reader(transport, chance.randrange(len(runs)), chance.randrange(1 << 30))
        for transport in chance.sample(READERS, chance.randint(1, 2))
    ]
    in_time = tuple(sorted(faults, key=lambda fault: fault.at))
    return Schedule(stack, seed, number, tuple(runs), in_time, tuple(readers))
