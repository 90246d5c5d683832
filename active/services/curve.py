"""The learning curve: how good the model of each round is, what random choice would have reached, and what is still to come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from active.learners import Fit, Model, Needed, Point, forecast, gain, needed
from active.learners.losses_by_row import right as rightness_of
from active.models import CurvePoint, LearningSettings, Round
from active.services import requests
from active.services.artifacts import Predictor
from active.services.judging import kind_of, round_off
from active.services.training_data import Labeled

if TYPE_CHECKING:
    from active.services.training import Examples

Floats = npt.NDArray[np.float32]
# Random choice is judged with these shares of the items that no strategy chose, each so often with others left out.
SHARES, REPEATS = (0.15, 0.3, 0.5, 0.75, 1.0), 2
# Below so many items nothing is judged on them.
LEAST_JUDGED = 30
# A forecast takes so many different numbers of labels.
LEAST_POINTS = 3
# The stopping advisor looks back so many labels, and calls less than this no gain.
LAST, NO_GAIN = 300, 0.005
Z = 1.96


def add(
    round: Round, settings: LearningSettings, examples: Examples, predictor: Predictor, out_of_fold: Floats
) -> None:
    """Judge the round's model, and keep the point with the advice that follows from it. Harmless to repeat."""
    on, right = judged(examples, predictor, out_of_fold)
    if len(right) < 2:
        return
    accuracy, error = float(right.mean()), standard_error(right)
    random = _random(settings, examples, predictor, len(examples.labeled)) if on != "labeled" else {}
    CurvePoint.objects.update_or_create(
        round=round,
        defaults={
            "project": round.project,
            "question": round.question,
            "labels": len(examples.labeled),
            "judged_on": on,
            "judged": len(right),
            "accuracy": accuracy,
            "low": max(0.0, accuracy - Z * error),
            "high": min(1.0, accuracy + Z * error),
            "random": random,
        },
    )
    figures = {**round.figures, **advice(round, settings)}
    requests.enter(round, round.state, attempts=round.attempts, figures=figures)


def judged(
    examples: Examples, predictor: Predictor, out_of_fold: Floats
) -> tuple[str, npt.NDArray[np.float64]]:
    """On what the model is judged, and how right it is about each of these items."""
    if examples.has_holdout:
        return "holdout", rightness(predictor.predict(examples.holdout_features), examples.holdout)
    labeled = examples.labeled
    if labeled.drawn.sum() >= LEAST_JUDGED:
        return "random", rightness(out_of_fold[labeled.drawn], labeled.at(labeled.drawn))
    return "labeled", rightness(out_of_fold, labeled)


def rightness(probabilities: Floats, labeled: Labeled) -> npt.NDArray[np.float64]:
    """(n,) 1 where the model's answer is right, of sets where all of it is; else 0."""
    return np.asarray(rightness_of(kind_of(labeled), probabilities, labeled.targets), dtype=np.float64)


def standard_error(right: npt.NDArray[np.float64]) -> float:
    """Of the mean; not 0 where all are alike (Agresti & Coull 1998)."""
    n = len(right) + 4
    share = (float(right.sum()) + 2) / n
    return float(np.sqrt(share * (1 - share) / n))


def _random(
    settings: LearningSettings, examples: Examples, predictor: Predictor, labels: int
) -> dict[str, Any]:
    """What random choice would have reached with so many labels: measured on the items that no strategy chose, with ever
    more of them, and carried on by a power law where there are fewer than `labels`."""
    drawn = np.flatnonzero(examples.labeled.drawn)
    if len(drawn) < 2 * LEAST_JUDGED:
        return {}
    learner = predictor.model.learner
    options = settings.learner_options if learner == settings.learner else {}
    fit = examples.fit_of(learner, options)
    points = [point for repeat in range(REPEATS) for point in _points(fit, examples, drawn, repeat)]
    if len({point.labels for point in points}) < LEAST_POINTS:
        return {}
    expected = forecast(points, labels)
    return {
        "accuracy": round_off(expected.value),
        "low": round_off(expected.low),
        "high": round_off(expected.high),
        "from": len(drawn),
    }


def _points(fit: Fit, examples: Examples, drawn: npt.NDArray[np.int64], repeat: int) -> list[Point]:
    """Models of ever more of the drawn items, judged on the holdout or on drawn items that all of them leave out."""
    labeled, found = examples.labeled, []
    order = np.random.default_rng([repeat, len(drawn)]).permutation(drawn)
    tested = order[: len(order) // 4]
    free = order if examples.has_holdout else order[len(tested) :]
    model: Model | None = None
    for share in SHARES:
        chosen = free[: max(2, int(share * len(free)))]
        some = labeled.at(chosen)
        if some.kind != "set" and some.used < 2:
            continue
        features = examples.features[chosen]
        model = fit(
            features, some.targets, kind=kind_of(some), weights=some.weights, seed=repeat, start=model
        )
        if examples.has_holdout:
            right = rightness(np.asarray(model.predict(examples.holdout_features)), examples.holdout)
        else:
            right = rightness(np.asarray(model.predict(examples.features[tested])), labeled.at(tested))
        found.append(Point(len(chosen), float(right.mean()), standard_error(right)))
    return found


def advice(round: Round, settings: LearningSettings) -> dict[str, Any]:
    """Whether to go on: what the last labels brought, and how many it takes to the target."""
    points = points_of(round)
    told: dict[str, Any] = {}
    gained = gain(points, LAST) if len(points) > 1 else None
    if gained is not None:
        change, last = gained.change, gained.until - gained.since
        told["advice"] = {
            "last": last,
            "gain": round_off(change.value),
            "low": round_off(change.low),
            "high": round_off(change.high),
            "sentence": _gain_sentence(last, change.value, (change.high - change.low) / 2),
        }
    if settings.target:
        still = needed(points, settings.target)
        told["needed"] = {
            "target": settings.target,
            "labels": still.labels,
            "low": still.low,
            "high": still.high,
            "sentence": still.reason or _needed_sentence(settings.target, still),
        }
    return told


def points_of(round: Round) -> list[Point]:
    """The curve so far, as far as it was judged alike."""
    rows = list(
        CurvePoint.objects.filter(project=round.project, question=round.question).order_by("labels", "pk")
    )
    alike = [row for row in rows if rows and row.judged_on == rows[-1].judged_on]
    return [Point(row.labels, row.accuracy, max(1e-4, (row.high - row.low) / (2 * Z))) for row in alike]


def _gain_sentence(last: int, change: float, reach: float) -> str:
    moved = f"The last {last} labels moved accuracy by {100 * change:+.1f} ± {100 * reach:.1f} points"
    if change + reach < NO_GAIN:
        return f"{moved}: more of the same brings nothing. Stop here, or change the questions or the model."
    if change - reach > 0:
        return f"{moved}: labeling still pays."
    return f"{moved}: too little to tell from chance yet."


def _needed_sentence(target: float, still: Needed) -> str:
    if still.labels == 0:
        return f"The target of {target:.0%} is reached."
    most = f"{still.high:,}" if still.high is not None else "many more"
    return f"About {still.labels or 0:,} more labels to {target:.0%} ({still.low or 0:,} to {most})."
