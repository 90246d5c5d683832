"""Snapshots: ask for one, find it, and what people may do with it after. annotation/snapshots does the work."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from annotation.errors import Conflict, Fault, InvalidInput, NotFound
from annotation.models import Comparison, Project, Snapshot, Split, User
from annotation.questions.checks import text_fault
from annotation.roles import Action, may
from annotation.services import jobs
from annotation.services.access import check
from annotation.services.snapshot_choices import Choice, check_choice
from annotation.services.snapshot_deletion import last_number

State = Snapshot.State
LONGEST_NAME = 120
MOST_PENDING = 20


def create(
    *, project: Project, by: User, choice: Choice, name: str = "", split: Split | None = None
) -> Snapshot:
    """Ask for a snapshot; the row is the pending work.

    Raises InvalidInput with every fault, NotAllowed for what this person may not have, and Conflict when too many wait.
    """
    check(user=by, project=project, action=Action.EXPORT)
    name = name.strip()
    if fault := text_fault(name, most=LONGEST_NAME):
        raise InvalidInput(fault, faults=[Fault(("name",), fault)])
    if split is not None and split.project_id != project.pk:
        raise InvalidInput("There is no such split.", faults=[Fault(("split",), "There is no such split.")])
    where, secret = check_choice(
        project=project, choice=choice, gold=may(project.role_of(by), Action.CONFIGURE)
    )
    options = choice.options() | ({"secret": True} if secret else {})
    with transaction.atomic():
        # Two who ask at once would both take the next number.
        Project.objects.select_for_update(of=("self",), no_key=True).get(pk=project.pk)
        _check_pending(project)
        made: Snapshot = Snapshot.objects.create(
            project=project,
            number=last_number(project) + 1,
            name=name,
            rows=choice.rows,
            where=where,
            options=options,
            split=split,
            created_by=by,
        )
        return made


def snapshot_for(*, user: User, snapshot_id: int) -> Snapshot:
    """The snapshot, if this person may have it. Raises NotFound or NotAllowed."""
    found: Snapshot | None = (
        Snapshot.objects.select_related("project__schema", "split", "created_by")
        .filter(pk=snapshot_id)
        .first()
    )
    if found is None:
        raise NotFound("There is no such snapshot, or you are not a member of its project.")
    check(user=user, project=found.project, action=Action.EXPORT)
    if is_secret(found):
        # Known answers and holdout items, also in what is counted of them.
        check(user=user, project=found.project, action=Action.CONFIGURE)
    return found


def snapshots_for(*, user: User, project: Project) -> QuerySet[Snapshot]:
    """Those of a project that this person may have."""
    check(user=user, project=project, action=Action.EXPORT)
    found = project.snapshots.select_related("split", "created_by")
    if may(project.role_of(user), Action.CONFIGURE):
        return found
    return found.exclude(options__has_key="secret")


def is_secret(snapshot: Snapshot) -> bool:
    """Whether only those may have it who may configure the project."""
    return bool(snapshot.options.get("secret"))


def cancel(*, snapshot: Snapshot, by: User) -> Snapshot:
    """Stop making one of one's own; others', who may configure the project. Raises NotAllowed, and Conflict for one that
    has ended."""
    if snapshot.created_by_id != by.pk:
        check(user=by, project=snapshot.project, action=Action.CONFIGURE)
    jobs.cancel(snapshot)
    return snapshot


def retry(*, snapshot: Snapshot, by: User) -> Snapshot:
    """Make one that failed or was cancelled after all, of the state that the project then has. Raises Conflict for others."""
    check(user=by, project=snapshot.project, action=Action.EXPORT)
    jobs.retry(snapshot)
    return snapshot


def compare(*, old: Snapshot, new: Snapshot, by: User) -> Comparison:
    """The comparison of two snapshots, which is asked for if nobody has yet; one that failed is tried again.

    Raises InvalidInput for two that cannot be compared.
    """
    if old.project_id != new.project_id or old.pk == new.pk:
        raise InvalidInput("Compare two different snapshots of one project.")
    unfinished = [one for one in (old, new) if one.state != State.DONE]
    if unfinished:
        raise Conflict(f"Snapshot {unfinished[0].number} is not made yet.")
    if old.rows != new.rows:
        raise InvalidInput(
            "One has a row for each item, the other one for each answer; compare two of one kind."
        )
    try:
        found, _ = Comparison.objects.get_or_create(old=old, new=new, defaults={"created_by": by})
    except IntegrityError as error:
        raise NotFound("One of these snapshots has just been deleted.") from error
    if found.state in {State.FAILED, State.CANCELLED}:
        jobs.retry(found)
    return found


def _check_pending(project: Project) -> None:
    pending = project.snapshots.filter(state__in=[State.WAITING, State.RUNNING]).count()
    if pending >= MOST_PENDING:
        raise Conflict(f"{pending} snapshots wait to be made already; wait, or cancel some.")
