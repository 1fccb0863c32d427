"""Somebody at the API who does not give up: requests are repeated while a server is away, and counted."""

import threading
import time
from collections import Counter
from typing import Any

import httpx

from tests.acceptance.client import JOURNALS, Person
from tests.faults.deck import Deck

PATIENCE_SECONDS = 20.0
PAUSE_SECONDS = 0.1
EXECUTIONS = "/api/trading/executions"


class Visitor(Person):
    """A registered user with a token."""

    def __init__(self, deck: Deck) -> None:
        self.troubles: Counter[str] = Counter()
        """Answers that were none: connections refused or cut, and 5xx."""
        self._troubles = threading.Lock()
        super().__init__(deck)  # type: ignore[arg-type]

    def call(self, method: str, path: str, expected: int, **more: Any) -> Any:
        answer = self.ask(method, path, **more)
        assert answer.status_code == expected, f"{method} {path}: {answer.status_code} {answer.text[:2000]}"
        return answer.json() if answer.content else None

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """An answer below 500, however often one has to ask."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = self.try_once(method, path, **more)
            if answer is not None:
                return answer
            if time.monotonic() > until:
                raise TimeoutError(f"{method} {path} has had no answer for {PATIENCE_SECONDS:g} s.")
            time.sleep(PAUSE_SECONDS)

    def try_once(self, method: str, path: str, **more: Any) -> httpx.Response | None:
        """An answer below 500, or None."""
        try:
            answer = self.http.request(method, path, timeout=5, **more)
        except httpx.TransportError as error:
            trouble = type(error).__name__
        else:
            if answer.status_code < 500:
                return answer
            trouble = f"{answer.status_code} to {method}"
        with self._troubles:
            self.troubles[trouble] += 1
        return None

    def start(self, task: int) -> int:
        """Start a task, once even where the first answer was lost; the execution's id."""
        answer = self.ask("post", f"/api/trading/backtest-tasks/{task}/start/")
        if answer.status_code == 202:
            return int(answer.json()["execution_id"])
        assert answer.status_code == 409, answer.text
        return int(self.get(f"/api/trading/backtest-tasks/{task}/")["latest_execution"])

    def move(self, execution: int, verb: str) -> int | None:
        """Pause, resume or stop, asked once; the status of the answer, None where there was none."""
        answer = self.try_once("post", f"{EXECUTIONS}/{execution}/{verb}/")
        return answer.status_code if answer is not None else None

    def page(self, execution: int, journal: str, since: int, size: int) -> tuple[list[dict[str, Any]], bool]:
        """Rows above `since`, and whether there are more."""
        query = {"since_sequence": since, "page_size": size}
        body = self.get(f"{EXECUTIONS}/{execution}/{journal}/", **query)
        return body[JOURNALS[journal]], body["next"] is not None
