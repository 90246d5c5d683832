"""Keep the consensus up with what people say: at once for the items they touch, by a new fit when much has come.

Reads, computes outside transactions, and publishes in short ones, so that nobody who labels ever waits for it. What is
due are rows, taken away only after their items are published: a worker that is killed leaves them to the next.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import orjson
from django.db import connection
from django.db.models import Sum
from django.utils import timezone

from annotation.models import Consensus, Membership, Project
from annotation.questions import QUESTION_TYPES
from annotation.reports.said import Said, said
from annotation.services import consensus
from annotation.services.consensus import Found
from labelmodel.estimators import (
    DEFAULT_FOR_PEOPLE,
    ESTIMATORS,
    from_bytes,
    source_accuracy,
    to_bytes,
    update,
)
from labelmodel.models import LabelModelRun, SourceQuality
from labelmodel.services.coding import Ballot, ballot, found, known_pairs, medians

State = LabelModelRun.State
MOST_AT_ONCE = 2000
# A new fit when so many answers have come since the last one, or this part of all that there were.
FRESH_ANSWERS = 20
FRESH_SHARE = 0.1
# A fit leaves an item alone whose consensus it would hardly change.
NOTICEABLE = 0.01
# Confusions are kept to be shown; larger ones nobody reads.
MOST_SHOWN_LABELS = 50
KEPT_RUNS = 20


def refresh(*, project_id: int) -> None:
    """Work off what is due in a project. Safe to run twice, at once or one after the other."""
    with _alone(project_id) as alone:
        while alone and _refresh_some(project_id):
            pass


def _refresh_some(project_id: int) -> bool:
    items, rows = consensus.due(project_id=project_id, most=MOST_AT_ONCE)
    if not rows:
        return False
    project = Project.objects.select_related("schema").get(pk=project_id)
    if project.schema is not None:
        touched = said(project_id=project_id, schema_id=project.schema.pk, items=items)
        fresh = _fit_what_needs_it(project)
        results = [one for question in _asked(project) for one in _judge(project, question, touched, fresh)]
        run = max((run.pk for run in fresh.values()), default=None)
        consensus.publish(
            project_id=project_id,
            schema_id=project.schema.pk,
            items=items,
            questions=[question["name"] for question in _asked(project)],
            found=results,
            run=run,
            touched=True,
        )
    consensus.done(rows)
    return True


def _asked(project: Project) -> list[dict[str, Any]]:
    """The questions whose answers can be compared."""
    assert project.schema is not None, "only called with a schema"
    return [one for one in project.schema.questions if QUESTION_TYPES[one["type"]].scale]


def _judge(
    project: Project, question: dict[str, Any], touched: Said, fresh: dict[str, LabelModelRun]
) -> list[Found]:
    """The consensus of touched items on one question, with the sources as the latest fit knows them."""
    if QUESTION_TYPES[question["type"]].scale == "interval":
        votes = ballot(touched, question)
        return medians(votes) if votes else []
    run = fresh.get(question["name"])
    if run is None:
        return []
    votes = ballot(touched, question, labels=run.labels, people=run.sources)
    if votes is None:
        return []
    parameters = from_bytes(bytes(run.parameters))
    if votes.votes.n_labels != parameters.n_labels:
        # Somebody used a label that the fit has not met.
        unmet = votes.votes.n_labels - parameters.n_labels
        parameters = replace(parameters, prior=np.pad(parameters.prior, (0, unmet)))
    gold = known_pairs(votes, _known(project, question["name"], votes.items.tolist()))
    return found(votes, update(parameters, votes.votes, gold=gold), run.method)


def _known(project: Project, question: str, items: Sequence[int] | None = None) -> dict[int, Any]:
    """What is known of items, by gold questions and by experts: {item id: value}."""
    rows = Consensus.objects.filter(project=project, question=question).exclude(status=Consensus.Status.AUTO)
    if items is not None:
        rows = rows.filter(item__in=items)
    return dict(rows.values_list("item", "value"))


# Fitting


def _fit_what_needs_it(project: Project) -> dict[str, LabelModelRun]:
    """The latest run for each question, made anew where too much has come since the last one."""
    answered = Membership.objects.filter(project=project).aggregate(sum=Sum("answered"))["sum"] or 0
    runs = {question["name"]: _latest(project, question["name"]) for question in _asked(project)}
    stale = [
        question
        for question in _asked(project)
        if _is_stale(project, question, runs[question["name"]], answered)
    ]
    if stale:
        assert project.schema is not None, "questions come from a schema"
        everything = said(project_id=project.pk, schema_id=project.schema.pk)
        for question in stale:
            runs[question["name"]] = _fit(project, question, everything, answered)
    return {name: run for name, run in runs.items() if run is not None}


def _latest(project: Project, question: str) -> LabelModelRun | None:
    found = LabelModelRun.objects.filter(
        project=project, question=question, state=State.DONE, schema=project.schema
    )
    return found.order_by("-pk").first()


def _is_stale(project: Project, question: dict[str, Any], run: LabelModelRun | None, answered: int) -> bool:
    if QUESTION_TYPES[question["type"]].scale == "interval":
        return False
    if run is None or run.method != DEFAULT_FOR_PEOPLE:
        return True
    return answered - run.answered >= max(FRESH_ANSWERS, FRESH_SHARE * run.answered)


def _fit(project: Project, question: dict[str, Any], everything: Said, answered: int) -> LabelModelRun | None:
    votes = ballot(everything, question)
    if votes is None:
        return None
    assert project.schema is not None, "questions come from a schema"
    run = LabelModelRun.objects.create(
        project=project,
        question=question["name"],
        schema=project.schema,
        method=DEFAULT_FOR_PEOPLE,
        answered=answered,
    )
    started = time.perf_counter()
    gold = known_pairs(votes, _known(project, question["name"]))
    try:
        fitted = ESTIMATORS[run.method](votes.votes, gold=gold)
    except ValueError as error:
        # Told on the page of quality; the items keep the consensus that they had.
        LabelModelRun.objects.filter(pk=run.pk).update(
            state=State.FAILED, error=str(error), finished_at=timezone.now()
        )
        return None
    run.parameters = to_bytes(fitted.parameters)
    run.labels, run.sources = votes.labels, votes.people
    run.items, run.votes, run.gold = len(votes.items), len(votes.votes), len(gold[0]) if gold else 0
    run.converged, run.iterations = bool(fitted.converged), len(fitted.objective)
    run.state, run.finished_at, run.seconds = State.DONE, timezone.now(), time.perf_counter() - started
    run.save()
    _keep_qualities(run, votes, fitted)
    _publish_all(project, run, votes, found(votes, fitted.posterior, run.method))
    _forget_old_runs(run)
    return run


def _keep_qualities(run: LabelModelRun, votes: Ballot, fitted: Any) -> None:
    quality = source_accuracy(votes.votes, fitted)
    counts = np.bincount(votes.votes.source, minlength=len(votes.people))
    shown = not votes.is_set and len(votes.labels) <= MOST_SHOWN_LABELS
    rows = [
        SourceQuality(
            run=run,
            project_id=run.project_id,
            question=run.question,
            source_id=person,
            accuracy=float(quality.accuracy[n]),
            low=float(quality.low[n]),
            high=float(quality.high[n]),
            judgments=float(quality.judgments[n]),
            votes=int(counts[n]),
            confusion=np.round(fitted.parameters.confusion(np.array([n]))[0], 4).tolist() if shown else [],
        )
        for n, person in enumerate(votes.people)
    ]
    SourceQuality.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["project", "question", "source"],
        update_fields=["run", "accuracy", "low", "high", "judgments", "votes", "confusion"],
    )
    SourceQuality.objects.filter(project=run.project_id, question=run.question).exclude(run=run).delete()


def _publish_all(project: Project, run: LabelModelRun, votes: Ballot, results: list[Found]) -> None:
    """Publish what a new fit changes noticeably."""
    had = {
        item: (orjson.dumps(value).decode(), confidence)
        for item, value, confidence in Consensus.objects.filter(
            project=project, question=run.question, schema=project.schema
        ).values_list("item", "value", "confidence")
    }
    changed = [
        one
        for one in results
        if (before := had.get(one.item)) is None
        or before[0] != one.value
        or abs(before[1] - one.confidence) > NOTICEABLE
    ]
    assert project.schema is not None, "a run has a schema"
    consensus.publish(
        project_id=project.pk,
        schema_id=project.schema.pk,
        items=[one.item for one in changed],
        questions=[run.question],
        found=changed,
        run=run.pk,
        touched=False,
    )


def _forget_old_runs(run: LabelModelRun) -> None:
    same = LabelModelRun.objects.filter(project=run.project_id, question=run.question)
    kept = same.order_by("-pk").values_list("pk", flat=True)[:KEPT_RUNS]
    same.exclude(pk__in=list(kept)).delete()


@contextmanager
def _alone(project_id: int) -> Iterator[bool]:
    """Whether nobody else is refreshing this project, held until the block ends."""
    with connection.cursor() as cursor:
        # A lock of the connection: it ends with the worker, however that ends.
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended('consensus', %s))", [project_id])
        if cursor.fetchone() != (True,):
            yield False
            return
        try:
            yield True
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended('consensus', %s))", [project_id])
