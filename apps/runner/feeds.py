"""What carries an execution out: the session that plays the bars, quote bars or ticks of its manifest."""

from collections.abc import Callable
from typing import Any

from apps.engine.listing import Listing
from apps.engine.series.timeframes import Timeframe
from apps.engine.session import Session
from apps.engine.strategy import Strategy
from apps.engine.types import Account, Costs, FillRules, Instrument
from apps.executions import timeframes
from apps.executions.data import rows_of
from apps.runner.ticks import TickSession
from apps.strategies import sources


def session_of(manifest: dict[str, Any], change: Callable[[type[Strategy]], type[Strategy]] | None = None) -> Session:
    """A session at its first row; everything it needs to know is in the manifest.

    What an older manifest does not say is as the engine has it by default: so it was when it was written.
    change: what another strategy is made of it with, which knows its parameters and its snapshots.
    """
    strategy = sources.strategy_of(manifest["strategy"]["type"], manifest["strategy"].get("source"))
    if change is not None:
        strategy = change(strategy)
    known = {name: value for name, value in manifest["instrument"].items() if value is not None}
    data, account = manifest["data"], dict(manifest["account"])
    rows, warm_up = rows_of(data)
    listing = Listing(Instrument(**known), rows, timeframe=timeframes.of_dataset(data["timeframe_seconds"]))
    terms: dict[str, Any] = {
        "cash": account.pop("initial_balance"),
        "account": Account(**account),
        "costs": Costs(**manifest["costs"]),
        "timeframe": Timeframe.parse(data["timeframe"]) if data.get("timeframe") else None,
        "warm_up": warm_up,
        "seed": manifest["engine"]["seed"],
        "rules": FillRules(**manifest.get("rules", {})),
    }
    parameters, ticks = manifest["strategy"]["parameters"], manifest.get("ticks")
    if ticks is None:
        return Session(strategy, parameters, listing, **terms)
    terms["equity_seconds"] = float(ticks["equity_seconds"])
    return TickSession(strategy, parameters, listing, every=ticks["event_every"], **terms)
