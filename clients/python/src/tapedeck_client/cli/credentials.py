"""Tokens between two commands: one file that only its owner can read."""

import json
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tapedeck_client.authentication import TokenAuthentication, Tokens
from tapedeck_client.client import Tapedeck
from tapedeck_client.exchange import Patience

LOCAL = "http://127.0.0.1:8000"


def folder() -> Path:
    configuration = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(configuration) / "tapedeck"


@dataclass(frozen=True)
class Credentials:
    """The tokens for one server, kept beside those for others. The server signed in to last comes first."""

    url: str

    def load(self) -> Tokens | None:
        kept = _read().get(self.url, {})
        return Tokens(kept["access"], kept.get("refresh", "")) if "access" in kept else None

    def save(self, tokens: Tokens) -> None:
        kept = _read()
        _write({**kept, self.url: {"access": tokens.access, "refresh": tokens.refresh}})

    def put_first(self) -> None:
        kept = _read()
        _write({self.url: kept.pop(self.url, {}), **kept})

    def forget(self) -> None:
        kept = _read()
        kept.pop(self.url, None)
        _write(kept)


def connect(url: str | None, *, tries: int = 4) -> Tapedeck:
    """A client for this server, else for TAPEDECK_URL, else for the one signed in to last, else for this machine.

    tries: few, where a person waits for an answer; more, where a run is waited for.
    """
    url = (url or os.environ.get("TAPEDECK_URL") or next(iter(_read()), LOCAL)).rstrip("/")
    if token := os.environ.get("TAPEDECK_TOKEN"):
        return Tapedeck(url, token, patience=Patience(tries))
    store = Credentials(url)
    return Tapedeck(url, authentication=TokenAuthentication(store.load(), store), patience=Patience(tries))


def _read() -> dict[str, dict[str, str]]:
    """By the server's address. A file that cannot be understood holds nothing: signing in writes it anew."""
    with suppress(FileNotFoundError, ValueError):
        kept = json.loads((folder() / "credentials.json").read_text())
        if isinstance(kept, dict) and all(isinstance(one, dict) for one in kept.values()):
            return kept
    return {}


def _write(kept: dict[str, dict[str, str]]) -> None:
    """All or nothing: another command may be reading."""
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, path = tempfile.mkstemp(dir=folder())  # made with mode 0600
    try:
        with os.fdopen(descriptor, "w") as file:
            json.dump(kept, file, indent=1)
        os.replace(path, folder() / "credentials.json")
    except BaseException:
        os.unlink(path)
        raise
