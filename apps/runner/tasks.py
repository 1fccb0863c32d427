"""The workers' doors: each task fetches one thing and calls one service."""

from celery import shared_task

from apps.executions import verifications
from apps.runner import sweep


@shared_task(name="run_execution")
def run_execution(execution_id: int) -> None:
    from apps.runner.run import run  # the engine is a worker's to load: a web process that finds tasks must not

    run(execution_id)


@shared_task(name="verify_execution")
def verify_execution(verification_id: int) -> None:
    from apps.runner.verification import carry_out

    carry_out(verification_id)


@shared_task(name="send_lapsed_executions")
def send_lapsed_executions() -> None:
    """The database is the queue's truth: whatever should run and does not is sent again."""
    sweep.give_up()
    sweep.send_lapsed()
    for verification_id in verifications.lapsed():
        verifications.send(verification_id)
