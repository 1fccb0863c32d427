"""Carry out one work by one contestant, with a meter: `python -P carry_out.py FILE FUNCTION DATA ROWS`.

FILE is the contestant's module, which knows nothing of this program. FUNCTION takes the data and prepares a run;
calling what it returns is the run, and brings the number of fills or trades and the final equity. Only the run is
measured. The module may say:

WARM_UP    rows of a run before, for engines that compile at their first
REPEATS    runs of which the median counts, for those that take a blink
LIMITS     rows by function, for engines that need minutes for all of them
TOLERANCE  how far the equity may be off, by function
VARIANTS   in which the outcome differs by convention, by function: keywords of the work's plain loop

Prints one line of JSON. It needs the standard library and numpy, so that it runs in the environment of any contestant.
"""

import importlib.util
import json
import resource
import statistics
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable


def main(file: str, function: str, data: str, rows: str) -> None:
    """rows: how many to take at most; 0 for as many as the module finds enough."""
    module = load(Path(file))
    mapped = np.load(data, mmap_mode="r")
    limit = int(rows) or setting(module, "LIMITS", function, len(mapped))
    whole = np.array(mapped[:limit])
    prepare: Callable[[Any], Callable[[], tuple[int, float]]] = getattr(module, function)
    if warm_up := getattr(module, "WARM_UP", 0):
        prepare(whole[:warm_up])()
    spent = []
    for _ in range(getattr(module, "REPEATS", 1)):
        run = prepare(whole)
        before = cpu_seconds(), time.perf_counter()
        count, equity = run()
        spent.append((cpu_seconds() - before[0], time.perf_counter() - before[1]))
    result = {
        "rows": len(whole),
        "cpu_seconds": statistics.median(cpu for cpu, _ in spent),
        "seconds": statistics.median(wall for _, wall in spent),
        "count": int(count),
        "equity": float(equity),
        "tolerance": setting(module, "TOLERANCE", function, None),
        "variant": setting(module, "VARIANTS", function, {}),
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print("\n" + json.dumps(result), flush=True)


def load(path: Path) -> ModuleType:
    """The module, under a name that hides no package: the contestant's file is often called like the package."""
    spec = importlib.util.spec_from_file_location(f"contestant_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def setting(module: ModuleType, name: str, function: str, default: Any) -> Any:
    return getattr(module, name, {}).get(function, default)


def cpu_seconds() -> float:
    """User and system seconds of this process, its threads and its children that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    main(*sys.argv[1:])
