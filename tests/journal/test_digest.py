"""A journal's hash is that of its bytes, however they are cut and wherever the work was put down."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from apps.journal.digest import PAGE, Digest

TAPES = st.binary(max_size=200).flatmap(lambda part: st.integers(0, 3 * PAGE).map(lambda n: (part or b"-") * n))


def hash_of(tape: bytes) -> bytes:
    digest = Digest()
    digest.update(tape)
    return digest.value()


@given(TAPES.map(lambda tape: tape[: 3 * PAGE]), st.lists(st.integers(0, 3 * PAGE), max_size=8))
def test_any_pieces_and_any_resumption_give_the_same_hash(tape: bytes, cuts: list[int]) -> None:
    state = b""
    for start, end in pairwise(sorted({0, len(tape), *(cut for cut in cuts if cut < len(tape))})):
        digest = Digest(state)
        digest.update(tape[start:end])
        state = digest.state

    assert Digest(state).value() == hash_of(tape)


@given(st.binary(min_size=1, max_size=3 * PAGE), st.data())
def test_one_flipped_bit_changes_the_hash(tape: bytes, data: st.DataObject) -> None:
    place, bit = data.draw(st.integers(0, len(tape) - 1)), data.draw(st.integers(0, 7))
    changed = tape[:place] + bytes([tape[place] ^ (1 << bit)]) + tape[place + 1 :]

    assert hash_of(changed) != hash_of(tape)


def test_the_hash_of_nothing_is_not_that_of_a_page_of_zeros() -> None:
    assert hash_of(b"") != hash_of(bytes(PAGE))
    assert hash_of(bytes(PAGE)) != hash_of(bytes(PAGE - 1))
