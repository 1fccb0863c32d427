"""What foreign clients call executions, and how an execution is found by such a name.

An execution is named when a dialect first speaks of it; a client cannot know a name that was never told.
"""

import secrets
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from apps.accounts.models import User
from apps.dialects.models import ForeignName, Surface
from apps.errors import NotFound
from apps.executions.models import Execution

STAMP = "%Y-%m-%d_%H-%M-%S"
TRIES = 100  # so many executions of one user in one second are named without a wait


def name(
    execution: Execution, *, surface: Surface | str = "", reference: str = "", request: Mapping[str, Any] | None = None
) -> ForeignName:
    """Give a new execution its names. A reference that the user has used before on this surface moves to this one."""
    with transaction.atomic():
        if reference:
            earlier = ForeignName.objects.filter(owner_id=execution.owner_id, surface=surface, reference=reference)
            earlier.update(reference="")
        return _create(execution, surface=surface, reference=reference, request=dict(request or {}))


def of(execution: Execution) -> ForeignName:
    """The names of an execution."""
    return of_all([execution])[execution.pk]


def of_all(executions: Iterable[Execution]) -> dict[int, ForeignName]:
    """The names of executions by id; those that had none are given some."""
    wanted = {execution.pk: execution for execution in executions}
    known = ForeignName.objects.in_bulk(list(wanted))
    for pk in sorted(wanted.keys() - known.keys()):
        known[pk] = _create(wanted[pk])
    return known


def find(user: User, **by: Any) -> Execution:
    """The user's execution of this name: uuid=, run_id=, stamp=, or surface= and reference=.

    Raises NotFound; another user's is none.
    """
    found = ForeignName.objects.visible_to(user).select_related("execution").filter(**by).first()
    if found is None:
        raise NotFound("Execution not found")
    return found.execution


def newest(user: User, surface: Surface) -> Execution | None:
    """The execution that the user started last through this surface."""
    started = ForeignName.objects.visible_to(user).filter(surface=surface).select_related("execution")
    found = started.order_by("-execution").first()
    return found.execution if found else None


def _create(execution: Execution, **told: Any) -> ForeignName:
    """Named with the second it was made in, or the next one that no other execution of its owner has."""
    moment = execution.created_at.astimezone(UTC)
    for _ in range(TRIES):
        row = ForeignName(
            execution=execution,
            owner_id=execution.owner_id,
            uuid=uuid.uuid4(),
            run_id=secrets.token_hex(6),
            stamp=moment.strftime(STAMP),
            **told,
        )
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:
            if already := ForeignName.objects.filter(execution=execution).first():
                return already  # named by another request meanwhile
            moment += timedelta(seconds=1)
        else:
            return row
    raise RuntimeError(f"Execution {execution.pk} could not be named: {TRIES} seconds after it was made are taken.")
