"""How fast tapes are written, read and followed: `python3 manage.py bench tape [PART …]`.

Each module of this folder is a part: its docstring says what it measures, its `rows()` brings the rows of the table.
Without a name all of them run. Exits with 1 when a gate is missed: a figure that holds on machines of any speed.
"""

import argparse
import importlib
import sys
from pathlib import Path
from types import ModuleType

from tests.benchmarks.figures import rows

PARTS = sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py") if not path.stem.startswith("test_"))


def main(arguments: list[str]) -> int:
    options = asked(arguments)
    found: list[rows.Row] = []
    for name in options.parts or PARTS:
        for row in part(name).rows():
            found.append(row)
            if options.json:
                print(row.as_json(), flush=True)
    if not options.json:
        print(rows.table(found))
    missed = rows.missed(found)
    if missed:
        print(f"Missed: {'; '.join(missed)}.", file=sys.stderr)
    return int(bool(missed))


def asked(arguments: list[str]) -> argparse.Namespace:
    summary = "\n".join(f"  {name:10} {part(name).__doc__.splitlines()[0]}" for name in PARTS)
    parser = argparse.ArgumentParser(
        prog="manage.py bench tape",
        description=f"{__doc__.splitlines()[0]}\n\nParts:\n{summary}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help="default: all of them")
    parser.add_argument("--json", action="store_true", help="one object a line: name, value, unit, goal, met")
    options = parser.parse_args(arguments)
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}.")
    return options


def part(name: str) -> ModuleType:
    return importlib.import_module(f"tests.benchmarks.tape.{name}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
