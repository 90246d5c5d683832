"""Labeling functions run over a project's pool, block by block.

What a run looks at is what the database says is missing: items that a version has not seen, or that changed since. A block
is written in one short transaction together with how far the run is, so a worker that dies loses a block at most, and the
next one goes on with those that are missing. Workers do a long run slice by slice, so that nobody waits for a worker until it is
over; items that come meanwhile get their votes first in each slice. Functions that wait for others, as for a language model, have
runs of their own (function_asking.py), so that no votes wait for theirs.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import partial

from django.utils import timezone

from annotation.models import Project
from annotation.services import jobs
from annotation.services.jobs import Beat
from annotation.services.locks import alone
from annotation.services.pulse import kept_alive
from labelmodel.models import FunctionRun, FunctionVersion
from labelmodel.models.functions import ASKING_KINDS
from labelmodel.services import (
    asking_requests,
    canaries,
    function_blocks,
    function_pool,
    function_work,
    run_requests,
)
from labelmodel.services.function_faults import faults_of
from labelmodel.services.function_work import Work, voting

Kind = FunctionRun.Kind
State = FunctionRun.State
# How often a run looks for what came meanwhile, or was not reached in time; the sweep finds the rest.
MOST_LOOKS = 100
# So long the sweep waits after a run that failed or was cancelled, and with functions that could not run.
REST = timedelta(minutes=5)
# Clocks differ a little: who comes too early finds nothing to do, and ends.
_MARGIN = timedelta(seconds=1)


def run_project(*, project_id: int, seconds: float = math.inf) -> bool:
    """Work off the runs of a project that wait, for so long and to the end of a block; whether there is more to do. Safe to call
    twice, at once or in turn: one goes at a time."""
    end = time.monotonic() + seconds
    with alone("functions", project_id) as free:
        if not free:
            return False
        tried: set[int] = set()
        while (pk := _next(project_id, tried)) is not None:
            tried.add(pk)
            jobs.run(FunctionRun, pk, partial(_work, end=end))
            if time.monotonic() >= end:
                break
        run_requests.forget_old(project_id=project_id)
        return _next(project_id, set()) is not None


def look(*, project_id: int) -> FunctionRun | None:
    """Ask for a run where items lack votes of active functions; what was asked for."""
    at = function_pool.now()
    project = Project.objects.select_related("schema", "created_by").filter(pk=project_id).first()
    if project is None:
        return None
    versions = voting(project)
    asking = _asking(versions)
    holds = {pk: asking_requests.held(pk) for pk in asking}
    idle = {pk for pk in asking if not holds[pk]}
    resting = _resting(project_id, versions.keys() - asking)
    quick = versions.keys() - asking - resting
    if not quick and not idle:
        return None
    faulty = faults_of(project, list(versions.values()))
    if not function_pool.due(function_pool.blocks(project_id), (quick | idle) - faulty.keys(), at):
        # What only rests is looked at again.
        if not resting and "rests" not in holds.values():
            run_requests.looked(project_id=project_id, at=at)
        return None
    return run_requests.want(project=project, by=project.created_by, trigger=FunctionRun.Trigger.ITEMS)


def _next(project_id: int, tried: set[int]) -> int | None:
    waiting = FunctionRun.objects.claimable().quick().filter(project=project_id).exclude(pk__in=tried)
    # Trials first: they are short, and somebody waits for them.
    kinds = dict(waiting.values_list("pk", "kind"))
    return min(kinds, key=lambda pk: (kinds[pk] != Kind.CANARY, pk), default=None)


def _resting(project_id: int, versions: set[int]) -> set[int]:
    """Those that the latest run that nobody asked for got nowhere with, not long ago: all where it failed or was cancelled, else
    those that it could not run. Who left items for later says for itself when to come back."""
    by_itself = FunctionRun.objects.quick().filter(project=project_id, trigger=FunctionRun.Trigger.ITEMS)
    latest = by_itself.first()
    if latest is None or latest.finished_at is None or latest.finished_at < timezone.now() - REST:
        return set()
    if latest.state != State.DONE:
        return versions
    return {pk for pk in versions if latest.lines.get(str(pk), {}).get("fault")}


def _work(job: FunctionRun, beat: Beat, *, end: float) -> None:
    # A function may think for longer than a worker may be silent.
    with kept_alive(job):
        if job.kind == Kind.CANARY:
            canaries.work(job, beat)
        elif (work := _begun(job, beat)) is not None:
            _run(work, end)


def _begun(job: FunctionRun, beat: Beat) -> Work | None:
    """Pin the versions, or take those that an earlier attempt pinned. Those that wait for others get runs of their own; None
    where it became one of these itself."""
    project = Project.objects.select_related("schema").get(pk=job.project_id)
    versions = voting(project)
    if not job.versions:
        asking = _asking(versions)
        job.versions = sorted(versions.keys() - asking)
        wanted = asking if job.kind == Kind.ALL else _lacking(project, asking)
        if asking_requests.begin(job, wanted, instead=not job.versions):
            return None
    return function_work.begun(job, project, beat, versions)


def _asking(versions: Mapping[int, FunctionVersion]) -> set[int]:
    return {pk for pk, one in versions.items() if one.kind in ASKING_KINDS}


def _lacking(project: Project, versions: set[int]) -> set[int]:
    todo = (
        function_pool.due(function_pool.blocks(project.pk), versions, function_pool.now()) if versions else {}
    )
    return set().union(*todo.values())


def _run(work: Work, end: float) -> None:
    """As far as it comes until `end`, a block at least; whoever goes on later finds what is missing."""
    for _ in _parts(work):
        if time.monotonic() >= end:
            jobs.pause(work.job, function_pool.now() - _MARGIN)
            return
    # Why functions were dropped is known only after their last block is written.
    jobs.moved(work.job, lines=work.lines_as_json(), total=work.job.done)
    work.job.total = work.job.done


def _parts(work: Work) -> Iterator[None]:
    """Block by block, what came since the last slice first."""
    if work.job.kind == Kind.ALL:
        yield from _arrivals(work)
        yield from _everything(work)
    for _ in range(MOST_LOOKS):
        at = function_pool.now()
        pool = function_pool.blocks(work.project.pk)
        todo = function_pool.due(pool, work.ready.keys(), at)
        if not todo:
            run_requests.looked(project_id=work.project.pk, at=at)
            break
        items = {block.number: block.items for block in pool}
        passes = [one for turn in function_pool.in_turn(pool, work.ready.keys(), at) for one in turn.items()]
        work.beat(total=work.job.done + sum(items[number] for number, _ in passes))
        for number, lacking in passes:
            _block(work, number, lacking, anew=False)
            yield


def _arrivals(work: Work) -> Iterator[None]:
    """Items that came or changed since functions looked."""
    pool = function_pool.blocks(work.project.pk)
    came, _, _ = function_pool.in_turn(pool, work.ready.keys(), function_pool.now())
    for number, lacking in came.items():
        _block(work, number, lacking, anew=False)
        yield


def _everything(work: Work) -> Iterator[None]:
    """Each block anew, from where an earlier slice or attempt came to."""
    after = -1 if work.job.cursor is None else work.job.cursor
    rest = [block for block in function_pool.blocks(work.project.pk) if block.number > after]
    work.beat(total=work.job.done + sum(block.items for block in rest))
    for block in rest:
        work.job.cursor = block.number
        _block(work, block.number, set(work.ready), anew=True)
        yield


def _block(work: Work, number: int, lacking: set[int], *, anew: bool) -> None:
    function_blocks.do(work, number, lacking & work.ready.keys(), anew=anew)
