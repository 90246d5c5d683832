"""Labeling functions of a demo project, through the services that people's work goes through: written, reviewed, tried on a
sample, and run over the pool."""

from __future__ import annotations

import time
from collections.abc import Sequence

from django.db import transaction
from django.db.models import QuerySet

from annotation.models import Project, User
from config.demo.plan import Written
from labelmodel.models import FunctionVersion
from labelmodel.services import function_review, function_run, functions

State = FunctionVersion.State
# Longer than a worker that was killed in the middle of a trial is waited for.
PATIENCE = 60.0


def add(*, project: Project, author: User, reviewer: User, written: Sequence[Written]) -> None:
    """Add them where the project has no function yet, or go on where this was killed. Harmless when repeated."""
    if not project.labeling_functions.exists():
        _submit(project, author, written)
    names = [one.name for one in written]
    # What others have written since is not for this to decide about.
    ours = FunctionVersion.objects.filter(project=project, number=1, author=author, function__name__in=names)
    ours = ours.select_related("function", "schema", "project__schema").order_by("pk")
    _move_on(ours, project, reviewer)


@transaction.atomic
def _submit(project: Project, author: User, written: Sequence[Written]) -> None:
    """All or none: whoever finds some later would take the others for removed."""
    assert project.schema is not None
    question = project.schema.questions[0]["name"]
    for one in written:
        version = functions.create(
            project=project, by=author, name=one.name, question=question, kind=one.kind,
            definition=one.definition, description=one.description,
            tests=[{"payload": {"text": text}, "label": label} for text, label in one.tests],
        )  # fmt: skip
        function_review.submit(version=version, by=author)


def _move_on(ours: QuerySet[FunctionVersion], project: Project, reviewer: User) -> None:
    for version in ours.filter(state=State.REVIEW):
        function_review.approve(version=version, by=reviewer)
    if not ours.filter(state=State.CANARY).exists():
        return
    _try_out(ours, project)
    for version in ours.filter(state=State.CANARY).exclude(canary={}):
        function_review.activate(version=version, by=reviewer)
    function_run.run_project(project_id=project.pk)


def _try_out(ours: QuerySet[FunctionVersion], project: Project) -> None:
    """Here and now, or by whoever is at it: a worker, or nobody any more, which the next run of the command makes up for."""
    end = time.monotonic() + PATIENCE
    function_run.run_project(project_id=project.pk)
    while ours.filter(state=State.CANARY, canary={}).exists() and time.monotonic() < end:
        time.sleep(0.5)
        function_run.run_project(project_id=project.pk)
