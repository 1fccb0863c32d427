"""Child processes that live and die together: started in order, started again when they die, stopped in reverse."""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LOOK_SECONDS = 0.1
START_SECONDS = 30.0
BACK_OFF_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)  # before the first restart, the second …
STEADY_SECONDS = 60.0  # who lived this long begins at the first of them again
LOG_BYTES = 10_000_000  # a longer log becomes <name>.log.1
LAST_WORDS = 5
PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class StartFailed(Exception):
    """A program that did not come up; the text says which, and its last words."""


@dataclass(frozen=True)
class Program:
    """A child process: how it is started, how one sees that it serves, how long it may take to stop."""

    name: str
    command: Sequence[str]
    is_ready: Callable[[], bool] | None = None  # None: nobody has to wait for it
    patience_seconds: float = 5.0  # between the request to stop and the kill


@dataclass
class Child:
    program: Program
    log: Path
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    restarts: int = 0
    due_at: float | None = None  # a restart is waiting for this moment

    def last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-LAST_WORDS:]
        return "\n".join(f"    {line}" for line in lines)


class Supervisor:
    """Keeps programs running until it is told to stop; what they say goes to <logs>/<name>.log.

    Every program has a process group of its own, so that Ctrl-C reaches the supervisor alone and a whole group can be
    ended; on Linux the programs also end when the supervisor is killed.
    """

    def __init__(self, logs: Path, environment: Mapping[str, str], say: Callable[[str], None]) -> None:
        self.logs = logs
        self.environment = dict(environment)
        self.say = say
        self.children: list[Child] = []
        self.stop_requests = 0
        logs.mkdir(parents=True, exist_ok=True)

    def listen(self) -> None:
        """Let SIGINT, SIGTERM and SIGHUP ask for the end; the second one asks for it at once."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._request_stop)

    def _request_stop(self, *_: object) -> None:
        self.stop_requests += 1

    def start(self, program: Program) -> None:
        child = Child(program, self.logs / f"{program.name}.log")
        self.children.append(child)
        self._spawn(child)

    def wait_until_ready(self) -> None:
        """Return when every program serves, or a stop is asked for; StartFailed when one ends or takes too long."""
        deadline = time.monotonic() + START_SECONDS
        waiting = [child for child in self.children if child.program.is_ready is not None]
        while waiting and not self.stop_requests:
            self._refuse_the_dead()
            waiting = [child for child in waiting if not (child.program.is_ready and child.program.is_ready())]
            if waiting and time.monotonic() > deadline:
                raise StartFailed(f"{waiting[0].program.name} does not answer. {self._words_of(waiting[0])}")
            if waiting:
                time.sleep(LOOK_SECONDS / 5)

    def watch(self, until: Callable[[], bool] = lambda: False) -> None:
        """Start again whatever dies, until somebody asks to stop or `until()` is true."""
        while not self.stop_requests and not until():
            for child in self.children:
                self._look_after(child)
            time.sleep(LOOK_SECONDS)

    def stop(self) -> None:
        """End every program, the last started first; one that takes longer than its patience is killed."""
        while self.children:
            self._end(self.children.pop())

    def _refuse_the_dead(self) -> None:
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                raise StartFailed(f"{child.program.name} {_ending(child.process)}. {self._words_of(child)}")

    def _words_of(self, child: Child) -> str:
        return f"Its last words, from {child.log}:\n{child.last_words()}"

    def _look_after(self, child: Child) -> None:
        if child.log.stat().st_size > LOG_BYTES:
            shutil.copyfile(child.log, child.log.with_suffix(".log.1"))
            os.truncate(child.log, 0)  # the child appends, so it goes on at the new end
        now = time.monotonic()
        if child.due_at is not None:
            if now >= child.due_at:
                self._spawn(child)
        elif child.process is not None and child.process.poll() is not None:
            if now - child.started_at > STEADY_SECONDS:
                child.restarts = 0
            delay = BACK_OFF_SECONDS[min(child.restarts, len(BACK_OFF_SECONDS) - 1)]
            self.say(
                f"{child.program.name} {_ending(child.process)}; it is started again in {delay:g} s."
                f" {self._words_of(child)}"
            )
            _kill_group(child.process)
            child.process = None
            child.restarts += 1
            child.due_at = now + delay

    def _spawn(self, child: Child) -> None:
        with child.log.open("ab") as log:
            child.process = subprocess.Popen(  # noqa: S603
                child.program.command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent(os.getpid()),  # noqa: PLW1509 - this process has one thread
            )
        child.started_at = time.monotonic()
        child.due_at = None

    def _end(self, child: Child) -> None:
        process = child.process
        if process is None:
            return
        process.terminate()
        deadline = time.monotonic() + child.program.patience_seconds
        requests = self.stop_requests
        while process.poll() is None and time.monotonic() < deadline and self.stop_requests == requests:
            time.sleep(LOOK_SECONDS / 5)
        _kill_group(process)


def _ending(process: "subprocess.Popen[bytes]") -> str:
    code = process.returncode
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"


def _kill_group(process: "subprocess.Popen[bytes]") -> None:
    """Kill what is left of the program: itself, and children that outlived it."""
    with suppress(ProcessLookupError, PermissionError):  # macOS says the second of a group of zombies
        os.killpg(process.pid, signal.SIGKILL)  # its group has its number: it was started in a session of its own
    process.wait()


def _die_with_parent(parent: int) -> Callable[[], None] | None:
    """What the child does before it becomes the program: ask Linux for a kill when the supervisor is gone."""
    if _LIBC is None:
        return None
    set_option = _LIBC.prctl

    def ask() -> None:
        set_option(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it went before we could ask
            os._exit(1)

    return ask
