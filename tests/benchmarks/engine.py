"""How fast, how large and how exact the engine is: `python3 manage.py bench engine`.

Prints a table of figures: ours, the peer's, their ratio, the goal, and whether it is met. All are CPU seconds, user and
system with threads and children, medians over rounds in which everyone takes a turn in a fresh process, so that the
ratios hold on a busy machine. `figures/works.py` says what the works are; who does not come to a work's outcome has no
figure. Exits with 1 when a gate is missed: a figure that needs no peer and holds on machines of any speed.
"""

import argparse
import sys

from tests.benchmarks.figures import alone, environments, rows, speed, works
from tests.benchmarks.figures.rounds import OutOfTheRace


def main(arguments: list[str]) -> int:
    options = asked(arguments)
    if options.peers:
        environments.build_all()
    works.data("w1")  # the probes read it
    try:
        found = speed.rows(options.rounds, alone=options.alone, whole=options.whole) + alone.rows()
    except OutOfTheRace as reason:
        print(f"Our engine: {reason}", file=sys.stderr)
        return 1
    print("\n".join(row.as_json() for row in found) if options.json else rows.table(found))
    missed = rows.missed(found)
    if missed:
        print(f"Missed: {'; '.join(missed)}.", file=sys.stderr)
    return int(bool(missed))


def asked(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="manage.py bench engine", description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one object a line: name, value, unit, goal, met")
    parser.add_argument("--peers", action="store_true", help="make the peers' environments first, under .cache/peers")
    parser.add_argument("--alone", action="store_true", help="leave the peers out: what gates, in a minute")
    parser.add_argument("--whole", action="store_true", help="give slow peers all rows too, not their first part")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured; the median counts")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
