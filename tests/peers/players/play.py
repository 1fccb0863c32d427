"""Let one engine follow scripts of orders, or report on a run: `python -P play.py PLAYER FOLDER`, in its environment.

PLAYER is a file of functions that say how that engine does it, FOLDER holds what is asked:

terms.json   cash, fee and the number of cases, of each of which there are the bars and the steps. What
             `play(bars, steps, cash, fee)` says goes to outcomes.json: the fills in order, as bar, signed quantity and
             price, and the final equity.
run.npz      the columns of a run. What `report(run)` says goes to figures.json: numbers by their names there.

It needs the standard library and numpy only.
"""

import importlib.util
import json
import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

LEVELS = ("limit", "stop", "stop_loss", "target")


def main(player: str, folder: str) -> None:
    engine, place = load(Path(player)), Path(folder)
    if (place / "terms.json").exists():
        outcomes = played(engine, place, json.loads((place / "terms.json").read_text()))
        (place / "outcomes.json").write_text(json.dumps(outcomes))
    if (place / "run.npz").exists():
        figures = engine.report(dict(np.load(place / "run.npz")))
        (place / "figures.json").write_text(json.dumps({name: float(value) for name, value in figures.items()}))


def played(engine: ModuleType, place: Path, terms: dict[str, Any]) -> list[dict[str, Any]]:
    outcomes = []
    for number in range(terms["cases"]):
        bars, steps = (np.load(place / f"{number}.{kind}.npy") for kind in ("bars", "steps"))
        fills, equity = engine.play(bars, by_bar(steps), terms["cash"], terms["fee"])
        outcomes.append({"fills": fills, "equity": float(equity)})
    return outcomes


def by_bar(steps: np.ndarray) -> dict[int, dict[str, Any]]:
    """Steps as plain values; None for a level that an order has not."""
    plain = [dict(zip(steps.dtype.names or (), row, strict=True)) for row in steps.tolist()]
    for each in plain:
        each.update({name: None if math.isnan(each[name]) else each[name] for name in LEVELS})
    return {each["bar"]: each for each in plain}


def load(path: Path) -> ModuleType:
    """The module, under a name that hides no package: a player's file is called like the package."""
    spec = importlib.util.spec_from_file_location(f"player_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main(*sys.argv[1:])
