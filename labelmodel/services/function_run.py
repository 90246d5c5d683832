"""Labeling functions run over a project's pool, block by block.

What a run looks at is what the database says is missing: items that a version has not seen, or that changed since. A block
is written in one short transaction together with how far the run is, so a worker that dies loses a block at most, and the
next one goes on with those that are missing. Items that come meanwhile are found by another look at the end, or sooner: functions that wait for others, as for a language model, come
last, and after each of their blocks the quick ones vote on what came.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from django.utils import timezone

from annotation.errors import DomainError
from annotation.models import Project
from annotation.services import jobs
from annotation.services.jobs import Beat
from annotation.services.locks import alone
from annotation.services.pulse import kept_alive
from labelmodel.functions import Function
from labelmodel.models import FunctionRun, FunctionVersion
from labelmodel.services import canaries, function_blocks, function_pool, run_requests
from labelmodel.services.function_faults import faults_of
from labelmodel.services.function_rules import fields_of, prepared
from labelmodel.services.run_lines import Line, totals

Kind = FunctionRun.Kind
State = FunctionRun.State
# How often a run looks for what came meanwhile, or was not reached in time; the sweep finds the rest.
MOST_LOOKS = 100
# So long the sweep waits after a run that failed, was cancelled, or could do nothing.
REST = timedelta(minutes=5)


@dataclass
class Work:
    """A run under way: the versions that it pinned, ready to be applied, and what it says of them so far."""

    job: FunctionRun
    project: Project
    beat: Beat
    versions: dict[int, FunctionVersion]
    ready: dict[int, Function] = field(default_factory=dict)
    lines: dict[int, Line] = field(default_factory=dict)

    def drop(self, version: int, fault: str) -> None:
        """It runs no further in this run."""
        self.ready.pop(version, None)
        self.lines[version].fault = fault

    def lines_as_json(self) -> dict[str, object]:
        return {str(version): line.as_json() for version, line in self.lines.items()}


def run_project(*, project_id: int) -> None:
    """Work off the runs of a project that wait. Safe to call twice, at once or in turn: one goes at a time."""
    with alone("functions", project_id) as free:
        if not free:
            return
        tried: set[int] = set()
        while (pk := _next(project_id, tried)) is not None:
            tried.add(pk)
            jobs.run(FunctionRun, pk, _work)
        run_requests.forget_old(project_id=project_id)


def look(*, project_id: int) -> FunctionRun | None:
    """Ask for a run where items lack votes of active functions; what was asked for."""
    at = function_pool.now()
    project = Project.objects.select_related("schema", "created_by").filter(pk=project_id).first()
    if project is None or not _rested(project_id):
        return None
    versions = _voting(project)
    faulty = faults_of(project, list(versions.values()))
    runnable = versions.keys() - faulty.keys()
    if not function_pool.due(function_pool.blocks(project_id), runnable, at):
        run_requests.looked(project_id=project_id, at=at)
        return None
    return run_requests.want(project=project, by=project.created_by, trigger=FunctionRun.Trigger.ITEMS)


def _next(project_id: int, tried: set[int]) -> int | None:
    waiting = FunctionRun.objects.claimable().filter(project=project_id).exclude(pk__in=tried)
    found: int | None = waiting.order_by("pk").values_list("pk", flat=True).first()
    return found


def _rested(project_id: int) -> bool:
    """Whether the latest run that nobody asked for got somewhere, or is long enough ago."""
    latest = FunctionRun.objects.filter(project=project_id, trigger=FunctionRun.Trigger.ITEMS).first()
    if latest is None or latest.finished_at is None or latest.finished_at < timezone.now() - REST:
        return True
    return latest.state == State.DONE and any(line.get("evaluated") for line in latest.lines.values())


def _voting(project: Project) -> dict[int, FunctionVersion]:
    active = FunctionVersion.objects.voting().filter(project=project)
    return {one.pk: one for one in active.select_related("function", "schema")}


def _work(job: FunctionRun, beat: Beat) -> None:
    # A function may think for longer than a worker may be silent.
    with kept_alive(job):
        if job.kind == Kind.CANARY:
            canaries.work(job, beat)
        else:
            _run(_begun(job, beat))


def _begun(job: FunctionRun, beat: Beat) -> Work:
    """Pin the versions, or take those that an earlier attempt pinned; and say of those that cannot run why."""
    project = Project.objects.select_related("schema").get(pk=job.project_id)
    versions = _voting(project)
    if job.versions:
        versions = {pk: one for pk, one in versions.items() if pk in job.versions}
    else:
        job.versions = sorted(versions)
    known = {int(pk): Line.of(line) for pk, line in job.lines.items()}
    work = Work(job, project, beat, versions, lines={pk: known.get(pk, Line()) for pk in job.versions})
    if not known:
        before = totals(job.versions)
        for pk in job.versions:
            if pk in before:
                work.lines[pk].began(before[pk])
    _prepare(work)
    jobs.moved(job, versions=job.versions, lines=work.lines_as_json())
    return work


def _prepare(work: Work) -> None:
    faulty = faults_of(work.project, list(work.versions.values()))
    fields = fields_of(work.project)
    for pk, version in work.versions.items():
        work.lines[pk].fault = " ".join(faulty.get(pk, ()))
        if pk in faulty:
            continue
        version.project = work.project
        try:
            work.ready[pk] = prepared(version, fields=fields)
        except DomainError as error:
            work.lines[pk].fault = str(error)
    for pk in work.lines.keys() - work.versions.keys():
        # An earlier attempt may have known better.
        work.lines[pk].fault = work.lines[pk].fault or function_blocks.GONE


def _run(work: Work) -> None:
    if work.job.kind == Kind.ALL:
        _everything(work)
    for _ in range(MOST_LOOKS):
        at = function_pool.now()
        pool = function_pool.blocks(work.project.pk)
        todo = function_pool.due(pool, work.ready.keys(), at)
        if not todo:
            run_requests.looked(project_id=work.project.pk, at=at)
            break
        items = {block.number: block.items for block in pool}
        passes = _in_turn(work, todo)
        work.beat(total=work.job.done + sum(items[number] for number, _ in passes))
        for number, lacking in passes:
            _block(work, number, lacking, anew=False)
            if lacking & _slow(work):
                _catch_up(work)
    # Why functions were dropped is known only after their last block is written.
    jobs.moved(work.job, lines=work.lines_as_json(), total=work.job.done)
    work.job.total = work.job.done


def _everything(work: Work) -> None:
    """Each block anew, from where an earlier attempt came to."""
    after = -1 if work.job.cursor is None else work.job.cursor
    rest = [block for block in function_pool.blocks(work.project.pk) if block.number > after]
    work.beat(total=work.job.done + sum(block.items for block in rest))
    for block in rest:
        work.job.cursor = block.number
        _block(work, block.number, set(work.ready), anew=True)
        if _slow(work):
            _catch_up(work)


def _slow(work: Work) -> set[int]:
    """Versions that wait for others, as for a language model."""
    return {pk for pk, one in work.ready.items() if one.kind.waits}


def _in_turn(work: Work, todo: dict[int, set[int]]) -> list[tuple[int, set[int]]]:
    """Blocks and versions, those that wait for others last: no votes wait for theirs."""
    slow = _slow(work)
    quick_first = [(number, todo[number] - slow) for number in todo] + [
        (number, todo[number] & slow) for number in todo
    ]
    return [(number, versions) for number, versions in quick_first if versions]


def _catch_up(work: Work) -> None:
    """Votes of the quick ones on what came while others were waited for."""
    quick = work.ready.keys() - _slow(work)
    todo = (
        function_pool.due(function_pool.blocks(work.project.pk), quick, function_pool.now()) if quick else {}
    )
    for number, lacking in todo.items():
        _block(work, number, lacking, anew=False)


def _block(work: Work, number: int, lacking: set[int], *, anew: bool) -> None:
    function_blocks.do(work, number, lacking & work.ready.keys(), anew=anew)
