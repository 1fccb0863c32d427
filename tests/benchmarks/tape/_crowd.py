"""Many clients of one execution's socket in one process: `python -m … PORT PATH COOKIE COUNT FILE`; `follow` starts it.

Says "open" when all have caught up. At the end of its input it saves what came into FILE, (n, 3) int64: which client,
which head of the events, at which monotonic nanosecond; and says how many frames did not go on after the one before.
"""

import base64
import os
import re
import resource
import select
import socket
import struct
import sys
import time
from array import array

import numpy as np

HEAD = re.compile(rb'"heads":\{"events":(\d+)')
FIRST = re.compile(rb'"events":\[\{"sequence":(\d+)')
OPENING = 100  # handshakes under way at a time


class Client:
    """One socket, as raw as it goes: what is measured is the server."""

    def __init__(self, port: int, path: str, cookie: str) -> None:
        self.line = socket.create_connection(("127.0.0.1", port))
        key = base64.b64encode(os.urandom(16)).decode()
        self.line.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"Origin: http://127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n".encode()
        )
        self.rest, self.is_open, self.head, self.gaps, self.has_status = b"", False, 0, 0, False

    def read(self) -> list[int]:
        """The heads of the rows that have come."""
        received = self.line.recv(1 << 20)
        if not received:
            raise SystemExit(f"The server closed a socket after {self.rest[:200]!r}")
        self.rest += received
        if not self.is_open:
            head, mark, self.rest = self.rest.partition(b"\r\n\r\n")
            if not mark:
                self.rest = head
                return []
            if b" 101 " not in head.split(b"\r\n", 1)[0]:
                raise SystemExit(f"Not a WebSocket: {head[:300]!r}")
            self.is_open = True
        return [found for opcode, payload in self.frames() for found in self.take(opcode, payload)]

    def frames(self) -> list[tuple[int, bytes]]:
        found, at, data = [], 0, self.rest
        while len(data) - at >= 2:
            length, start = data[at + 1] & 127, at + 2
            if length >= 126:
                size = 2 if length == 126 else 8
                if len(data) < start + size:
                    break
                length = int.from_bytes(data[start : start + size], "big")
                start += size
            if len(data) < start + length:
                break
            found.append((data[at] & 15, data[start : start + length]))
            at = start + length
        self.rest = data[at:]
        return found

    def take(self, opcode: int, payload: bytes) -> list[int]:
        if opcode == 9:
            self.line.sendall(struct.pack("!BB", 0x8A, 0x80 | len(payload)) + bytes(4) + payload)
        if opcode == 8:
            raise SystemExit(f"The server closed a socket: {payload!r}")
        self.has_status = self.has_status or payload.startswith(b'{"type":"status"')
        if opcode != 1 or not payload.startswith(b'{"type":"rows"'):
            return []
        first, head = FIRST.search(payload), HEAD.search(payload)
        self.gaps += first is not None and int(first[1]) != self.head + 1
        self.head = int(head[1]) if head else self.head
        return [self.head]


def main(port: int, path: str, cookie: str, count: int, file: str) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    waiter, clients, seen = select.epoll(), {}, array("q")
    unopened = 0
    for _ in range(count):
        client = Client(port, path, cookie)
        clients[client.line.fileno()] = client
        waiter.register(client.line.fileno(), select.EPOLLIN)
        unopened += 1
        while unopened >= OPENING:
            unopened -= take_all(waiter, clients, seen)
    while unopened > 0:
        unopened -= take_all(waiter, clients, seen)
    print("open", flush=True)
    numbers = {number: index for index, number in enumerate(clients)}
    waiter.register(sys.stdin.fileno(), select.EPOLLIN)
    del seen[:]
    while take_all(waiter, clients, seen) >= 0:
        pass
    rows = np.frombuffer(seen, np.int64).reshape(-1, 3).copy()
    rows[:, 0] = [numbers[number] for number in rows[:, 0].tolist()]
    np.save(file, rows)
    print(sum(client.gaps for client in clients.values()), flush=True)


def take_all(waiter: select.epoll, clients: dict[int, Client], seen: array) -> int:
    """Take what has come; how many clients have now heard their first status, -1 at the end of the input."""
    new = 0
    for number, _ in waiter.poll():
        if number == sys.stdin.fileno():
            return -1
        client = clients[number]
        had_status = client.has_status
        heads = client.read()
        now = time.monotonic_ns()
        for head in heads:
            seen.extend((number, head, now))
        new += client.has_status and not had_status
    return new


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5])
