"""The two clients: one for scripts and notebooks, one for programs that wait for many things at once."""

from contextlib import suppress
from typing import Self

import httpx

from tapedeck_client.answers import member
from tapedeck_client.authentication import Authentication, TokenAuthentication, Tokens, tokens_of
from tapedeck_client.calls import Call, get
from tapedeck_client.driving import Awaiting, Blocking
from tapedeck_client.errors import NotSignedIn
from tapedeck_client.exchange import Exchange, Patience
from tapedeck_client.executions import Execution, Executions
from tapedeck_client.operations import D, Resource, operation
from tapedeck_client.records import User
from tapedeck_client.resources import Backtests, Configs, Datasets, Strategies
from tapedeck_client.steps import Steps


class Client(Resource[D]):
    """What both clients have."""

    def __init__(self, driver: D, exchange: Exchange) -> None:
        super().__init__(driver, exchange)
        self.strategies: Strategies[D] = Strategies(driver, exchange)
        self.configs: Configs[D] = Configs(driver, exchange)
        self.datasets: Datasets[D] = Datasets(driver, exchange)
        self.backtests: Backtests[D] = Backtests(driver, exchange)
        self.executions: Executions[D] = Executions(driver, exchange)

    @property
    def url(self) -> str:
        return self._exchange.url

    @property
    def tokens(self) -> Tokens | None:
        """Those of `login`, or what became of them; None when this client signs in by other means, or not at all."""
        authentication = self._exchange.authentication
        return authentication.tokens if isinstance(authentication, TokenAuthentication) else None

    def execution(self, execution_id: int) -> Execution[D]:
        """One run, without asking the server whether there is such a one."""
        return Execution(self._driver, self._exchange, execution_id)

    @operation
    def login(self, email: str, password: str) -> Steps[User]:
        """Sign in; the tokens are kept and renewed from then on."""
        authentication = self._exchange.authentication
        if not isinstance(authentication, TokenAuthentication):
            raise TypeError("This client signs in by other means than a password.")
        call = Call("POST", "/api/accounts/auth/login/", body={"email": email, "password": password}, is_open=True)
        body = yield from self._exchange.ask(call)
        authentication.tokens = tokens_of(body, "token")
        return User.of(member(body, "user"))

    @operation
    def logout(self) -> Steps[None]:
        """Make the refresh token worth nothing; the access token expires by itself."""
        if self.tokens is not None and self.tokens.refresh:
            body = {"refresh": self.tokens.refresh}
            with suppress(NotSignedIn):  # it is worth nothing already
                yield from self._exchange.ask(Call("POST", "/api/accounts/auth/logout/", body=body, is_open=True))

    @operation
    def me(self) -> Steps[User]:
        return User.of((yield from self._exchange.ask(get("/api/accounts/me/"))))


class Tapedeck(Client[Blocking]):
    """A client that waits.

    url: the server's address. token: an access token, in place of `login`. authentication: any other way to sign in.
    patience: how often calls are tried and how long they wait in between. timeout_seconds: for each try.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        authentication: Authentication | None = None,
        patience: Patience | None = None,
        timeout_seconds: float = 30.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        exchange = _exchange(url, token, authentication, patience, timeout_seconds)
        super().__init__(Blocking(httpx.Client(transport=transport)), exchange)

    def close(self) -> None:
        self._driver.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncTapedeck(Client[Awaiting]):
    """The same client for `async` programs: its methods are awaited, its streams read by `async for`."""

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        authentication: Authentication | None = None,
        patience: Patience | None = None,
        timeout_seconds: float = 30.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        exchange = _exchange(url, token, authentication, patience, timeout_seconds)
        super().__init__(Awaiting(httpx.AsyncClient(transport=transport)), exchange)

    async def close(self) -> None:
        await self._driver.http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _exchange(
    url: str,
    token: str | None,
    authentication: Authentication | None,
    patience: Patience | None,
    timeout_seconds: float,
) -> Exchange:
    authentication = authentication or TokenAuthentication(Tokens(token) if token else None)
    timeout = httpx.Timeout(timeout_seconds, connect=min(10.0, timeout_seconds))
    return Exchange(url, authentication, patience or Patience(), timeout)
