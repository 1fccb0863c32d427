"""The peers, each in an environment of its own, and the markets that they and we trade on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.benchmarks.figures import environments
from tests.peers import markets, ours, outcomes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from apps.engine.types import Array, FillRules
    from tests.peers.markets import Market
    from tests.peers.outcomes import Outcome

    Case = tuple[Market, Array]

FEE = 0.001
WALKS = 40


@pytest.fixture(params=["random walks", "real bars"])
def some_markets(request: pytest.FixtureRequest) -> list[Market]:
    if request.param == "random walks":
        return [markets.walk(seed) for seed in range(WALKS)]
    shared: Path = request.getfixturevalue("shared")
    return [markets.real(shared, name) for name in markets.REAL]


def need(peer: str) -> None:
    if not environments.is_there(peer):
        pytest.skip(f"{peer} is not installed; `python3 manage.py bench engine --peers` makes its environment.")


@pytest.fixture
def figures(tmp_path: Path) -> Callable[[str, dict[str, Array]], dict[str, float]]:
    """figures(peer, columns of a run): what a peer reports of it."""

    def answer(peer: str, run: dict[str, Array]) -> dict[str, float]:
        need(peer)
        return outcomes.report_of_peer(peer, run, tmp_path)

    return answer


@pytest.fixture
def follow(tmp_path: Path) -> Callable[..., list[Outcome]]:
    """follow(peer, cases, fee=): what a peer comes to with each market and script."""

    def answer(peer: str, cases: Sequence[Case], *, fee: float = FEE) -> list[Outcome]:
        need(peer)
        return outcomes.of_peer(peer, cases, tmp_path, fee=fee)

    return answer


@pytest.fixture
def agree(follow: Callable[..., list[Outcome]]) -> Callable[..., list[Outcome]]:
    """agree(peer, cases, rules, fee=): our outcomes, after every one was found equal to the peer's."""

    def compare(peer: str, cases: Sequence[Case], rules: FillRules, *, fee: float = FEE) -> list[Outcome]:
        theirs = follow(peer, cases, fee=fee)
        mine = [ours.played(market, steps, fee=fee, rules=rules) for market, steps in cases]
        for (market, _), each, other in zip(cases, mine, theirs, strict=True):
            outcomes.assert_same(each, other, market.name)
        return mine

    return compare


@pytest.fixture
def agree_where_it_matters(agree: Callable[..., list[Outcome]]) -> Callable[..., None]:
    """As `agree`, for cases of which some would end differently had ambiguous bars gone the other way."""

    def compare(peer: str, cases: Sequence[Case], rules: FillRules) -> None:
        mine = agree(peer, cases, rules)
        others = [ours.played(market, steps, fee=FEE, rules=rules.opposite()) for market, steps in cases]
        assert any(each.equity != other.equity for each, other in zip(mine, others, strict=True))

    return compare
