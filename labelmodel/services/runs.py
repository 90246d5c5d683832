"""Runs of label models as pending work: asked for, taken up, given back by workers that died, and forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import F, QuerySet
from django.utils import timezone

from annotation.errors import Conflict, Fault, InvalidInput
from annotation.models import ConsensusDue, Project, User
from annotation.questions import QUESTION_TYPES
from annotation.questions.types import Question
from annotation.roles import Action
from annotation.services.access import check
from labelmodel.methods import DEFAULT, METHODS
from labelmodel.models import LabelModelRun, SourceQuality

State = LabelModelRun.State
# A new fit when the votes of this part of the items have changed since the last one; of few items, of any one: the first
# person to answer must not count for more than the second.
FRESH_SHARE = 0.1
# Fewer changes wait for this long, and so many times as long as a fit takes: at most a fiftieth of one core goes into it.
SETTLED = timedelta(minutes=1)
REST_PER_SPENT = 50
MOST_ATTEMPTS = 3
# What was learned is kept for the latest runs of a method, the record of a run for longer.
KEPT_PARAMETERS = 2
KEPT_RUNS = 100

LOST = (
    f"The worker that fitted this died {MOST_ATTEMPTS} times, most likely for lack of memory. Look into the workers' "
    "log, give them more memory, and fit again."
)
NO_VOTES = "Nobody's answer counts on this question now, so there is nothing to fit."


def comparable(project: Project) -> list[Question]:
    """The questions whose answers can be compared."""
    return [
        one
        for one in (project.schema.questions if project.schema else ())
        if QUESTION_TYPES[one["type"]].scale
    ]


def fitted_questions(project: Project) -> list[Question]:
    """The questions that label models are fitted to; for numbers the median serves."""
    return [one for one in comparable(project) if QUESTION_TYPES[one["type"]].scale != "interval"]


def request(
    *, project: Project, by: User, question: str | None = None, method: str = DEFAULT
) -> list[LabelModelRun]:
    """Ask for a fit of one question, or of all: rows that are the pending work. What waits already is not added again.

    Raises NotAllowed, NotFound, InvalidInput for an unknown method or question, Conflict when nothing can be fitted.
    """
    check(user=by, project=project, action=Action.CONFIGURE)
    _check_method(method)
    names = [one["name"] for one in fitted_questions(project)]
    if question is not None and question not in names:
        message = f"Label models are fitted to {', '.join(names) or 'no question of this project'}."
        raise InvalidInput(message, faults=[Fault(("question",), message)])
    if not names:
        raise Conflict("This project has no question whose answers a label model can weigh.")
    wanted = names if question is None else [question]
    return [_wait(project, name, method, by) for name in wanted]


def _check_method(method: str) -> None:
    if method not in METHODS:
        message = f"There is no such method; choose one of {', '.join(METHODS)}."
        raise InvalidInput(message, faults=[Fault(("method",), message)])


def _wait(project: Project, question: str, method: str, by: User | None) -> LabelModelRun:
    assert project.schema is not None, "only called with a question"
    # Unique while it waits: two who ask at once get the same row.
    made, _ = LabelModelRun.objects.get_or_create(
        project=project,
        question=question,
        method=method,
        state=State.WAITING,
        defaults={"schema": project.schema, "requested_by": by},
    )
    return made


def due_projects() -> list[int]:
    """Projects with runs that wait, that a worker may have left, or that have fallen behind for long enough."""
    pending = LabelModelRun.objects.pending().order_by().values_list("project", flat=True)
    now = timezone.now()
    behind = (
        LabelModelRun.objects.behind()
        .filter(finished_at__lt=now - SETTLED)
        .only("project_id", "finished_at", "seconds")
    )
    return list({*pending, *(run.project_id for run in behind if _rested(run, now))})


def give_back(*, project_id: int) -> None:
    """Runs that nobody works on wait again, or have failed for good. The caller holds the project's refresh lock, so
    that whatever is marked as running belongs to a worker that is no more."""
    lost = LabelModelRun.objects.filter(project=project_id, state=State.RUNNING)
    lost.filter(attempts__gte=MOST_ATTEMPTS).update(
        state=State.FAILED, error=LOST, finished_at=timezone.now()
    )
    for run in lost.filter(attempts__lt=MOST_ATTEMPTS):
        same = LabelModelRun.objects.filter(
            project=project_id, question=run.question, method=run.method, state=State.WAITING
        )
        if same.exists():
            run.delete()
        else:
            LabelModelRun.objects.filter(pk=run.pk).update(state=State.WAITING)


def want(*, project: Project, question: str) -> LabelModelRun:
    """A run of the default method is needed, because of what people have answered."""
    return _wait(project, question, DEFAULT, None)


def want_where_behind(*, project: Project) -> None:
    """Ask for a fit of the default method wherever enough has changed since the latest one."""
    latest = {one["name"]: latest_try(project, one["name"]) for one in fitted_questions(project)}
    for name, run in latest.items():
        if run is not None and _is_behind(run, timezone.now()):
            want(project=project, question=name)
    # Of questions that are asked no more, and of runs that others stand above, nothing is wanted.
    kept = [run.pk for run in latest.values() if run]
    LabelModelRun.objects.behind().filter(project=project).exclude(pk__in=kept).update(changed=0)


def _is_behind(run: LabelModelRun, now: datetime) -> bool:
    enough = max(1, FRESH_SHARE * run.items) if run.items else 1
    # A failed one is not tried again and again on the same votes.
    return run.changed >= enough or (run.state == State.DONE and run.changed > 0 and _rested(run, now))


def _rested(run: LabelModelRun, now: datetime) -> bool:
    rest = max(SETTLED, timedelta(seconds=REST_PER_SPENT * (run.seconds or 0.0)))
    return run.finished_at is not None and now - run.finished_at >= rest


def latest_try(project: Project, question: str) -> LabelModelRun | None:
    """The latest run of the default method under the current questions, finished or failed."""
    return _tries(project, question).filter(state__in=[State.DONE, State.FAILED]).first()


def latest_done(project: Project, question: str) -> LabelModelRun | None:
    """The run whose sources the consensus rests on; None before the first fit."""
    return _tries(project, question).filter(state=State.DONE).first()


def _tries(project: Project, question: str) -> QuerySet[LabelModelRun]:
    same = LabelModelRun.objects.filter(project=project, question=question, method=DEFAULT)
    return same.filter(schema=project.schema_id).order_by("-pk")


def note_changes(*, project: Project, rows: Sequence[int]) -> None:
    """These rows of pending work are about to be done: what they tell has changed since the latest fits."""
    for question in fitted_questions(project):
        if (run := latest_try(project, question["name"])) is None:
            continue
        # What was due before the fit has been fitted.
        fresh = ConsensusDue.objects.filter(pk__in=rows, created_at__gt=run.started_at).count()
        LabelModelRun.objects.filter(pk=run.pk).update(changed=F("changed") + fresh)


def take_next(*, project: Project) -> LabelModelRun | None:
    """Begin the next run that waits. The caller holds the project's refresh lock."""
    run = LabelModelRun.objects.filter(project=project, state=State.WAITING).order_by("pk").first()
    if run is None:
        return None
    # The questions may have changed while it waited.
    run.schema = project.schema or run.schema
    run.state, run.started_at = State.RUNNING, timezone.now()
    run.attempts += 1
    run.save(update_fields=["schema", "state", "started_at", "attempts"])
    return run


