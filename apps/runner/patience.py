"""What a run does while the database is away, locked or out of room: wait, and try again."""

import time
from collections.abc import Callable

import structlog
from django.db import InterfaceError, OperationalError, connection

log = structlog.get_logger("runner")

PATIENCE_SECONDS = 60.0  # after that the run is left to the sweep
BACK_OFF_SECONDS = (0.05, 0.2, 0.5, 1.0, 2.0)  # before the first repetition, the second …


def patiently(deed: Callable[[], None]) -> None:
    """Do it, again and again while the database is in trouble; the last error once PATIENCE_SECONDS have passed.

    deed: one transaction that finds out by itself whether an earlier try went through whose answer was lost. That a
    lease lapses meanwhile does no harm: who claims the execution then makes the next try one of somebody superseded.
    """
    until, tries = time.monotonic() + PATIENCE_SECONDS, 0
    while True:
        try:
            with connection.wrap_database_errors:  # COPY raises the driver's own
                deed()
            return
        except (OperationalError, InterfaceError) as error:
            delay = BACK_OFF_SECONDS[min(tries, len(BACK_OFF_SECONDS) - 1)]
            if time.monotonic() + delay > until or connection.in_atomic_block:  # a caller's transaction is spoilt
                raise
            log.warning("database in trouble, trying again", error=str(error).strip(), seconds=delay)
            connection.close_if_unusable_or_obsolete()
            time.sleep(delay)
            tries += 1
