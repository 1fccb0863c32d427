"""Tells whoever follows an execution that there is something new to read; carries no data.

A ring that is lost delays a reader until its idle time-out and never costs it a row.
"""

from functools import partial

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction
from redis.exceptions import RedisError

log = structlog.get_logger("journal")


def group_of(execution_id: int) -> str:
    return f"execution.{execution_id}"


def ring(execution_id: int) -> None:
    """Ring once the present transaction is committed."""
    transaction.on_commit(partial(_ring, execution_id))


def _ring(execution_id: int) -> None:
    layer = get_channel_layer()
    try:
        async_to_sync(layer.group_send)(group_of(execution_id), {"type": "rung.bell"})
    except (OSError, ConnectionError, TimeoutError, RedisError) as error:
        log.warning("bell not rung", execution_id=execution_id, error=str(error))
