"""The data that comes with the server: real series, whose origin PROVENANCE.md tells, and made-up ones."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from apps.market import quality, synthetic
from apps.market.importers.raw import Piece
from apps.market.models import Dataset
from apps.market.services import import_bars, import_rows
from apps.market.tick_quality import TickCheck

FOLDER = Path(__file__).parent
NEW_YEAR = 1_704_067_200_000_000  # 2024-01-01T00:00:00Z, microseconds
SYNTHETIC: dict[str, Any] = {
    "dataset": "SYN_USD 1 min, synthetic",
    "layout": "bars",
    "timeframe_seconds": 60,
    "instrument": {
        "symbol": "SYN_USD",
        "name": "Synthetic coin",
        "kind": "crypto",
        "quote_currency": "USD",
        "price_increment": 0.01,
        "pip_size": 0.01,
        "quantity_step": 0.0001,
        "min_quantity": 0.0001,
        "periods_per_year": 365,
    },
    "source": "made by apps/market/synthetic.py, seed 1",
    "licence": "Apache-2.0",
    "is_synthetic": True,
    "rows": 180 * 1440,
}
SYNTHETIC_TICKS: dict[str, Any] = {
    "dataset": "SYN_FX ticks, synthetic",
    "layout": "ticks",
    "timeframe_seconds": 0,
    "instrument": {
        "symbol": "SYN_FX",
        "name": "Synthetic currency pair",
        "kind": "forex",
        "quote_currency": "USD",
        "price_increment": 0.00001,
        "pip_size": 0.0001,
        "quantity_step": 1.0,
        "min_quantity": 1.0,
        "periods_per_year": 252,
    },
    "source": "made by apps/market/synthetic.py, seed 1",
    "licence": "Apache-2.0",
    "is_synthetic": True,
    "rows": 200_000,
}


def missing() -> list[dict[str, Any]]:
    """Entries of the index, and the made-up series, that this server does not hold yet."""
    entries = [*json.loads((FOLDER / "index.json").read_text()), SYNTHETIC, SYNTHETIC_TICKS]
    held = set(Dataset.objects.filter(owner=None, versions__isnull=False).values_list("name", flat=True))
    return [entry for entry in entries if entry["dataset"] not in held]


def install(entry: dict[str, Any]) -> None:
    """Import one entry as a dataset of the server's own, which every user sees."""
    instrument = dict(entry["instrument"])
    about = {
        "owner": None,
        "name": entry["dataset"],
        "symbol": instrument.pop("symbol"),
        "instrument": instrument,
        **{name: entry[name] for name in ("timeframe_seconds", "source", "licence", "is_synthetic")},
    }
    if entry["is_synthetic"]:
        import_rows(checked=_made(entry), layout=entry["layout"], **about)
    else:
        with (FOLDER / entry["file"]).open("rb") as file:
            import_bars(file=file, filename=entry["file"], **about)


def _made(entry: dict[str, Any]) -> quality.Checked:
    """The made-up rows of an entry, checked as those of a file."""
    count: int = entry["rows"]
    if entry["layout"] != Dataset.Layout.TICKS:
        return quality.check(synthetic.minute_bars(NEW_YEAR, count), entry["timeframe_seconds"])
    check = TickCheck()
    rows = check.take(Piece(synthetic.ticks(NEW_YEAR, count), np.arange(1, count + 1)))
    return quality.Checked(rows, check.report)
