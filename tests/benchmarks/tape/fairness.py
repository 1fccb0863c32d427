"""Two hundred executions at once on one worker of two processes: does anybody wait until all others are done?

Twenty that take six seconds each are started first, then 180 that take a blink. A queue that lets each run to its end
would do the short ones last. Run embedded, so that it needs nothing but this machine.
"""

import time
from collections.abc import Iterator

from tests.acceptance.client import FINAL, Person
from tests.benchmarks.figures.rows import Row
from tests.benchmarks.tape._figures import at_least, at_most
from tests.benchmarks.tape.run import as_csv, random_walk
from tests.stack import running

LONG, SHORT = 20, 180
BARS, PACE = 1_800, 300.0
PATIENCE_SECONDS = 600.0


def rows() -> Iterator[Row]:
    with running("embedded") as stack:
        person = Person(stack)
        path = stack.folder / "minutes.csv"
        path.write_bytes(as_csv(random_walk(BARS)))
        dataset, config = person.upload(path, symbol="XYZ", timeframe="60"), person.configure("sma_cross")
        person.wait(person.start(person.save_task(config, dataset)), seconds=PATIENCE_SECONDS)  # the worker is warm
        tasks = [person.save_task(config, dataset, bars_per_second=PACE) for _ in range(LONG)]
        tasks += [person.save_task(config, dataset) for _ in range(SHORT)]

        started = time.perf_counter()
        executions = [person.start(task) for task in tasks]
        ended: dict[int, float] = {}
        shares: list[float] = []
        while len(ended) < len(executions):
            assert time.perf_counter() - started < PATIENCE_SECONDS, f"{len(ended)} of {len(executions)} are done"
            look(person, executions, ended, started)
            if not shares and all(execution in ended for execution in executions[LONG:]):
                shares = [float(person.status(execution)["progress"]) for execution in executions[:LONG]]
            time.sleep(0.2)

    whole = max(ended.values())
    last_short = max(ended[execution] for execution in executions[LONG:])
    yield at_most("the last of the short ones ends, of the whole time", last_short / whole, "", 0.6)
    yield at_least("least by most progress of the long ones then", min(shares) / max(shares), "", 0.4)
    yield at_most("the whole", whole, "s")


def look(person: Person, executions: list[int], ended: dict[int, float], started: float) -> None:
    """Note the time at which executions were first seen to be over."""
    for execution in executions:
        if execution not in ended and person.status(execution)["status"] in FINAL:
            ended[execution] = time.perf_counter() - started
