"""`python -m tests.benchmarks engine --json`: run these benchmarks, with options, or say which there are.

Fails when one does.
"""

import runpy
import sys
from pathlib import Path

import tests.environment  # noqa: F401 - before anything reads settings, and for the processes that are started

BENCHMARKS = sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py"))


def main(arguments: list[str]) -> int:
    first_option = next((i for i, argument in enumerate(arguments) if argument.startswith("-")), len(arguments))
    names, options = arguments[:first_option], arguments[first_option:]
    if not names or not set(names) <= set(BENCHMARKS):
        print(f"Usage: bench NAME … [options of the benchmark]; there are {', '.join(BENCHMARKS)}.")
        return 2
    failures = 0
    for name in names:
        print(f"=== {name}", file=sys.stderr, flush=True)
        try:
            sys.argv = [name, *options]
            runpy.run_module(f"tests.benchmarks.{name}", run_name="__main__")
        except SystemExit as end:
            failures += bool(end.code)
            if isinstance(end.code, str):
                print(end.code, file=sys.stderr)
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
