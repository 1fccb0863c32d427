"""What the documents of the API ask for, one numbered case each: the ids that tests name by `@pytest.mark.case`."""

from dataclasses import dataclass

from tests.conformance.documents import agents, cracktrader, jesse, lean, trading_system

DOCUMENTED, IMPLIED, USUAL = "D", "I", "U"
REQUIRED = (DOCUMENTED, IMPLIED)


@dataclass(frozen=True)
class Case:
    """One thing that a client may rely on.

    said: D where the document says it, I where an example or a phrase of it implies it, U where only systems like
    this one are known for it.
    """

    id: str
    said: str
    title: str


DOCUMENTS = {"T": trading_system, "J": jesse, "L": lean, "A": agents, "C": cracktrader}
SURFACES = {
    letter: [Case(f"{letter}{number}", said, title) for number, (said, title) in enumerate(document.CASES, start=1)]
    for letter, document in DOCUMENTS.items()
}
CASES = {case.id: case for cases in SURFACES.values() for case in cases}
