"""What failed an execution, as an event."""

from collections.abc import Mapping
from typing import Any

from apps.events.journal import write_history


def record_failure(sender: Any, *, execution_id: int, message: str, failure: Mapping[str, Any], **more: Any) -> None:
    """Write the reason of a failure down, in the transaction that makes it."""
    context = {name: value for name, value in failure.items() if name != "error_type"}
    event = {"type": "error_occurred", "error_type": failure.get("error_type"), "error_message": message}
    write_history(execution_id, "error_occurred", {**event, "context": context})
