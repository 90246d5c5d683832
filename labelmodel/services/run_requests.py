"""Runs of labeling functions as pending work: asked for by people, by changes of functions, and by items that come.

One run of a project goes at a time, beside those of functions that wait for others (asking_requests.py); function_run.py does the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from annotation.errors import Conflict, NotFound
from annotation.models import Project, User
from annotation.models.item import UNSEEN_FOR
from annotation.roles import Action
from annotation.services import hot, jobs
from annotation.services.access import check
from labelmodel.models import FunctionRun, FunctionVersion, WeakSettings
from labelmodel.services import asking_requests

Kind = FunctionRun.Kind
Trigger = FunctionRun.Trigger
State = FunctionRun.State
# Of runs that have ended, so many are kept for a project.
KEPT_RUNS = 200

# Whether something came or changed in these projects since the last look. What a transaction wrote is seen when it ends, so
# this reaches further back.
_ARRIVED = """
SELECT p.id FROM unnest(%(projects)s::bigint[], %(since)s::timestamptz[]) AS p (id, since)
WHERE EXISTS (SELECT FROM annotation_item i WHERE i.project_id = p.id AND i.created_at >= p.since)
   OR EXISTS (
       SELECT FROM annotation_item i WHERE i.project_id = p.id AND i.payload_changed_at >= p.since
       AND i.payload_changed_at IS NOT NULL
   )
   OR EXISTS (
       SELECT FROM labelmodel_voteshard s JOIN labelmodel_functionversion v ON v.id = s.version_id
       WHERE v.project_id = p.id AND v.state = 'active' AND s.again_at <= clock_timestamp()
       AND NOT EXISTS (
           SELECT FROM labelmodel_functionrun r
           WHERE r.project_id = p.id AND r.state = 'running' AND r.versions = jsonb_build_array(v.id)
       )
   )
"""


def run_for(*, user: User, project: Project, run_id: int, action: Action = Action.BROWSE) -> FunctionRun:
    """The run, if this person may do this in its project. Raises NotFound, NotAllowed."""
    check(user=user, project=project, action=action)
    found: FunctionRun | None = project.function_runs.select_related("created_by").filter(pk=run_id).first()
    if found is None:
        raise NotFound("There is no such run of labeling functions in this project.")
    return found


def request(*, project: Project, by: User, kind: str = Kind.NEW, trigger: str = Trigger.PAGE) -> FunctionRun:
    """Ask for a run of the active functions: of what lacks votes (`new`), or of everything anew (`all`).

    What waits already is not added again. Raises NotAllowed, Conflict where no function is active.
    """
    check(user=by, project=project, action=Action.WRITE_FUNCTIONS)
    if project.archived_at:
        raise Conflict("This project is archived.")
    if not FunctionVersion.objects.voting().filter(project=project).exists():
        raise Conflict("No labeling function is active. Activate one first.")
    return want(project=project, by=by, kind=Kind(kind), trigger=Trigger(trigger))


def want(
    *, project: Project, by: User, trigger: str, kind: str = Kind.NEW, versions: Sequence[int] = ()
) -> FunctionRun:
    """A run is needed; of kind canary, of these versions."""
    values = {"trigger": trigger, "created_by": by, "versions": list(versions)}
    if kind == Kind.CANARY:
        made: FunctionRun = FunctionRun.objects.create(project=project, kind=kind, **values)
        return made
    try:
        with transaction.atomic():
            made, _ = FunctionRun.objects.get_or_create(
                project=project, kind=kind, state=State.WAITING, defaults=values
            )
    except IntegrityError:
        # It was claimed between the two statements.
        made = FunctionRun.objects.create(project=project, kind=kind, **values)
    return made


def cancel(*, run: FunctionRun, by: User) -> FunctionRun:
    """Stop at the next block; the votes that were cast stay. Raises NotAllowed, Conflict for one that has ended."""
    check(user=by, project=run.project, action=Action.WRITE_FUNCTIONS)
    jobs.cancel(run)
    if _asks(run):
        asking_requests.forget_pauses(run.versions)
    return run


def retry(*, run: FunctionRun, by: User) -> FunctionRun:
    """Go on with the blocks that are missing. Raises NotAllowed, Conflict where it has not failed and was not cancelled, or
    another one waits already."""
    check(user=by, project=run.project, action=Action.WRITE_FUNCTIONS)
    if _asks(run):
        asking_requests.begin_again(run)
        return run
    try:
        with transaction.atomic():
            jobs.retry(run)
    except IntegrityError as error:
        raise Conflict("Another run waits already; it does the same.") from error
    return run


def _asks(run: FunctionRun) -> bool:
    return run.kind != Kind.CANARY and FunctionRun.objects.asking().filter(pk=run.pk).exists()


def due_projects() -> list[int]:
    """Projects with runs that wait, or whose worker has fallen silent."""
    found = FunctionRun.objects.claimable().quick().order_by().values_list("project", flat=True)
    return sorted(set(found))


def arrived() -> list[int]:
    """Projects with active functions that have not looked at everything since something came or changed."""
    active = FunctionVersion.objects.voting().filter(project__archived_at=None)
    active = active.exclude(project__weak__automatic=False)
    projects = sorted(set(active.order_by().values_list("project", flat=True)))
    # Those that are being worked on see what came when they look again.
    busy = FunctionRun.objects.filter(state__in=[State.WAITING, State.RUNNING], kind__in=[Kind.NEW, Kind.ALL])
    busy = busy.quick()
    projects = sorted(
        set(projects) - set(busy.filter(project__in=projects).values_list("project", flat=True))
    )
    if not projects:
        return []
    looked = dict(WeakSettings.objects.filter(project__in=projects).values_list("project", "looked_at"))
    since = [_since(looked.get(pk)) for pk in projects]
    rows = hot.rows(_ARRIVED, {"projects": projects, "since": since})
    return [row.id for row in rows]


def _since(looked_at: datetime | None) -> datetime:
    # What was never looked at is due whenever anything is there.
    return (
        looked_at - UNSEEN_FOR if looked_at else datetime(2000, 1, 1, tzinfo=timezone.get_default_timezone())
    )


def looked(*, project_id: int, at: datetime) -> None:
    """From this moment on, what comes is looked for again."""
    WeakSettings.objects.update_or_create(project_id=project_id, defaults={"looked_at": at})


def forget_old(*, project_id: int) -> None:
    """Let go of the oldest runs that have ended."""
    ended = FunctionRun.objects.filter(project=project_id).exclude(state__in=[State.WAITING, State.RUNNING])
    kept = list(ended.order_by("-pk").values_list("pk", flat=True)[:KEPT_RUNS])
    if len(kept) == KEPT_RUNS:
        ended.filter(pk__lt=kept[-1]).delete()
