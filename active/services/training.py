"""Train a round's model: on consensus, weighted by its confidence; calibrated, cross-validated, judged, and put into use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt

from active.acquisition import COMMITTEES
from active.learners import LEARNERS, Calibration, Comparison, Fit, Model, compare
from active.models import LearningSettings, ModelVersion, Round
from active.services import (
    artifacts,
    curve,
    doubts,
    embeddings,
    function_changes,
    judging,
    registry,
    requests,
    rivalry,
    training_data,
    weak_targets,
)
from active.services.artifacts import Predictor
from active.services.training_data import Labeled
from active.services.weak_targets import Probable
from annotation.questions.types import Question
from annotation.services.stored import FileLost

Floats = npt.NDArray[np.float32]
# Below so many items kept to check models, they do not decide about them.
LEAST_HOLDOUT = 30
# What old versions learned is kept for so many of the latest; their records stay.
KEPT_ARTIFACTS = 10
NO_MODEL = "There are no labels to learn from yet, so there is no model: typical items come first."
WORSE = (
    "What labeling functions say makes a model worse on people's answers, so that it learned from people's answers alone. Look "
    "into the functions."
)
ONE_LABEL = "Everything labeled so far has the same label, so there is no model: typical items come first."


@dataclass(frozen=True, eq=False)
class Examples:
    """Labeled items with their vectors, and the same of the holdout."""

    labeled: Labeled
    features: Floats
    holdout: Labeled
    holdout_features: Floats
    # What labeling functions say of other items, where the project lets models learn from it.
    probable: Probable | None = None
    probable_features: Floats | None = None

    @property
    def has_holdout(self) -> bool:
        return len(self.holdout) >= LEAST_HOLDOUT

    def fit_of(self, learner: str, options: Mapping[str, Any]) -> Fit:
        """A learner with its options, which learns from the probable labels, too."""
        fit: Fit = partial(LEARNERS[learner], **options)
        if self.probable is None or self.probable_features is None:
            return fit
        return weak_targets.beside(fit, self.probable_features, self.probable)

    def sha256(self) -> str:
        """The same for the same items, targets and weights."""
        people = self.labeled.sha256()
        return (
            people
            if self.probable is None
            else sha256((people + self.probable.sha256()).encode()).hexdigest()
        )

    def without_functions(self) -> Examples:
        return replace(self, probable=None, probable_features=None)


def train(round: Round, settings: LearningSettings, question: Question) -> None:
    """Give the round the model that it scores with: a new one, the one in use, or none without two labels."""
    examples = _examples(round, settings, question)
    round.labels = len(examples.labeled)
    if not len(examples.labeled) or (examples.labeled.kind != "set" and examples.labeled.used < 2):
        note = ONE_LABEL if len(examples.labeled) else NO_MODEL
        _remember(round, model=None, notes=[*round.notes, note], figures={})
        return
    used = registry.in_use(round.project, round.question)
    learner = _learner(round, settings)
    if (model := _unchanged(round, settings, used, examples.sha256(), learner)) is not None:
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
    figures["learned_from"] = made.metrics["learned_from"]
    figures |= rivalry.figures(round, settings, examples, learner)
    _remember(round, model=registry.in_use(round.project, round.question), notes=round.notes, figures=figures)
    curve.add(round, settings, examples, artifacts.load(made), out_of_fold)
    _forget_old(round)


def _examples(round: Round, settings: LearningSettings, question: Question) -> Examples:
    labeled = training_data.labeled(round.project, question)
    holdout = training_data.holdout(round.project, question, labeled.labels)
    found, features = embeddings.gather(round.encoder, labeled.items)
    kept, kept_features = embeddings.gather(round.encoder, holdout.items)
    probable, note = weak_targets.probable(round.project, question, settings, labeled)
    round.notes = [*round.notes, note] if note else round.notes
    here = Examples(labeled.at(found), features[found], holdout.at(kept), kept_features[kept])
    if probable is None:
        return here
    there, probable_features = embeddings.gather(round.encoder, probable.items)
    return replace(here, probable=probable.at(there), probable_features=probable_features[there])


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
    round: Round, settings: LearningSettings, used: ModelVersion | None, sha256: str, learner: str
) -> ModelVersion | None:
    """The model in use, where training again would lead to the same."""
    if used is None or used.data_sha256 != sha256:
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
    data_sha256 = examples.sha256()
    examples, calibration, out_of_fold = _judged(round, examples, learner, options)
    fit = examples.fit_of(learner, options)
    start = _start(used, round, labeled, learner)
    kind = judging.kind_of(labeled)
    model = fit(features, labeled.targets, kind=kind, weights=labeled.weights, seed=round.number, start=start)
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
        data_sha256=data_sha256,
        items=len(labeled),
        metrics=_metrics(examples, predictor, out_of_fold)
        | {"learned_from": weak_targets.told(labeled, examples.probable)},
    )
    artifacts.save(row, predictor)
    row.save()
    if not model.converged:
        round.notes = [
            *round.notes,
            f"Training stopped after {model.iterations} steps before it had settled.",
        ]
    return row, out_of_fold


def _judged(
    round: Round, examples: Examples, learner: str, options: Mapping[str, Any]
) -> tuple[Examples, Calibration, Floats]:
    """The examples to learn from, with the calibration and the out-of-fold probabilities of a model of them: without what
    functions say, where it makes a model worse on people's answers."""
    labeled = examples.labeled

    def judged(some: Examples) -> tuple[Calibration, Floats]:
        return judging.calibrated(
            some.fit_of(learner, options), some.features, labeled, seed=round.project_id
        )

    calibration, out_of_fold = judged(examples)
    if examples.probable is None:
        return examples, calibration, out_of_fold
    alone = examples.without_functions()
    people, without = judged(alone)
    if (
        len(labeled) >= 2
        and compare(judging.kind_of(labeled), out_of_fold, without, labeled.targets).worse_beyond_noise
    ):
        round.notes = [*round.notes, WORSE]
        return alone, people, without
    round.notes = [*round.notes, weak_targets.sentence(labeled, examples.probable)]
    return examples, calibration, out_of_fold


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
    if function_changes.taken_back_at(used.project_id, used.question) is not None:
        why = "learned from what labeling functions said that was taken back since"
        registry.promote(made, f"In place of version {used.version}, which {why}.")
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
