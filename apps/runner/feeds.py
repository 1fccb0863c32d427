"""What carries an execution out: the session that plays the bars of its manifest."""

from typing import Any

from apps.engine import strategies
from apps.engine.listing import Listing
from apps.engine.session import Session
from apps.engine.types import Costs, FillRules, Instrument
from apps.executions.data import bars_of


def session_of(manifest: dict[str, Any]) -> Session:
    """A session at its first bar; everything it needs to know is in the manifest.

    What an older manifest does not say is as the engine has it by default: so it was when it was written.
    """
    strategy = strategies.get(manifest["strategy"]["type"])
    known = {name: value for name, value in manifest["instrument"].items() if value is not None}
    instrument = Instrument(**known)
    return Session(
        strategy,
        manifest["strategy"]["parameters"],
        Listing(instrument, bars_of(manifest["data"])),
        cash=manifest["account"]["initial_balance"],
        costs=Costs(**manifest["costs"]),
        seed=manifest["engine"]["seed"],
        rules=FillRules(**manifest.get("rules", {})),
    )
