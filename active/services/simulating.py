"""Run a simulation: replay strategies on what a project has labeled, and keep the curves."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from django.db.models import F
from django.utils import timezone

from active import replay
from active.learners import LEARNERS
from active.models import LearningSettings, Simulation
from active.names import STRATEGIES
from active.services import embeddings, learning, requests, training_data
from annotation.errors import Conflict, DomainError
from annotation.models import Project
from annotation.questions.types import Question
from annotation.services.locks import alone

State = Simulation.State
# The share of the labeled items that curves are measured on, where no holdout is large enough.
TESTED = 0.3
LEAST_HOLDOUT = 100
LOST = f"The worker died {requests.MOST_ATTEMPTS} times at this. Look into the workers' log, or ask for less at once."


def run(*, simulation_id: int) -> None:
    """Safe to run twice: a simulation whose worker died begins again, with the same seeds."""
    simulation = Simulation.objects.select_related("project__schema").filter(pk=simulation_id).first()
    if simulation is None:
        return
    with alone("simulation", simulation.project_id) as free:
        if not free or not _begin(simulation):
            return
        started = time.perf_counter()
        try:
            result = _simulate(simulation)
        except (DomainError, ValueError, MemoryError) as error:
            _end(simulation, state=State.FAILED, error=str(error) or "There was not enough memory.")
            return
        if result is not None:
            seconds = round(time.perf_counter() - started, 1)
            _end(simulation, state=State.DONE, progress=1.0, result={**result, "seconds": seconds})


def _begin(simulation: Simulation) -> bool:
    pending = Simulation.objects.filter(pk=simulation.pk, state__in=[State.WAITING, State.RUNNING])
    if simulation.attempts >= requests.MOST_ATTEMPTS:
        _end(simulation, state=State.FAILED, error=LOST)
        return False
    begun = {"state": State.RUNNING, "started_at": timezone.now(), "progress": 0.0}
    return bool(pending.update(attempts=F("attempts") + 1, **begun))


def _end(simulation: Simulation, **values: Any) -> None:
    """Only while it is pending: one that was cancelled stays so."""
    pending = Simulation.objects.filter(pk=simulation.pk, state__in=[State.WAITING, State.RUNNING])
    pending.update(finished_at=timezone.now(), **values)


def _simulate(simulation: Simulation) -> dict[str, Any] | None:
    """The result; None when it was cancelled on the way."""
    options = simulation.options
    examples = examples_of(simulation.project, _question(simulation))
    learner = LEARNERS["logistic"]
    given = replay.Options(
        learner=learner,
        start=options["start"],
        batch=options["batch"],
        budget=min(options["budget"], len(examples)),
        annotator=replay.noisy(options["annotator"]),
    )
    jobs = len(options["strategies"]) * options["seeds"]
    found = []
    strategies = replay.named(options["strategies"])
    for one in replay.compare(examples, strategies, range(options["seeds"]), given):
        found.append(one)
        running = Simulation.objects.filter(pk=simulation.pk, state=State.RUNNING)
        if not running.update(progress=len(found) / (jobs + 1)):
            return None
    summary = replay.summarise(found, full=replay.full_accuracy(examples, learner))
    return {
        "full_accuracy": round(summary.full, 4),
        "target": round(summary.target, 4),
        "train": len(examples),
        "test": len(examples.test_labels),
        "strategies": [told(outcome) for outcome in summary.outcomes],
    }


def _question(simulation: Simulation) -> Question:
    found = [one for one in learning.learnable(simulation.project) if one["name"] == simulation.question]
    if not found:
        raise Conflict("This question is asked no more.")
    return found[0]


def examples_of(project: Project, question: Question) -> replay.Examples:
    """What is labeled, to choose from and to test on. Raises Conflict where there is too little."""
    settings = LearningSettings.objects.filter(project=project).first() or LearningSettings(project=project)
    encoder = embeddings.current(project=project, settings=settings)
    embeddings.embed_new(encoder=encoder)
    labeled = training_data.labeled(project, question)
    if labeled.kind == "set":
        raise Conflict("Simulations know one right label for each item; this question takes several.")
    kept = training_data.holdout(project, question, labeled.labels)
    features, labels = _arrays(encoder, labeled)
    if len(kept) >= LEAST_HOLDOUT:
        return replay.Examples(features, labels, *_arrays(encoder, kept))
    held = replay.held_out(labels, TESTED, seed=0)
    return replay.Examples(features[~held], labels[~held], features[held], labels[held])


def _arrays(encoder: Any, labeled: training_data.Labeled) -> tuple[Any, Any]:
    found, vectors = embeddings.gather(encoder, labeled.items)
    return vectors[found], labeled.targets[found].argmax(axis=1).astype(np.int64)


def told(outcome: Any) -> dict[str, Any]:
    """One strategy as the page and REST show it."""
    title = STRATEGIES[outcome.strategy].title if outcome.strategy in STRATEGIES else outcome.strategy
    saved = outcome.saved
    return {
        "name": outcome.strategy,
        "title": title,
        "labels": outcome.labels,
        "mean": [_round(one.mean) for one in outcome.accuracy],
        "low": [_round(one.low) for one in outcome.accuracy],
        "high": [_round(one.high) for one in outcome.accuracy],
        "area": {"mean": _round(outcome.area.mean), "se": _round(outcome.area.error)},
        "to95": None
        if outcome.labels_to_target is None
        else {"mean": round(outcome.labels_to_target), "se": None},
        "saving": None
        if saved is None
        else {"value": _round(saved.mean), "low": _round(saved.low), "high": _round(saved.high)},
    }


def _round(value: float | None) -> float | None:
    return None if value is None else round(float(value), 4)
