"""How requests show who asks: one small object, so that another kind of credential is another small object."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tapedeck_client.calls import Call
from tapedeck_client.errors import BadAnswer, Refused
from tapedeck_client.steps import Steps

Ask = Callable[[Call], Steps[Any]]


class Authentication(Protocol):
    def headers(self) -> Mapping[str, str]:
        """Of every request that is not open to everybody."""

    def renewed(self, refused: Mapping[str, str], ask: Ask) -> Steps[bool]:
        """After a 401 to these headers: whether there are others now, with which it is worth asking again."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """access opens the API for about an hour; refresh, if there is one, buys the next pair, once."""

    access: str
    refresh: str = ""

    def __repr__(self) -> str:
        return "Tokens(…)"  # a secret belongs in no log


class TokenStore(Protocol):
    """Where tokens outlive the process, and where another process may have put newer ones."""

    def load(self) -> Tokens | None: ...

    def save(self, tokens: Tokens) -> None: ...


class TokenAuthentication:
    """A bearer token, renewed once when the server does not take it any more."""

    def __init__(self, tokens: Tokens | None = None, store: TokenStore | None = None) -> None:
        self._tokens, self._store = tokens, store

    @property
    def tokens(self) -> Tokens | None:
        return self._tokens

    @tokens.setter
    def tokens(self, tokens: Tokens) -> None:
        self._tokens = tokens
        if self._store is not None:
            self._store.save(tokens)

    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._tokens.access}"} if self._tokens else {}

    def renewed(self, refused: Mapping[str, str], ask: Ask) -> Steps[bool]:
        if self.headers() != refused or self._is_newer_stored():
            return True  # another call, or another process, was faster
        if self._tokens is None or not self._tokens.refresh:
            return False
        body = {"refresh": self._tokens.refresh}
        try:
            pair = yield from ask(Call("POST", "/api/accounts/auth/refresh/", body=body, is_open=True))
        except Refused as error:
            if error.status >= 500 or error.status == 429:
                raise
            return self._is_newer_stored()
        self.tokens = tokens_of(pair, "access")
        return True

    def _is_newer_stored(self) -> bool:
        stored = self._store.load() if self._store else None
        if stored is None or stored == self._tokens:
            return False
        self._tokens = stored
        return True


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key that a person has made for this program; it is good until it expires or is revoked."""

    text: str = field(repr=False)

    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.text}"}

    def renewed(self, refused: Mapping[str, str], ask: Ask) -> Steps[bool]:
        yield from ()
        return False


def tokens_of(body: Any, access: str) -> Tokens:
    """access: the member of the answer that holds the access token."""
    try:
        return Tokens(body[access], body["refresh"])
    except (KeyError, TypeError) as error:
        raise BadAnswer(f"The server signed us in without the tokens that were expected ({error}).") from error
