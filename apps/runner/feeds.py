"""What carries an execution out: the session that plays the bars of its manifest."""

from typing import Any

from apps.engine.listing import Listing
from apps.engine.series.timeframes import Timeframe
from apps.engine.session import Session
from apps.engine.types import Account, Costs, FillRules, Instrument
from apps.executions import timeframes
from apps.executions.data import rows_of
from apps.strategies import sources


def session_of(manifest: dict[str, Any]) -> Session:
    """A session at its first bar; everything it needs to know is in the manifest.

    What an older manifest does not say is as the engine has it by default: so it was when it was written.
    """
    strategy = sources.strategy_of(manifest["strategy"])
    known = {name: value for name, value in manifest["instrument"].items() if value is not None}
    data, account = manifest["data"], dict(manifest["account"])
    rows, warm_up = rows_of(data)
    return Session(
        strategy,
        manifest["strategy"]["parameters"],
        Listing(Instrument(**known), rows, timeframe=timeframes.of_dataset(data["timeframe_seconds"])),
        cash=account.pop("initial_balance"),
        account=Account(**account),
        costs=Costs(**manifest["costs"]),
        timeframe=Timeframe.parse(data["timeframe"]) if data.get("timeframe") else None,
        warm_up=warm_up,
        seed=manifest["engine"]["seed"],
        rules=FillRules(**manifest.get("rules", {})),
    )
