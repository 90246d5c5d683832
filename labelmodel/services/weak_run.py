"""One fit of a label model to what functions say: pinned, fitted, calibrated, measured, and published when it is whole.

Votes are read block by block, so that memory does not grow with the pool beyond what a fit takes. A worker that is killed leaves a
run that begins again; what an earlier run published counts until this one is done.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import transaction

from annotation.errors import Conflict
from annotation.models import Project
from annotation.questions.types import Question
from annotation.services import jobs
from annotation.services.jobs import Beat
from annotation.services.pulse import kept_alive
from labelmodel.models import PosteriorShard, WeakRun
from labelmodel.services import (
    weak,
    weak_due,
    weak_figures,
    weak_fitting,
    weak_honest,
    weak_labeled,
    weak_review,
    weak_stream,
    weak_votes,
)
from labelmodel.services.function_rules import functions_questions
from labelmodel.services.weak_fitting import Learned
from labelmodel.services.weak_honest import Honest
from labelmodel.services.weak_labeled import Labeled
from labelmodel.services.weak_settings import LABELED
from labelmodel.services.weak_told import metrics
from labelmodel.services.weak_votes import Sources

Floats = npt.NDArray[np.float64]
GONE = "Functions do not vote on this question any more: it is not asked, or not with labels."
NO_VOTES = "No function votes on any item, so there is nothing to fit."
NO_MEMORY = "There was not enough memory. Give the workers more."


def run(*, run_id: int) -> None:
    """Do a run that waits. Safe to run twice."""
    if jobs.run(WeakRun, run_id, _work):
        done = WeakRun.objects.usable().filter(pk=run_id).defer("parameters", "review").first()
        if done is not None:
            weak.forget_old(done)


@dataclass(frozen=True, eq=False)
class Begun:
    """What a run pinned: who votes, what people labeled, which votes there were in which block."""

    sources: Sources
    labeled: Labeled
    stamps: dict[int, str]
    given: Any
    # Items that functions have seen.
    items: int

    def balance(self, labeled: Labeled) -> Floats | None:
        """The class balance that a fit is given, where it may know these labeled items; None: it estimates it."""
        if self.given == LABELED:
            return labeled.shares() if len(labeled) else None
        if not isinstance(self.given, dict):
            return None
        shares = np.array([float(self.given.get(label, 0.0)) for label in self.sources.labels])
        return shares if shares.sum() > 0 else None


def _work(job: WeakRun, beat: Beat) -> None:
    started = time.perf_counter()
    # A fit may take longer than a worker may be silent.
    with kept_alive(job):
        begun = _begun(job)
        try:
            values = _made(job, begun, beat)
        except ValueError as error:
            raise Conflict(f"The method could not be fitted to these votes: {error}") from error
        except MemoryError as error:
            raise Conflict(NO_MEMORY) from error
        with transaction.atomic():
            jobs.finished(job, **values, seconds=time.perf_counter() - started, error="")


def _begun(job: WeakRun) -> Begun:
    """Pin what the run rests on. An earlier attempt's part is taken away: it begins again."""
    project = Project.objects.select_related("schema").get(pk=job.project_id)
    question = _question(project, job.question)
    PosteriorShard.objects.filter(run=job).delete()
    sources = weak_votes.current(project, question)
    now = weak_due.standing_of(sources)
    stamps = weak_stream.block_stamps(sources)
    labeled = weak_labeled.labeled(project, question, is_set=sources.is_set)
    job.done = 0
    jobs.moved(
        job,
        versions=sources.keys, labels=sources.labels, rests_on=now.as_json(), schema=project.schema,
        labeled=len(labeled), items=now.items, votes=now.votes,
    )  # fmt: skip
    if not stamps:
        raise Conflict(NO_VOTES)
    return Begun(sources, labeled, stamps, now.balance or None, now.items)


def _question(project: Project, name: str) -> Question:
    found = next((one for one in functions_questions(project.schema) if one["name"] == name), None)
    if found is None:
        raise Conflict(GONE)
    return found


def _made(job: WeakRun, begun: Begun, beat: Beat) -> dict[str, Any]:
    sources, labeled = begun.sources, begun.labeled
    n, k = sources.count, len(sources.labels)
    counts = weak_figures.nothing(n, k)
    parts = []
    # Each is looked at twice.
    beat(total=2 * begun.items)
    for number, some in weak_votes.blocks(sources, numbers=begun.stamps):
        counts = counts + weak_figures.counted(some, n, k, is_set=sources.is_set)
        parts.append((number, weak_fitting.thinned(some, begun.items, labeled, k)))
        beat(done=job.done + len(some))
    if not counts.covered:
        raise Conflict(NO_VOTES)
    some = weak_votes.together([part for _, part in parts])
    del parts
    here = labeled.at(np.isin(labeled.items, some.items))
    prior = begun.balance(here)
    learned = weak_fitting.fit(some, sources, job.method, labeled=here, prior=prior)
    beat.now()
    honest = weak_honest.judge(some, sources, job.method, labeled=here, balance=begun.balance, tick=beat)
    published = _publish(job, begun, learned, honest, counts, beat)
    told = metrics(sources, some, here, learned, honest, counts, published, begun.given)
    return {
        "items": counts.items,
        "votes": int(counts.by_label.sum()),
        "labeled": len(here),
        "prior": {} if prior is None else _shares(sources.labels, prior),
        "metrics": told,
        "calibration": honest.calibration.as_json(),
        "parameters": weak_fitting.pack(learned.parameters),
        "review": published.review,
    }


def _shares(labels: list[str], values: Floats) -> dict[str, float]:
    return {label: round(float(value), 4) for label, value in zip(labels, values, strict=True)}


@dataclass(frozen=True, eq=False)
class Published:
    """What judging all items brought: how sure labels are, (20,) over [0, 1] and at each threshold; the mass of each label over
    all items, (k,); and the items for the review lane."""

    confidence: float
    histogram: npt.NDArray[np.int64]
    taken: npt.NDArray[np.int64]
    mass: Floats
    review: list[dict[str, Any]]


def _publish(
    job: WeakRun, begun: Begun, learned: Learned, honest: Honest, counts: weak_figures.Counts, beat: Beat
) -> Published:
    sources = begun.sources
    worth = weak_review.worth(learned, counts.by_label.sum(axis=1), counts.covered)
    rng = np.random.default_rng([job.project_id, job.pk])
    candidates, histogram, mass = (
        [],
        np.zeros(weak_figures.BINS, dtype=np.int64),
        np.zeros(len(sources.labels)),
    )
    taken, sure = np.zeros(len(weak_figures.THRESHOLDS), dtype=np.int64), 0.0
    for number, some in weak_stream.every_block(sources, list(begun.stamps)):
        said, covered = learned.posterior(some, sources.count), some.covered
        told = weak_fitting.calibrated(said, covered, honest.calibration, is_set=sources.is_set)
        weak_stream.write(job, number, some.items[covered], told[covered], begun.stamps[number])
        candidates.append(weak_review.found(some, told, begun.labeled.items, worth, rng))
        claims = weak_fitting.claims(told[covered], is_set=sources.is_set)
        histogram += weak_figures.histogram(claims)
        taken += weak_figures.taken(claims)
        sure += float(claims.max(axis=1).sum()) if len(claims) else 0.0
        mass += told.sum(axis=0)
        beat(done=job.done + len(some))
    share = counts.covered / max(counts.items, 1)
    review = weak_review.listed(candidates, worth, sources, share, rng)
    return Published(
        sure / max(int(histogram.sum()), 1), histogram, taken, mass / max(counts.items, 1), review
    )
