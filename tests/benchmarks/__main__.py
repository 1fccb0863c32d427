"""`python -m tests.benchmarks engine tape`: run these benchmarks, or say which there are. Fails when one does."""

import runpy
import sys
from pathlib import Path

import tests.environment  # noqa: F401 - before anything reads settings, and for the processes that are started

BENCHMARKS = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_"))


def main(names: list[str]) -> int:
    if not names or not set(names) <= set(BENCHMARKS):
        print(f"Usage: python -m tests.benchmarks NAME …; there are {', '.join(BENCHMARKS)}.")
        return 2
    failures = 0
    for name in names:
        print(f"=== {name}", flush=True)
        try:
            sys.argv = [name]
            runpy.run_module(f"tests.benchmarks.{name}", run_name="__main__")
        except SystemExit as end:
            failures += bool(end.code)
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
