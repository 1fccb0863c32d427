"""The rolling hash of a journal: that of all its bytes in order, whatever the pieces they came in."""

from collections.abc import Iterable
from hashlib import sha256

PAGE = 4096
_CHAIN = 32


class Digest:
    """A chain of SHA-256 over pages of 4096 bytes; its state is the last link and the bytes of the unfinished page.

    A plain SHA-256 would do if hashlib could save one half-way. state: what `state` of an earlier digest said.
    """

    def __init__(self, state: bytes = b"") -> None:
        self._chain = state[:_CHAIN] or bytes(_CHAIN)
        self._rest = state[_CHAIN:]

    def update(self, data: bytes) -> None:
        """Take the next bytes of the journal."""
        view = memoryview(self._rest + data if self._rest else data)
        whole = len(view) - len(view) % PAGE
        chain = self._chain
        for start in range(0, whole, PAGE):
            link = sha256(chain)
            link.update(view[start : start + PAGE])
            chain = link.digest()
        self._chain, self._rest = chain, bytes(view[whole:])

    @property
    def state(self) -> bytes:
        """Up to 4127 bytes: all that a digest needs to go on."""
        return self._chain + self._rest

    def value(self) -> bytes:
        """(32,) bytes: the hash of everything so far."""
        return sha256(self._chain + self._rest).digest()


def pack(digests: Iterable[Digest]) -> bytes:
    """The states of several digests in one binary."""
    states = [digest.state for digest in digests]
    return b"".join(len(state).to_bytes(2, "little") + state for state in states)


def unpack(packed: bytes) -> list[Digest]:
    """The digests of `pack`, ready to go on."""
    digests, start = [], 0
    while start < len(packed):
        end = start + 2 + int.from_bytes(packed[start : start + 2], "little")
        digests.append(Digest(packed[start + 2 : end]))
        start = end
    return digests


def tape_hash(digests: Iterable[Digest]) -> str:
    """The hash of a whole tape, from the digests of its events, trades and equity: 64 hexadecimal digits."""
    return sha256(b"".join(digest.value() for digest in digests)).hexdigest()
