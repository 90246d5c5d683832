"""Labeling functions of a demo project, through the services that people's work goes through: written, reviewed, tried on a
sample, and run over the pool."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import QuerySet

from annotation.models import Project, User
from config.demo.plan import Written
from labelmodel.models import FunctionVersion
from labelmodel.services import function_review, function_run, functions

State = FunctionVersion.State


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
    function_run.run_project(project_id=project.pk)
    for version in ours.filter(state=State.CANARY).exclude(canary={}):
        function_review.activate(version=version, by=reviewer)
    function_run.run_project(project_id=project.pk)
