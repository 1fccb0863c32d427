"""The workers' doors to what is kept."""

from contextlib import suppress

import structlog
from celery import shared_task

from apps.accounts import audit, idempotency
from apps.keeping import retention
from apps.keeping.retention import AlreadyAtIt, Policy

log = structlog.get_logger("keeping")

SECONDS = 120.0  # of each hour: a worker has other things to do, and the broker sends again what takes too long


@shared_task(name="keep_to_policy")
def keep_to_policy() -> None:
    with suppress(AlreadyAtIt):
        retention.carry_out(Policy.of_settings(), log.info, seconds=SECONDS)


@shared_task(name="sweep_leftovers")
def sweep_leftovers() -> None:
    retention.sweep()
    idempotency.sweep()
    audit.sweep()
