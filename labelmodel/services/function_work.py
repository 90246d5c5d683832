"""A run under way: the versions that it pinned, ready to be applied, and what it says of them so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from annotation.errors import DomainError
from annotation.models import Project
from annotation.services import jobs
from annotation.services.jobs import Beat
from labelmodel.functions import Function
from labelmodel.models import FunctionRun, FunctionVersion
from labelmodel.services import function_blocks
from labelmodel.services.function_faults import faults_of
from labelmodel.services.function_rules import fields_of, prepared
from labelmodel.services.llm_endpoints import PATIENT, Asking
from labelmodel.services.run_lines import Line, totals


@dataclass
class Work:
    """A run under way. `wait`: before then it is of no use to go on, as somebody who was asked said."""

    job: FunctionRun
    project: Project
    beat: Beat
    versions: dict[int, FunctionVersion]
    ready: dict[int, Function] = field(default_factory=dict)
    lines: dict[int, Line] = field(default_factory=dict)
    wait: datetime | None = None

    def drop(self, version: int, fault: str) -> None:
        """It runs no further in this run."""
        self.ready.pop(version, None)
        self.lines[version].fault = fault

    def lines_as_json(self) -> dict[str, object]:
        return {str(version): line.as_json() for version, line in self.lines.items()}


def voting(project: Project) -> dict[int, FunctionVersion]:
    """The versions of this project that vote now."""
    active = FunctionVersion.objects.voting().filter(project=project)
    return {one.pk: one for one in active.select_related("function", "schema")}


def begun(
    job: FunctionRun,
    project: Project,
    beat: Beat,
    versions: dict[int, FunctionVersion],
    asking: Asking = PATIENT,
) -> Work:
    """Make the pinned versions ready, those of them that still vote; say of those that cannot run why."""
    versions = {pk: one for pk, one in versions.items() if pk in job.versions}
    known = {int(pk): Line.of(line) for pk, line in job.lines.items()}
    work = Work(job, project, beat, versions, lines={pk: known.get(pk, Line()) for pk in job.versions})
    if not known:
        before = totals(job.versions)
        for pk in job.versions:
            if pk in before:
                work.lines[pk].began(before[pk])
    _prepare(work, asking)
    jobs.moved(job, versions=job.versions, lines=work.lines_as_json())
    return work


def _prepare(work: Work, asking: Asking) -> None:
    faulty = faults_of(work.project, list(work.versions.values()))
    fields = fields_of(work.project)
    for pk, version in work.versions.items():
        work.lines[pk].fault = " ".join(faulty.get(pk, ()))
        if pk in faulty:
            continue
        version.project = work.project
        try:
            work.ready[pk] = prepared(version, fields=fields, asking=asking)
        except DomainError as error:
            work.lines[pk].fault = str(error)
    for pk in work.lines.keys() - work.versions.keys():
        # An earlier attempt may have known better.
        work.lines[pk].fault = work.lines[pk].fault or function_blocks.GONE
