"""Whoever follows holds every row once, whatever happens in between: clients that come, go, stop reading, come back."""

import asyncio
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from apps.journal import cursors, reader
from tests.journal.following import MemoryReader, Notebook, Tape, a_follower

KEPT = 40  # bytes of a tail: about three rows, so that the past is never far


class Returner:
    """A client that loses its line again and again, and comes back with its cursors."""

    def __init__(self, source: MemoryReader, since: int) -> None:
        self.source, self.since = source, since
        self.notes: list[Notebook] = []
        self.come()

    def come(self) -> None:
        self.notes.append(Notebook())
        place = {name: max(self.since, *self.held(name), 0) for name in cursors.JOURNALS}
        self.follower = a_follower(self.notes[-1], 1, **place)
        self.follower.reader = self.source
        self.source.add(self.follower)

    def go(self) -> None:
        self.follower.leave()
        self.source.remove(self.follower)

    def held(self, name: str) -> list[int]:
        return [0, *(sequence for notes in self.notes for sequence in notes.sequences(name))]

    @property
    def is_done(self) -> bool:
        return self.notes[-1].has_ended


@given(seed=st.integers(0, 2**32), clients=st.integers(1, 5), deeds=st.integers(5, 80))
@settings(max_examples=150, deadline=None)
def test_every_client_holds_every_row_once_and_in_order(seed: int, clients: int, deeds: int) -> None:
    asyncio.run(_follow_at_random(seed, clients, deeds))


async def _follow_at_random(seed: int, clients: int, deeds: int) -> None:
    draw, tape = random.Random(seed), Tape()
    source = MemoryReader(tape, seed)
    kept, reader.KEPT_BYTES = reader.KEPT_BYTES, KEPT
    running = asyncio.create_task(source.run())
    people: list[Returner] = []
    try:
        for _ in range(deeds):
            await _one_deed(draw, tape, source, people, clients)
        tape.status = "completed"
        source.rung.set()
        people += [Returner(source, draw.randrange(20))]
        async with asyncio.timeout(20):
            while not all(person.is_done for person in people):
                for person in people:
                    person.notes[-1].read_on()
                await asyncio.sleep(0)
    finally:
        reader.KEPT_BYTES = kept
        running.cancel()

    for person in people:
        for name, head in tape.heads.items():
            assert person.held(name)[1:] == list(range(person.since + 1, head + 1)), name
        assert person.notes[-1].statuses[-1]["status"] == "completed"


async def _one_deed(
    draw: random.Random, tape: Tape, source: MemoryReader, people: list[Returner], clients: int
) -> None:
    match draw.randrange(7):
        case 0 | 1:
            for name in cursors.JOURNALS:
                tape.heads[name] += draw.choice([0, 1, 2, 12])
            if draw.random() < 0.8:  # the others are rings that were lost
                source.rung.set()
        case 2 if len(people) < clients:
            people.append(Returner(source, draw.randrange(20)))
        case 3 if people:
            person = draw.choice(people)
            person.go()
            person.come()
        case 4 if people:
            draw.choice(people).notes[-1].takes = draw.randrange(1, 3)
        case 5 if people:
            draw.choice(people).notes[-1].read_on()
        case _:
            for _ in range(draw.randrange(8)):
                await asyncio.sleep(0)


async def test_what_a_full_line_costs_is_its_cursors() -> None:
    tape = Tape()
    source, notes = MemoryReader(tape, 1), Notebook()
    follower = a_follower(notes, 1)
    follower.reader = source
    source.add(follower)
    running = asyncio.create_task(source.run())
    await notes.until(lambda: bool(notes.statuses))

    notes.takes = 1
    for _ in range(3000):
        tape.heads["events"] += 1
        source.rung.set()
        await asyncio.sleep(0)
    await notes.until(lambda: source.read_up_to("events") == 3000)
    written = len(notes.frames)
    notes.read_on()
    await notes.until_has("events", 3000)
    running.cancel()

    assert written <= 3  # one frame more than it took
    assert notes.sequences("events") == list(range(1, 3001))
    assert len(notes.frames) < written + 20  # what came together in the meantime, and the newest status only


async def test_equal_clients_are_sent_one_message() -> None:
    tape = Tape()
    source, people = MemoryReader(tape, 1), [Notebook() for _ in range(20)]
    written: list[object] = []
    for notes in people:
        notes.write = lambda *messages: written.extend(messages)  # type: ignore[method-assign]
        follower = a_follower(notes, 1)
        follower.reader = source
        source.add(follower)
    running = asyncio.create_task(source.run())

    tape.heads["events"] = 2
    source.rung.set()
    async with asyncio.timeout(10):
        while len(written) < 40:
            await asyncio.sleep(0)
    running.cancel()

    assert len({id(message) for message in written}) <= 3  # rows, and the status before and after
