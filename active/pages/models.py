"""Model versions: which is in use and why, how good each is, and putting another one into use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse

from active.pages import drawn, told
from active.pages.base import PAGE, LearningPage, number, question_title
from active.reports import titles, versions
from active.services import registry
from annotation.pages.forms import tell
from annotation.pages.quality_charts import Dot, shade
from annotation.questions.types import Question
from annotation.roles import Action

MOST_IN_MATRIX = 12
MOST_CONFUSED = 20
WHERE = {
    "holdout": "Holdout",
    "cross_validated": "Out of fold",
    "random": "Out of fold, drawn at random",
}
# Figures of a model in the order in which they are read: (name, title, whether it is a share).
FIGURES = (
    ("accuracy", "Accuracy", True),
    ("macro_f1", "Macro F1, each label alike", True),
    ("exact", "All labels right", True),
    ("within_one", "At most one off", True),
    ("mean_absolute_error", "Mean error", False),
    ("log_loss", "Log loss", False),
    ("brier", "Brier score", False),
    ("calibration_error", "Calibration error", False),
)


@dataclass(frozen=True, slots=True)
class Judged:
    """A model's scores on one set of items, ready to print. `figures` are (title, value, note); `matrix` is (labels, rows) or None where there are too many
    labels; then `confused` lists what is mixed up most."""

    name: str
    title: str
    n: int
    figures: list[tuple[str, str, str]]
    labels: Sequence[Mapping[str, Any]]
    matrix: tuple[list[str], list[tuple[str, list[tuple[str, str, bool]]]]] | None
    confused: list[tuple[str, str, int]]
    dots: list[Dot]


class Models(LearningPage):
    template = "active/models.html"
    section = "models"

    def get(self, request: HttpRequest, project_id: int) -> HttpResponse:
        found = versions.listed(project=self.project, before=number(request, "before"), limit=PAGE + 1)
        shown = found[:PAGE]
        return self.render(
            models=[
                (
                    one,
                    told.color_of(one.state),
                    titles.learner(one.learner),
                    question_title(self.project, one.question),
                    told.accuracy_of(one),
                )
                for one in shown
            ],
            next=f"?before={shown[-1].version}" if len(found) > PAGE else "",
            trail=[("Models", "")],
        )


class OneModel(LearningPage):
    template = "active/model.html"
    section = "models"

    def get(self, request: HttpRequest, project_id: int, version: int) -> HttpResponse:
        found = versions.one(project=self.project, version=version)
        question = told.question_of(self.project, found.question)
        used = registry.in_use(self.project, found.question)
        parameters = {key: value for key, value in found.parameters.items() if key != "labels"}
        return self.render(
            model=found,
            color=told.color_of(found.state),
            learner=titles.learner(found.learner),
            encoder=titles.encoder(found.encoder.kind),
            question=question_title(self.project, found.question),
            parameters=orjson.dumps(parameters).decode() if parameters else "",
            labels=[told.label_chips(question, str(one)) for one in found.parameters.get("labels", ())][:50],
            judged=[
                _judged(name, found.metrics[name], question) for name in WHERE if found.metrics.get(name)
            ],
            used=used,
            goes_back=used is not None and found.version < used.version,
            trail=[
                ("Models", reverse("learning-models", args=[self.project.pk])),
                (f"Version {found.version}", ""),
            ],
        )


class Promote(LearningPage):
    action = Action.CONFIGURE

    def post(self, request: HttpRequest, project_id: int, version: int) -> HttpResponse:
        promote = partial(registry.promote_by_hand, project=self.project, by=self.user(), version=version)
        tell(request, promote, done=f"Version {version} is in use.")
        return redirect("learning-model", project_id, version)


def _judged(name: str, scores: Mapping[str, Any], question: Question | None) -> Judged:
    confusion = [(str(true), str(said), int(count)) for true, said, count in scores.get("confusion") or ()]
    names = {label: told.label_chips(question, label)[0][0] for pair in confusion for label in pair[:2]}
    return Judged(
        name,
        WHERE[name],
        int(scores.get("n") or 0),
        _figures(scores),
        [
            {**one, "chips": told.label_chips(question, str(one["label"]))}
            for one in scores.get("labels") or ()
        ],
        _matrix(confusion, names),
        [
            (names[true], names[said], count)
            for true, said, count in sorted(confusion, key=lambda one: -one[2])
            if true != said
        ][:MOST_CONFUSED],
        drawn.reliability(scores.get("reliability") or ()),
    )


def _figures(scores: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Those that there are; some come with an interval, some without."""
    found = []
    for name, title, share in FIGURES:
        given = scores.get(name)
        value, low, high = (
            (given.get("value"), given.get("low"), given.get("high"))
            if isinstance(given, dict)
            else (given, None, None)
        )
        if value is None:
            continue
        words = f"{100 * value:.1f} %" if share else f"{value:.3f}"
        scale = (100, 1, " %") if share else (1, 3, "")
        found.append((title, words, "" if low is None or high is None else _range(low, high, *scale)))
    return found


def _range(low: float, high: float, times: int, digits: int, unit: str) -> str:
    return f"{times * low:.{digits}f} to {times * high:.{digits}f}{unit}"


def _matrix(confusion: list[tuple[str, str, int]], names: Mapping[str, str]) -> Any:
    """What a model said of what, each row in shades of its own sum; None where it would not fit."""
    labels = sorted(names, key=lambda label: -sum(n for true, _, n in confusion if true == label))
    if not 2 <= len(labels) <= MOST_IN_MATRIX:
        return None
    counts = {(true, said): n for true, said, n in confusion}
    rows = []
    for true in labels:
        total = sum(counts.get((true, said), 0) for said in labels) or 1
        cells = [
            (f"{counts.get((true, said), 0):,}", shade(counts.get((true, said), 0) / total), true == said)
            for said in labels
        ]
        rows.append((names[true], cells))
    return [names[label] for label in labels], rows


_HERE = "projects/<int:project_id>/learning/models/"
urlpatterns = [
    path(_HERE, Models.as_view(), name="learning-models"),
    path(f"{_HERE}<int:version>/", OneModel.as_view(), name="learning-model"),
    path(f"{_HERE}<int:version>/promote/", Promote.as_view(), name="learning-model-promote"),
]
