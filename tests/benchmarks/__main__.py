"""`python -m tests.benchmarks tape append --json`: run benchmarks, with parts and options, or say which there are.

A benchmark is a module or a folder beside this one. What follows its name, up to the next benchmark's, is its own.
Fails when one does.
"""

import runpy
import sys
from pathlib import Path

import tests.environment  # noqa: F401 - before anything reads settings, and for the processes that are started

HERE = Path(__file__).parent
BENCHMARKS = sorted(
    [path.stem for path in HERE.glob("[!_]*.py")] + [path.parent.name for path in HERE.glob("*/__main__.py")]
)


def main(arguments: list[str]) -> int:
    first_option = next((i for i, argument in enumerate(arguments) if argument.startswith("-")), len(arguments))
    words, options = arguments[:first_option], arguments[first_option:]
    if not words or words[0] not in BENCHMARKS:
        print(f"Usage: bench NAME [PART …] … [options]; there are {', '.join(BENCHMARKS)}.")
        return 2
    failures = 0
    for name, parts in _asked(words):
        print(f"=== {' '.join((name, *parts))}", file=sys.stderr, flush=True)
        try:
            sys.argv = [name, *parts, *options]
            runpy.run_module(f"tests.benchmarks.{name}", run_name="__main__")
        except SystemExit as end:
            failures += bool(end.code)
            if isinstance(end.code, str):
                print(end.code, file=sys.stderr)
    return int(failures > 0)


def _asked(words: list[str]) -> list[tuple[str, list[str]]]:
    """Each benchmark with the words that follow it."""
    asked: list[tuple[str, list[str]]] = []
    for word in words:
        if word in BENCHMARKS:
            asked.append((word, []))
        else:
            asked[-1][1].append(word)
    return asked


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
