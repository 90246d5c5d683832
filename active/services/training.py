"""Train a round's model: on consensus, weighted by its confidence; calibrated, cross-validated, judged, and put into use."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from active.acquisition import COMMITTEES
from active.learners import LEARNERS, Comparison, Fit, Model, compare
from active.models import LearningSettings, ModelVersion, Round
from active.services import (
    artifacts,
    curve,
    doubts,
    embeddings,
    judging,
    registry,
    requests,
    rivalry,
    training_data,
)
from active.services.artifacts import Predictor
from active.services.storage import FileLost
from active.services.training_data import Labeled
from annotation.questions.types import Question

Floats = npt.NDArray[np.float32]
# Below so many items kept to check models, they do not decide about them.
LEAST_HOLDOUT = 30
# What old versions learned is kept for so many of the latest; their records stay.
KEPT_ARTIFACTS = 10
NO_MODEL = "There are no labels to learn from yet, so there is no model: typical items come first."
ONE_LABEL = "Everything labeled so far has the same label, so there is no model: typical items come first."


@dataclass(frozen=True, eq=False)
class Examples:
    """Labeled items with their vectors, and the same of the holdout."""

    labeled: Labeled
    features: Floats
    holdout: Labeled
    holdout_features: Floats

    @property
    def has_holdout(self) -> bool:
        return len(self.holdout) >= LEAST_HOLDOUT


def train(round: Round, settings: LearningSettings, question: Question) -> None:
    """Give the round the model that it scores with: a new one, the one in use, or none without two labels."""
    examples = _examples(round, question)
    round.labels = len(examples.labeled)
    if not len(examples.labeled) or (examples.labeled.kind != "set" and examples.labeled.used < 2):
        note = ONE_LABEL if len(examples.labeled) else NO_MODEL
        _remember(round, model=None, notes=[*round.notes, note], figures={})
        return
    used = registry.in_use(round.project, round.question)
    learner = _learner(round, settings)
    if (model := _unchanged(round, settings, used, examples.labeled, learner)) is not None:
        _remember(
            round,
            model=model,
            notes=[*round.notes, "No label has changed: the model is the same."],
            figures={},
        )
        return
    made, out_of_fold = _make(round, settings, examples, used, learner)
    _consider(made, used, examples)
    figures = _figures(round, settings, examples, out_of_fold)
    figures |= rivalry.figures(round, settings, examples, learner)
    _remember(round, model=registry.in_use(round.project, round.question), notes=round.notes, figures=figures)
    curve.add(round, settings, examples, artifacts.load(made), out_of_fold)
    _forget_old(round)


def _examples(round: Round, question: Question) -> Examples:
    labeled = training_data.labeled(round.project, question)
    holdout = training_data.holdout(round.project, question, labeled.labels)
    found, features = embeddings.gather(round.encoder, labeled.items)
    kept, kept_features = embeddings.gather(round.encoder, holdout.items)
    return Examples(labeled.at(found), features[found], holdout.at(kept), kept_features[kept])


def _learner(round: Round, settings: LearningSettings) -> str:
    """The learner of the settings, unless a strategy needs votes that it does not cast."""
    needs_votes = {round.strategy, round.rival} & COMMITTEES
    if needs_votes and settings.learner not in {"committee", "mlp"}:
        round.notes = [
            *round.notes,
            f"{' and '.join(sorted(needs_votes))} compare votes: a bootstrap committee learns.",
        ]
        return "committee"
    return settings.learner


def _options(settings: LearningSettings, learner: str) -> dict[str, Any]:
    """The options of the settings, which are for the learner of the settings."""
    return settings.learner_options if learner == settings.learner else {}


def _unchanged(
    round: Round, settings: LearningSettings, used: ModelVersion | None, labeled: Labeled, learner: str
) -> ModelVersion | None:
    """The model in use, where training again would lead to the same."""
    if used is None or used.data_sha256 != labeled.sha256():
        return None
    same = (used.encoder_id, used.learner, used.parameters.get("options")) == (
        round.encoder_id, learner, _options(settings, learner),
    )  # fmt: skip
    try:
        return used if same and artifacts.load(used) else None
    except FileLost:
        return None


def _make(
    round: Round, settings: LearningSettings, examples: Examples, used: ModelVersion | None, learner: str
) -> tuple[ModelVersion, Floats]:
    """A new version with its artifact, and its calibrated out-of-fold probabilities of the labeled items."""
    labeled, features = examples.labeled, examples.features
    options = _options(settings, learner)
    fit: Fit = partial(LEARNERS[learner], **options)
    start = _start(used, round, labeled, learner)
    kind = judging.kind_of(labeled)
    model = fit(features, labeled.targets, kind=kind, weights=labeled.weights, seed=round.number, start=start)
    calibration, out_of_fold = judging.calibrated(fit, features, labeled, seed=round.project_id)
    predictor = Predictor(model, calibration, labeled.labels, labeled.kind)
    assert round.encoder is not None, "embedding comes before training"
    row = ModelVersion(
        project=round.project,
        version=registry.next_version(round.project_id),
        question=round.question,
        schema=round.schema,
        encoder=round.encoder,
        learner=learner,
        calibration=calibration.method,
        parameters={
            "labels": labeled.labels,
            "kind": labeled.kind,
            "options": options,
            "seed": round.number,
            "converged": bool(model.converged),
            "iterations": int(model.iterations),
        },
        data_sha256=labeled.sha256(),
        items=len(labeled),
        metrics=_metrics(examples, predictor, out_of_fold),
    )
    artifacts.save(row, predictor)
    row.save()
    if not model.converged:
        round.notes = [
            *round.notes,
            f"Training stopped after {model.iterations} steps before it had settled.",
        ]
    return row, out_of_fold


def _start(used: ModelVersion | None, round: Round, labeled: Labeled, learner: str) -> Model | None:
    """The model in use, to begin from, where it is of the same kind, labels and vectors."""
    if used is None or used.encoder_id != round.encoder_id or used.learner != learner:
        return None
    if (used.parameters["labels"], used.parameters["kind"]) != (labeled.labels, labeled.kind):
        return None
    try:
        return artifacts.load(used).model
    except FileLost:
        return None


def _metrics(examples: Examples, predictor: Predictor, out_of_fold: Floats) -> dict[str, Any]:
    labeled = examples.labeled
    drawn = labeled.drawn
    return {
        "cross_validated": judging.scores(out_of_fold, labeled),
        "holdout": judging.scores(predictor.predict(examples.holdout_features), examples.holdout)
        if len(examples.holdout)
        else None,
        "random": judging.scores(out_of_fold[drawn], labeled.at(drawn)) if drawn.any() else None,
    }


def _consider(made: ModelVersion, used: ModelVersion | None, examples: Examples) -> None:
    """Put the new model into use, unless the holdout says that it is worse than the one in use beyond noise."""
    if used is None:
        registry.promote(made, "The first model.")
        return
    compared = _compared(made, used, examples)
    if compared is None:
        why = "it was trained on the latest labels"
        short = f"the holdout has {len(examples.holdout)} items, and it takes {LEAST_HOLDOUT} to tell"
        registry.promote(made, f"In place of version {used.version}: {why}; {short}.")
        return
    told = f"{_told(compared)} on {compared.n} items of the holdout, against version {used.version}"
    if compared.worse_beyond_noise:
        registry.refuse(made, f"Worse beyond noise: {told}. Version {used.version} stays in use.")
    else:
        registry.promote(made, f"Not worse beyond noise: {told}.")


def _told(compared: Comparison) -> str:
    by, loss = compared.accuracy, compared.log_loss
    accuracy = f"accuracy {100 * by.value:+.1f} points ({100 * by.low:+.1f} to {100 * by.high:+.1f})"
    return f"{accuracy}, log loss {loss.value:+.3f} ({loss.low:+.3f} to {loss.high:+.3f}; less is better)"


def _compared(made: ModelVersion, used: ModelVersion, examples: Examples) -> Comparison | None:
    """None where there is no holdout to speak of, or the two do not know the same labels."""
    same = used.parameters["labels"] == made.parameters["labels"] and used.encoder_id == made.encoder_id
    if not examples.has_holdout or not same:
        return None
    try:
        old = artifacts.load(used).predict(examples.holdout_features)
    except FileLost:
        return None
    new = artifacts.load(made).predict(examples.holdout_features)
    return compare(judging.kind_of(examples.holdout), new, old, examples.holdout.targets)


def _figures(
    round: Round, settings: LearningSettings, examples: Examples, out_of_fold: Floats
) -> dict[str, Any]:
    """What choosing needs to know of the labeled items: which of them are doubtful."""
    if not settings.ask_again:
        return {}
    most = doubts.REMEMBERED * round.batch
    accuracy = doubts.accuracy(round)
    return {"doubtful": doubts.remembered(examples.labeled, out_of_fold, accuracy=accuracy, most=most)}


def _remember(round: Round, *, model: ModelVersion | None, notes: list[str], figures: dict[str, Any]) -> None:
    requests.enter(
        round,
        Round.State.TRAINING,
        attempts=round.attempts,
        model=model,
        labels=round.labels,
        notes=notes,
        figures=figures,
    )


def _forget_old(round: Round) -> None:
    old = ModelVersion.objects.filter(project=round.project_id, question=round.question).exclude(file="")
    for row in old.exclude(state=ModelVersion.State.PROMOTED).order_by("-version")[KEPT_ARTIFACTS:]:
        artifacts.drop(row)