def fail(run: LabelModelRun, error: str) -> None:
    """Told on the page of runs; the items keep the consensus that they had."""
    LabelModelRun.objects.filter(pk=run.pk).update(
        state=State.FAILED, error=error, changed=0, finished_at=timezone.now()
    )


def vanish(run: LabelModelRun) -> None:
    """No votes are left on a run's question: nobody's quality on it is known any more."""
    if run.method == DEFAULT:
        SourceQuality.objects.filter(project=run.project_id, question=run.question).delete()
    fail(run, NO_VOTES)


def forget_old(run: LabelModelRun) -> None:
    """Let go of what earlier runs of this method learned, and of the oldest runs."""
    same = LabelModelRun.objects.filter(
        project=run.project_id, question=run.question, method=run.method
    ).exclude(state__in=[State.WAITING, State.RUNNING])
    newest = list(same.order_by("-pk").values_list("pk", flat=True)[:KEPT_RUNS])
    done = list(same.filter(state=State.DONE).order_by("-pk").values_list("pk", flat=True)[:KEPT_PARAMETERS])
    same.exclude(pk__in=[*newest, *done]).delete()
    learned = same.exclude(pk__in=done).exclude(parameters=b"")
    learned.update(parameters=b"", labels=[], sources=[], changed=0)
