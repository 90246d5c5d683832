"""Runs of functions that wait for others, as for a language model: each such function has runs of its own.

They are born when a run of a project begins (function_run.py): it leaves these functions to runs that nobody else waits for.
Such a run goes on by slices (function_asking.py), and is let go of in between, for as long as it is of no use to ask.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Literal

from django.utils import timezone

from annotation.errors import Conflict
from annotation.services import jobs
from annotation.services.locks import waited_for
from labelmodel.models import FunctionRun, FunctionVersion, VoteShard

State = FunctionRun.State
Kind = FunctionRun.Kind
Trigger = FunctionRun.Trigger
# So long nobody asks again by themselves after a run that failed, or could do nothing.
REST = timedelta(minutes=5)
# A run that nobody has taken up yet.
_LONG_AGO = timedelta(hours=1)
_BY_PEOPLE = {Trigger.PAGE, Trigger.REST}

# open: a run goes on; cancelled: somebody did not want it, so somebody has to ask for it; rests: the last one came to nothing.
Held = Literal["", "open", "cancelled", "rests"]


def held(version: int) -> Held:
    """What keeps a version from being run by itself."""
    runs = FunctionRun.objects.filter(project__function_versions=version, versions=[version])
    runs = runs.exclude(kind=Kind.CANARY)
    if runs.filter(state__in=[State.WAITING, State.RUNNING]).exists():
        return "open"
    latest = runs.order_by("-pk").first()
    if latest is None:
        return ""
    if latest.state == State.CANCELLED:
        return "cancelled"
    looked = latest.state == State.DONE and any(line.get("evaluated") for line in latest.lines.values())
    recent = latest.finished_at is not None and latest.finished_at > timezone.now() - REST
    return "rests" if recent and not looked else ""


def begin(run: FunctionRun, versions: Collection[int], *, instead: bool) -> bool:
    """Begin a run for each of these versions, unless one goes on that does the same; whether this one became one of them.

    instead: it does, as it has nothing else to do. What was cancelled, or came to nothing, is not begun again unless somebody
    asked. Raises Lost.
    """
    # Two workers must not begin the same: no constraint keeps them apart.
    with waited_for("asking", run.project_id):
        wanted = [pk for pk in sorted(versions) if _is_wanted(run, pk)]
        for pk in wanted[1:] if instead else wanted:
            _begin(run, pk)
        if instead and wanted:
            jobs.pause(run, timezone.now() - _LONG_AGO, versions=wanted[:1])
        return instead and bool(wanted)


def _is_wanted(run: FunctionRun, version: int) -> bool:
    pending = FunctionRun.objects.filter(project=run.project_id, versions=[version])
    pending = pending.filter(state__in=[State.WAITING, State.RUNNING])
    if run.kind == Kind.ALL:
        return not pending.filter(kind=Kind.ALL).exists()
    reason = held(version)
    return not reason or (reason != "open" and run.trigger in _BY_PEOPLE)


def _begin(run: FunctionRun, version: int) -> None:
    # As if a worker had let go of it: for each kind only one may wait that no worker has had (one_waiting_function_run).
    FunctionRun.objects.create(
        project_id=run.project_id,
        kind=run.kind,
        trigger=run.trigger,
        created_by_id=run.created_by_id,
        versions=[version],
        state=State.RUNNING,
        heartbeat_at=timezone.now() - _LONG_AGO,
    )


def begin_again(run: FunctionRun) -> None:
    """Let a run go on that failed or was cancelled. Raises Conflict for others, and where another one goes on already."""
    with waited_for("asking", run.project_id):
        others = FunctionRun.objects.filter(project=run.project_id, versions=run.versions)
        others = others.filter(state__in=[State.WAITING, State.RUNNING])
        if others.exclude(kind=Kind.CANARY).exclude(pk=run.pk).exists():
            raise Conflict("Another run of this function goes on already; it does the same.")
        jobs.retry(run, state=State.RUNNING, heartbeat_at=timezone.now() - _LONG_AGO)


def due(project_id: int | None = None) -> list[int]:
    """Runs that can go on, those that wait longest first; of one project where that is given."""
    found = FunctionRun.objects.claimable().asking()
    found = found if project_id is None else found.filter(project=project_id)
    return list(found.order_by("heartbeat_at", "pk").values_list("pk", flat=True))


def forget_pauses(versions: Sequence[int]) -> None:
    """Whoever looks next asks at once; whoever is asked says again how long to wait, if it still is of no use."""
    VoteShard.objects.filter(version__in=versions).exclude(again_at=None).update(again_at=None)


def wake(endpoint: str) -> None:
    """Ask again now whatever waits for this endpoint: somebody changed how it stands."""
    versions = FunctionVersion.objects.asking().filter(definition__endpoint=endpoint)
    states = [FunctionVersion.State.ACTIVE, FunctionVersion.State.CANARY]
    ids = list(versions.filter(state__in=states).values_list("pk", flat=True))
    forget_pauses(ids)
    paused = FunctionRun.objects.filter(state=State.RUNNING, attempts=0, versions__in=[[pk] for pk in ids])
    paused.update(heartbeat_at=timezone.now() - _LONG_AGO)
