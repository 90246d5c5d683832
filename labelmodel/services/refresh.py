"""Keep the consensus up with what people say: at once for the items they touch, by a new fit when much has come.

Reads, computes outside transactions, and publishes in short ones, so that nobody who labels ever waits for it. What is
to be done are rows: items that are due, and runs that wait. They are taken away, or marked as done, only after what came
of them is published, so that a worker that is killed leaves them to the next.
"""

from __future__ import annotations

import time
from typing import Any

from django.utils import timezone

from annotation.models import Consensus, Item, Project
from annotation.questions import QUESTION_TYPES
from annotation.questions.types import Question
from annotation.reports.said import Said, said
from annotation.services import consensus
from annotation.services.consensus import Found
from annotation.services.locks import alone
from labelmodel.estimators import Parameters, from_bytes, to_bytes
from labelmodel.methods import DEFAULT
from labelmodel.models import LabelModelRun
from labelmodel.services import comparing, figures, fitting, runs
from labelmodel.services.coding import Ballot, ballot, medians
from labelmodel.services.fitting import Fitted

MOST_AT_ONCE = 2000


def refresh(*, project_id: int) -> None:
    """Work off what is due in a project, then the fits that are wanted. Safe to run twice, at once or in turn."""
    with alone("consensus", project_id) as free:
        if not free:
            return
        runs.give_back(project_id=project_id)
        while _judge_due(project_id) or _fit_next(project_id):
            pass


def _judge_due(project_id: int) -> bool:
    items, rows = consensus.due(project_id=project_id, most=MOST_AT_ONCE)
    if not rows:
        return False
    project = Project.objects.select_related("schema").filter(pk=project_id).first()
    if project is not None and project.schema is not None:
        touched = said(project_id=project_id, schema_id=project.schema.pk, items=items)
        consensus.publish(
            project_id=project_id,
            schema_id=project.schema.pk,
            items=items,
            found=[
                one for question in runs.comparable(project) for one in _judge(project, question, touched)
            ],
            rows=rows,
            touched=True,
        )
        runs.note_changes(project=project, rows=rows)
    consensus.done(rows)
    return True


def _judge(project: Project, question: Question, touched: Said) -> list[Found]:
    """The consensus of touched items on one question, with the sources as the latest fit knows them."""
    if QUESTION_TYPES[question["type"]].scale == "interval":
        numbers = ballot(touched, question)
        return medians(numbers) if numbers else []
    if ballot(touched, question) is None:
        return []
    run = _run_for(project, question)
    votes = ballot(touched, question, labels=run.labels if run else (), people=run.sources if run else ())
    assert votes is not None, "there are votes"
    return list(fitting.judge(votes, run, _parameters(run, votes)))


def _parameters(run: LabelModelRun | None, votes: Ballot) -> Parameters | None:
    return fitting.widened(from_bytes(bytes(run.parameters)), votes.votes.n_labels) if run else None


def _run_for(project: Project, question: Question) -> LabelModelRun | None:
    """The run whose sources count on a question; the first one is made now. None where it fails."""
    name = question["name"]
    if (done := runs.latest_done(project, name)) is not None:
        return done
    if runs.latest_try(project, name) is None:
        runs.want(project=project, question=name)
        while _fit_next(project.pk, wanted=False):
            pass
    return runs.latest_done(project, name)


def _known(project: Project, question: str) -> dict[int, Any]:
    """What is known of items, by gold questions and by experts: {item id: value}. Not of the holdout, which checks models."""
    rows = Consensus.objects.filter(project=project, question=question).exclude(status=Consensus.Status.AUTO)
    rows = rows.exclude(item__role=Item.Role.HOLDOUT)
    return dict(rows.values_list("item", "value"))


def _fit_next(project_id: int, *, wanted: bool = True) -> bool:
    """Fit the next run that waits; `wanted`: after having asked for those that have become necessary."""
    project = Project.objects.select_related("schema").filter(pk=project_id).first()
    if project is None:
        return False
    if wanted:
        runs.want_where_behind(project=project)
    run = runs.take_next(project=project)
    if run is None:
        return False
    _fit(project, run)
    return True


def _fit(project: Project, run: LabelModelRun) -> None:
    question = next((one for one in runs.fitted_questions(project) if one["name"] == run.question), None)
    if question is None:
        runs.fail(run, "This question is asked no more.")
        return
    started = time.perf_counter()
    assert run.schema_id is not None, "a question has a schema"
    votes = ballot(said(project_id=project.pk, schema_id=run.schema_id), question)
    if votes is None:
        runs.vanish(run)
        return
    run.items, run.votes = len(votes.items), int(votes.counts.sum())
    # Before the attempt: whatever becomes of it tells how much has to come before it is tried again.
    run.save(update_fields=["items", "votes"])
    known = _known(project, run.question)
    run.gold = len(known.keys() & set(votes.items.tolist()))
    try:
        fitted = fitting.fit(votes, run.method, known)
        if run.method == DEFAULT:
            figures.keep(run, fitted)
            fitting.publish(project, run, votes, fitted, known)
        else:
            run.comparison = comparing.compare(votes, fitted, run.method, known)
    except (ValueError, MemoryError) as error:
        runs.fail(run, str(error) or "There was not enough memory.")
        return
    _finish(run, votes, fitted, time.perf_counter() - started)
    runs.forget_old(run)


def _finish(run: LabelModelRun, votes: Ballot, fitted: Fitted, seconds: float) -> None:
    """Only now, when everything is published: a worker that dies before leaves a run that is begun again."""
    run.parameters = to_bytes(fitted.fit.parameters)
    run.labels, run.sources = votes.labels, votes.people
    run.converged, run.iterations = bool(fitted.fit.converged), len(fitted.fit.objective)
    run.state, run.finished_at, run.seconds = LabelModelRun.State.DONE, timezone.now(), seconds
    run.error = ""
    run.save(
        update_fields=[
            *("parameters", "labels", "sources", "converged", "iterations", "state", "finished_at"),
            *("seconds", "error", "gold", "comparison"),
        ]
    )
