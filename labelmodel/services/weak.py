"""Runs of label models for functions as pending work: asked for, cancelled, tried again, published, forgotten. weak_due.py says when one is
needed, weak_run.py does it.

Loads no numerical libraries: web processes ask for runs and read what they say.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from annotation.errors import Conflict, Fault, InvalidInput, NotFound
from annotation.models import Project, User
from annotation.questions.types import Question
from annotation.roles import Action
from annotation.services import jobs
from annotation.services.access import check
from labelmodel.methods import METHODS
from labelmodel.models import FunctionVersion, PosteriorShard, WeakRun, WeakSettings
from labelmodel.services.function_rules import functions_questions, labels_of, question_of

State = WeakRun.State
# Of the runs of a question that have ended, so many are kept; what they learned, of the latest ones.
KEPT_RUNS, KEPT_PARAMETERS = 100, 2
# labelmodel.estimators.DEFAULT_FOR_FUNCTIONS, by its name alone.
DEFAULT = "discounted_evidence"
NO_FUNCTIONS = "No labeling function votes on this question. Activate one first."


def run_for(*, user: User, project: Project, run_id: int, action: Action = Action.BROWSE) -> WeakRun:
    """The run, if this person may do this in its project. Raises NotFound, NotAllowed."""
    check(user=user, project=project, action=action)
    found: WeakRun | None = (
        WeakRun.objects.filter(project=project, pk=run_id).select_related("schema", "created_by").first()
    )
    if found is None:
        raise NotFound("There is no such run of a label model for functions in this project.")
    return found


def request(
    *, project: Project, by: User, question: str | None = None, method: str = "", trigger: str = "rest"
) -> list[WeakRun]:
    """Ask for a fit of one question, or of all that functions vote on. What waits already is not added again.

    Whoever names a method chooses it: later fits use it, too, until another one is named. Raises NotAllowed, InvalidInput for an
    unknown question or method, Conflict where no function votes.
    """
    check(user=by, project=project, action=Action.WRITE_FUNCTIONS)
    if project.archived_at:
        raise Conflict("This project is archived.")
    if method and method not in METHODS:
        message = f"There is no such method; choose one of {', '.join(METHODS)}."
        raise InvalidInput(message, faults=[Fault(("method",), message)])
    if question is not None:
        question_of(project.schema, question)
    voting = set(voted_questions(project.pk))
    wanted = [one["name"] for one in functions_questions(project.schema) if one["name"] in voting]
    if question is not None:
        wanted = [name for name in wanted if name == question]
    if not wanted:
        raise Conflict(NO_FUNCTIONS)
    return [want(project=project, question=name, by=by, trigger=trigger, method=method) for name in wanted]


def want(*, project: Project, question: str, by: User, trigger: str, method: str = "") -> WeakRun:
    """A fit is needed."""
    assert project.schema is not None, "a question has a schema"
    values = {"schema": project.schema, "trigger": trigger, "created_by": by}
    same = {"project": project, "question": question, "method": method or method_of(project, question)}
    try:
        with transaction.atomic():
            made, _ = WeakRun.objects.get_or_create(**same, state=State.WAITING, defaults=values)
    except IntegrityError:
        # Somebody else asked, and a worker took it up, between two statements.
        made = WeakRun.objects.create(**same, **values)
    return made


def voted_questions(project_id: int) -> list[str]:
    """The questions that an active function votes on."""
    active = FunctionVersion.objects.voting().filter(project=project_id).order_by()
    return sorted(set(active.values_list("function__question", flat=True)))


def method_of(project: Project, question: str) -> str:
    """The method that fits of a question use: the one that was asked for last."""
    latest = WeakRun.objects.filter(project=project, question=question, method__in=list(METHODS)).order_by(
        "-pk"
    )
    found: str | None = latest.values_list("method", flat=True).first()
    return found or DEFAULT


def published(project: Project, question: Question) -> WeakRun | None:
    """The run whose probable labels count: the latest finished one that nothing speaks against, under the labels as they are
    now, where none of its functions was stopped since: what those said counts no more, at once."""
    usable = WeakRun.objects.usable().filter(project=project, question=question["name"])
    found: WeakRun | None = usable.defer("parameters", "review").first()
    if found is None or found.labels != labels_of(question):
        return None
    versions = FunctionVersion.objects.filter(pk__in=[key for key in found.versions if type(key) is int])
    return None if versions.exclude(function__stopped_at=None).exists() else found


def is_coming(project: Project, question: Question, *, since: datetime) -> bool:
    """Whether none counts now, what did having been taken back at this moment, but one is on its way."""
    if question["name"] not in voted_questions(project.pk) or published(project, question) is not None:
        return False
    asked = WeakRun.objects.filter(project=project, question=question["name"], created_at__gt=since)
    latest = asked.order_by("-pk").only("state").first()
    if latest is not None:
        return latest.state in {State.WAITING, State.RUNNING}
    return not WeakSettings.objects.filter(project=project, automatic=False).exists()


def cancel(*, run: WeakRun, by: User) -> WeakRun:
    """Stop a run; what an earlier one published stays. Raises NotAllowed, Conflict for one that has ended."""
    check(user=by, project=run.project, action=Action.WRITE_FUNCTIONS)
    jobs.cancel(run)
    return run


def retry(*, run: WeakRun, by: User) -> WeakRun:
    """Let a run that failed or was cancelled begin again, with whoever votes and whatever people have labeled by then.

    Raises NotAllowed, Conflict where it has not, or where it is of no use: a later one counts instead, or nothing votes.
    """
    check(user=by, project=run.project, action=Action.WRITE_FUNCTIONS)
    if run.project.archived_at:
        raise Conflict("This project is archived.")
    if WeakRun.objects.filter(project=run.project, question=run.question, pk__gt=run.pk).exists():
        raise Conflict("A later fit was asked for since, and counts instead.")
    if run.question not in voted_questions(run.project_id):
        raise Conflict(NO_FUNCTIONS)
    try:
        with transaction.atomic():
            jobs.retry(run)
            # What a version that was rolled back said is not in it any more.
            WeakRun.objects.filter(pk=run.pk).update(withdrawn_at=None, withdrawn_reason="")
    except IntegrityError as error:
        raise Conflict("Another fit waits already; it does the same.") from error
    return run


def forget_old(run: WeakRun) -> None:
    """A run is whole: let go of the probable labels of all but the latest one, of what old ones learned, and of the oldest."""
    same = WeakRun.objects.filter(project=run.project_id, question=run.question)
    # Not necessarily this one: another one, asked for later, may have been quicker.
    latest = same.usable().values_list("pk", flat=True).first()
    others = same.exclude(pk=latest).exclude(state__in=[State.WAITING, State.RUNNING])
    _drop_shards(list(others.values_list("pk", flat=True)))
    newest = list(others.order_by("-pk").values_list("pk", flat=True)[:KEPT_RUNS])
    if len(newest) == KEPT_RUNS:
        others.filter(pk__lt=newest[-1]).delete()
    old = others.exclude(parameters=b"").order_by("-pk")
    for pk in list(old.values_list("pk", flat=True)[KEPT_PARAMETERS - 1 :]):
        WeakRun.objects.filter(pk=pk).update(parameters=b"", review=[])


def _drop_shards(runs: Sequence[int]) -> None:
    for pk in list(
        PosteriorShard.objects.filter(run__in=runs).order_by().values_list("run", flat=True).distinct()
    ):
        PosteriorShard.objects.filter(run=pk).delete()


def expected_precision(run: WeakRun, wanted: float) -> dict[str, float] | None:
    """From how sure on labels that are taken for certain reach this precision, as measured on labeled items that the model did
    not see: {threshold, precision, low, high, n, share}; None where nothing does, or too few are labeled to tell."""
    reach = [row for row in run.metrics.get("precisions", []) if row["precision"] >= wanted]
    # The first threshold from which on all reach it: one row alone may do so by chance.
    rows = run.metrics.get("precisions", [])
    for position, row in enumerate(rows):
        if all(later in reach for later in rows[position:]):
            found: dict[str, float] = row
            return found
    return None
