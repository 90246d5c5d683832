"""Whether a model would learn something else from labeling functions than the one in use did: some were found to be wrong, came or
went. What the same functions say of more items is not worth a round by itself.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from active.models import LearningSettings, ModelVersion, Round
from annotation.models import Project
from annotation.questions.types import Question
from labelmodel.models import FunctionVersion, WeakRun
from labelmodel.services import weak
from labelmodel.services.function_rules import functions_questions

# So long a fit without what was taken back is waited for, and functions that come or go are collected.
REST = timedelta(minutes=10)


def due(settings: LearningSettings, now: datetime) -> bool:
    """Whether a round should start for it, after the latest one."""
    project = settings.project
    latest = Round.objects.filter(project=project).order_by("-pk").first()
    if latest is None:
        return False
    learned = Round.objects.filter(project=project, question=latest.question, state=Round.State.DONE)
    since = learned.order_by("-pk").values_list("started_at", flat=True).first()
    asked = functions_questions(project.schema)
    question = next((one for one in asked if one["name"] == latest.question), None)
    if since is None or question is None:
        return False
    gone = taken_back_at(project.pk, latest.question)
    if gone is not None and gone > since:
        # With the fit that is about to come there is more to learn than without any.
        return now - gone > REST or not weak.is_coming(project, question, since=gone)
    rested = now - (latest.finished_at or latest.created_at) > REST
    return settings.from_functions and rested and _are_others(project, question, since)


def taken_back_at(project_id: int, question: str) -> datetime | None:
    """When probable labels that the model in use learned from ceased to count, because a version was rolled back or a function
    stopped; None where they count, or it learned from none."""
    used = ModelVersion.objects.filter(project=project_id, question=question, state="promoted")
    learned = used.values_list("metrics__learned_from__functions__run", flat=True).first()
    run = WeakRun.objects.filter(pk=learned).only("versions", "withdrawn_at").first() if learned else None
    if run is None or run.withdrawn_at is not None:
        return run.withdrawn_at if run else None
    stopped = FunctionVersion.objects.filter(pk__in=_functions(run)).exclude(function__stopped_at=None)
    moment: datetime | None = (
        stopped.order_by("function__stopped_at").values_list("function__stopped_at", flat=True).first()
    )
    return moment


def _are_others(project: Project, question: Question, since: datetime) -> bool:
    """Whether other functions stand behind the fit that counts than behind the one before this moment."""
    counts = weak.published(project, question)
    if counts is None or counts.finished_at is None or counts.finished_at <= since:
        return False
    earlier = WeakRun.objects.filter(
        project=project, question=question["name"], state=WeakRun.State.DONE, finished_at__lte=since
    )
    return _functions(counts) != _functions(earlier.order_by("-pk").only("versions").first())


def _functions(run: WeakRun | None) -> list[int]:
    """Versions of functions alone: a model that votes beside them comes of each round, and must not lead to the next."""
    return [key for key in run.versions if type(key) is int] if run else []
