"""A connection that lay idle: has its server hung up?

Django asks the server itself, `SELECT 1`, which costs a request 0.2 ms here and 0.1 ms there. A server that ends, or
ends a session, closes the line, and a closed line has something to read: the kernel tells in two microseconds.
"""

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    health_check_done: bool

    def close_if_health_check_failed(self) -> None:
        if self.connection is not None and not self.health_check_done and _is_quiet(self.connection.pgconn.socket):
            self.health_check_done = True
        else:
            super().close_if_health_check_failed()


def _is_quiet(socket: int) -> bool:
    """Whether nothing was said on the line, not even that it ends; what was said, Django's own check makes sense of."""
    if socket < 0:
        return False
    line = select.poll()
    line.register(socket, select.POLLIN)
    return not line.poll(0)
