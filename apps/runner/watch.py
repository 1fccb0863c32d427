"""A run is looked after by a thread of its own: its lease is kept alive, and what takes too long is interrupted.

The main thread may be in the author's code for as long as that pleases, so nothing that has to happen meanwhile is left
to it. A signal brings the interruption there: Python handles signals in its main thread, between two bytecodes, where
the handler can tell whether the author's code runs or ours.
"""

import faulthandler
import math
import signal
import sys
import threading
import time
from types import FrameType, TracebackType
from typing import Any, Self

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from apps.engine.session import Session
from apps.engine.types import Rows
from apps.runner import handover, recorder
from apps.runner.recorder import Claim, Superseded

log = structlog.get_logger("runner")

LOOK_SECONDS = 0.05
SILENCE_SECONDS = 0.1  # who has heard nothing from the database for so long asks whether the execution is still ours
AWAY_SECONDS = 1.0  # between two questions to a database that does not answer
AGAIN_SECONDS = 1.0  # before an interruption that the author's code has caught is repeated
LAST_RESORT_SECONDS = 10.0  # after the limit: code that never comes back to Python takes its process with it
LEASE_PARTS = 4


class TimeLimit(Exception):
    """Raised in the middle of an advance that takes too long; its session is of no use after that."""


class Watch:
    """Looks after the run of this claim as long as the `with` lasts.

    A run within a transaction has nobody to look after it: another connection cannot see its rows yet, and nobody else
    can change them. Outside of the main thread nothing is interrupted, only noticed.
    """

    def __init__(self, claim: Claim) -> None:
        self._claim = claim
        self._thread: threading.Thread | None = None
        self._main: int | None = None
        self._previous: Any = None
        self._over = threading.Event()
        self._wake = threading.Event()  # there is no reason to rest any longer
        self._is_superseded = False
        self._is_advancing = False
        self._was_interrupted = False
        self._limit = self._deadline = math.inf
        self._next_shot = 0.0
        self.heard()

    def __enter__(self) -> Self:
        if connection.in_atomic_block:
            return self
        if threading.current_thread() is threading.main_thread():
            self._main = threading.get_ident()
            self._previous = signal.signal(signal.SIGUSR2, self._interrupt)
        self._thread = threading.Thread(target=self._look_after, name="watch", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()  # it must not renew a lease that is about to be given back
        if self._main is not None:
            signal.signal(signal.SIGUSR2, self._previous or signal.SIG_DFL)

    def heard(self) -> None:
        """The database has just renewed the lease."""
        self._heard_at = self._renewed_at = time.monotonic()

    def rest(self, seconds: float) -> None:
        """Sleep for so long, or until the worker is told to stop. Raises Superseded as soon as the run is."""
        self._wake.wait(seconds)
        if self._is_superseded:
            raise Superseded

    def advance(self, session: Session, bars: int, seconds: float) -> Rows:
        """`session.advance(bars)`, interrupted when it takes longer than so many seconds, or is not wanted any more.

        Raises TimeLimit, whose cause says where that was, or Superseded. The session is of no use then.
        """
        self._was_interrupted, self._next_shot = False, 0.0
        self._limit, self._deadline = seconds, time.monotonic() + seconds
        faulthandler.dump_traceback_later(seconds + LAST_RESORT_SECONDS, exit=True, file=sys.__stderr__ or 2)
        interruption: Exception | None = None
        try:
            self._is_advancing = True
            rows = session.advance(bars)
            self._is_advancing = False
        except Exception as error:
            self._is_advancing = False
            if not self._was_interrupted:
                raise
            interruption = error
        finally:
            self._is_advancing = False
            faulthandler.cancel_dump_traceback_later()
        if self._was_interrupted:  # also where the author's code caught it: then its rows are not those of the strategy
            if self._is_superseded:
                raise Superseded
            raise TimeLimit from interruption
        return rows

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self._is_advancing:
            self._was_interrupted = True
            raise TimeLimit(f"longer than {self._limit:g} s, the most for one bar (EXECUTION_MAX_SECONDS_PER_BAR)")

    def _look_after(self) -> None:
        try:
            while not self._over.wait(LOOK_SECONDS):
                self._look(time.monotonic())
        finally:
            connection.close()

    def _look(self, now: float) -> None:
        if not self._is_superseded and now - self._heard_at >= SILENCE_SECONDS:
            self._ask(now)
        if self._is_superseded or handover.is_requested():
            self._wake.set()
        is_wanted = not self._is_superseded and now < self._deadline
        if self._is_advancing and self._main is not None and not is_wanted and now >= self._next_shot:
            self._next_shot = now + AGAIN_SECONDS
            signal.pthread_kill(self._main, signal.SIGUSR2)

    def _ask(self, now: float) -> None:
        """Whether the execution is still ours; a quarter of the lease after the last time, by renewing it."""
        is_due = now - self._renewed_at >= settings.LEASE_SECONDS / LEASE_PARTS
        try:
            if is_due:
                recorder.renew(self._claim)
                self._renewed_at = now
            else:
                recorder.refuse_superseded(self._claim)
            self._heard_at = now
        except Superseded:
            self._is_superseded = True
        except (DatabaseError, InterfaceError) as error:
            log.warning("no sign of life given", error=str(error))
            connection.close()
            self._heard_at = now + AWAY_SECONDS
