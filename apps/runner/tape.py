"""The hash of a tape: of everything that a strategy brought, whatever the pieces it was recorded in.

It is SHA-256 over the three digests of events, trades and equity. What is hashed of a row is what is the same in every
run: not its number, not the moment it was written, and no row of the execution's own history, as a change of status.
"""

from apps.equity.journal import equity
from apps.events.journal import events
from apps.executions.models import Execution
from apps.journal.digest import Digest, tape_hash
from apps.journal.journal import Journal
from apps.trades.journal import trades

JOURNALS: tuple[Journal, ...] = (events, trades, equity)


def digests_of(execution: Execution) -> list[Digest]:
    """The digest of each journal, from the rows that stand in the database up to the execution's heads."""
    digests = [Digest() for _ in JOURNALS]
    for journal, digest in zip(JOURNALS, digests, strict=True):
        for piece in journal.hashed(execution.pk, journal.head(execution)):
            digest.update(piece)
    return digests


def hash_of(execution: Execution) -> str:
    """What Execution.tape_hash has to be by the rows that stand in the database; reads all of them."""
    return tape_hash(digests_of(execution))
