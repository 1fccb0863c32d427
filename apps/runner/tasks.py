"""The workers' doors: each task fetches one thing and calls one service."""

from celery import shared_task

from apps.executions import messages
from apps.runner import recorder


@shared_task(name="run_execution")
def run_execution(execution_id: int) -> None:
    from apps.runner.run import run  # the engine is a worker's to load: a web process that finds tasks must not

    run(execution_id)


@shared_task(name="send_lapsed_executions")
def send_lapsed_executions() -> None:
    """The database is the queue's truth: whatever should run and does not is sent again."""
    recorder.give_up()
    for execution_id in recorder.lapsed():
        messages.send(execution_id)
