"""The workers' doors: each task fetches one thing and calls one service."""

from celery import shared_task

from apps.executions import verifications
from apps.runner import sweep

PART_OF_A_TURN = 0.25  # what is on a feed need not stand in line behind all that is in the queue


@shared_task(name="run_execution")
def run_execution(execution_id: int) -> None:
    """There is work; which execution is taken up is not for the order of the messages to say."""
    from apps.runner import shifts  # the engine is a worker's to load: a web process that finds tasks must not
    from apps.runner.run import run_next

    run_next()
    shifts.play(PART_OF_A_TURN)


@shared_task(name="play_due")
def play_due() -> None:
    """Rows have come for executions on a feed, or will in a moment."""
    from apps.runner import shifts

    shifts.play()


@shared_task(name="verify_execution")
def verify_execution(verification_id: int) -> None:
    from apps.runner.verification import carry_out

    carry_out(verification_id)


@shared_task(name="send_lapsed_executions")
def send_lapsed_executions() -> None:
    """The database is the queue's truth: whatever should run and does not is sent again."""
    from apps.runner import shifts

    sweep.give_up()
    sweep.send_lapsed()
    shifts.wake()
    for verification_id in verifications.lapsed():
        verifications.send(verification_id)
