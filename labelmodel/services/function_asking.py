"""Runs of a function that waits for others, as for a language model: nobody waits for them.

A run goes on for a slice of time, then whoever waits for a worker comes first. It asks about a part of a block at a time, and
keeps the votes. When it is of no use to ask for now, as all keys cool down, it is let go of until then: it holds no worker
meanwhile, and the sweep takes it up again. Somebody who cancels it, or stops the function, cuts off what is being asked.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import DatabaseError, connection

from annotation.errors import Conflict
from annotation.models import Project
from annotation.services import jobs
from annotation.services.jobs import Beat
from annotation.services.locks import alone
from annotation.services.pulse import kept_alive
from labelmodel.models import FunctionRun, FunctionVersion
from labelmodel.services import canaries, function_blocks, function_pool, function_work, run_requests
from labelmodel.services.function_work import Work, voting
from labelmodel.services.llm_endpoints import Asking
from labelmodel.services.vote_shards import BLOCK

Kind = FunctionRun.Kind
State = FunctionRun.State
SLICE_SECONDS = 20.0
_WATCHED_EVERY = 1.0
# Clocks differ a little: who comes too early finds nothing to do, and ends.
_MARGIN = timedelta(seconds=1)


def go_on(*, run_id: int) -> bool:
    """Go on with a run for a slice; whether it can go on at once. Safe to call twice, at once or in turn."""
    run = FunctionRun.objects.filter(pk=run_id).first()
    if run is None or not run.versions:
        return False
    with alone("asking function", run.versions[0]) as free:
        if free:
            jobs.run(FunctionRun, run_id, _work)
    run_requests.forget_old(project_id=run.project_id)
    return free and FunctionRun.objects.claimable().filter(pk=run_id).exists()


def _work(job: FunctionRun, beat: Beat) -> None:
    with kept_alive(job), _watched(job) as cancelled:
        if job.kind == Kind.CANARY:
            canaries.work(job, beat, Asking(cancelled))
        else:
            _slice(job, beat, Asking(cancelled, SLICE_SECONDS))


def _slice(job: FunctionRun, beat: Beat, asking: Asking) -> None:
    end = time.monotonic() + SLICE_SECONDS
    project = Project.objects.select_related("schema").get(pk=job.project_id)
    if project.archived_at:
        # It may wait for hours; who archives a project pays for no more answers.
        raise Conflict("This project is archived.")
    work = function_work.begun(job, project, beat, voting(project), asking)
    for line in work.lines.values():
        # What was left for later is looked at now.
        line.unseen, line.later = 0, ""
    over = True
    for _ in _parts(work):
        if asking.cancelled():
            beat.now()
        over = time.monotonic() < end and not work.wait
        if not over:
            break
    if over or not work.ready:
        jobs.moved(job, lines=work.lines_as_json(), total=job.done)
        job.total = job.done
        return
    jobs.pause(job, work.wait + _MARGIN if work.wait else function_pool.now() - _MARGIN)


def _parts(work: Work) -> Iterator[None]:
    """Part by part, until nothing is left that can be looked at now."""
    (pk,) = work.job.versions
    blocks = function_pool.blocks(work.project.pk)
    if work.job.kind == Kind.ALL:
        last = -1 if work.job.cursor is None else work.job.cursor
        rest = [block for block in blocks if (block.number + 1) * BLOCK > last + 1]
        work.beat(total=max(work.job.total, sum(block.items for block in blocks)))
        for block in rest:
            if work.ready:
                yield from function_blocks.do_by_parts(work, block.number, pk, anew=True)
    while work.ready and (todo := function_pool.due(blocks, {pk}, function_pool.now())):
        work.beat(
            total=work.job.done + function_pool.missing(pk, [one for one in blocks if one.number in todo])
        )
        for number in todo:
            if work.ready:
                yield from function_blocks.do_by_parts(work, number, pk, anew=False)
        blocks = function_pool.blocks(work.project.pk)


@contextmanager
def _watched(job: FunctionRun) -> Iterator[Callable[[], bool]]:
    """Whether somebody has cancelled this run, or stopped its function: looked up by a thread, every second."""
    over, cancelled = threading.Event(), threading.Event()
    thread = threading.Thread(
        target=_watch, args=(job, over, cancelled), daemon=True, name=f"watch of {job.pk}"
    )
    thread.start()
    try:
        yield cancelled.is_set
    finally:
        over.set()
        thread.join()


def _watch(job: FunctionRun, over: threading.Event, cancelled: threading.Event) -> None:
    # What the thread does not see at all is of a transaction that has not ended.
    run = FunctionRun.objects.filter(pk=job.pk)
    versions = FunctionVersion.objects.filter(pk__in=job.versions)
    attempts = job.attempts
    try:
        while not over.wait(_WATCHED_EVERY):
            lost = run.exclude(state=State.RUNNING, attempts=attempts).exists()
            silenced = job.kind != Kind.CANARY and versions.exists() and not versions.voting().exists()
            if lost or silenced:
                cancelled.set()
                return
    except DatabaseError:
        # The thread that does the work meets it, too.
        pass
    finally:
        connection.close()
