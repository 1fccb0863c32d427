"""A verification that was asked for, carried out by a worker."""

import faulthandler
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from apps.errors import NotFound
from apps.executions import verifications
from apps.executions.models import Verification
from apps.executions.verifications import LetGo
from apps.runner import handover
from apps.runner.verify import verify

log = structlog.get_logger("runner")

BEAT_SECONDS = 1.0
LEASE_PARTS = 4
HANDED_OVER = (LetGo, DatabaseError, InterfaceError)  # whatever else ends it counts as a worker lost
MOST_BARS = 10  # of the slowest kind that a chunk may have to wait for


def carry_out(verification_id: int) -> None:
    """Carry a requested verification out, unless it is done or another worker has it."""
    verification = verifications.claim(verification_id)
    if verification is None:
        return
    with structlog.contextvars.bound_contextvars(execution_id=verification.execution_id):
        try:
            with _Heartbeat(verification) as heartbeat:
                findings = verify(verification.execution, heartbeat.go_on, limited)
            verifications.finish(verification, findings.outcome, findings.report)
            log.info("execution verified", outcome=findings.outcome)
        except (LetGo, NotFound, Verification.DoesNotExist):
            log.info("verification let go")


@contextmanager
def limited(bars: int) -> Iterator[None]:
    """Code of an author that does not come back takes its process with it; what loses many workers is given up."""
    seconds = settings.EXECUTION_MAX_SECONDS_PER_BAR * min(bars, MOST_BARS)
    faulthandler.dump_traceback_later(seconds, exit=True, file=sys.__stderr__ or 2)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


class _Heartbeat:
    """Renews the lease from a thread of its own: the main one may be in the author's code, or read, for long.

    Within a transaction another connection cannot see the row yet, and nobody else can take it.
    """

    def __init__(self, verification: Verification) -> None:
        self._verification = verification
        self._progress = 0.0
        self._over = threading.Event()
        self._is_lost = False
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if not connection.in_atomic_block:
            self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()  # it must not renew a lease that is about to be given back
        if kind is not None and issubclass(kind, HANDED_OVER) and not self._is_lost:
            with suppress(DatabaseError, InterfaceError):
                verifications.release(self._verification)

    def go_on(self, progress: float) -> None:
        """Raises LetGo when another worker has it, or this one is told to stop."""
        self._progress = progress
        if self._is_lost or handover.is_requested():
            raise LetGo

    def _beat(self) -> None:
        try:
            while not self._over.wait(min(BEAT_SECONDS, settings.LEASE_SECONDS / LEASE_PARTS)):
                with suppress(DatabaseError, InterfaceError):  # the lease is long enough to miss one
                    verifications.renew(self._verification, self._progress)
        except (LetGo, Verification.DoesNotExist):
            self._is_lost = True
        finally:
            connection.close()
