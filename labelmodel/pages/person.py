"""One person's quality: for managers with what it rests on, for the person themselves as far as it is about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone

from annotation.filtering import quoted
from annotation.pages import words
from annotation.pages.base import ProjectPage
from annotation.pages.quality_charts import shade
from annotation.questions.types import Question
from annotation.reports.people import FORMER
from annotation.roles import Action, may
from labelmodel.pages.drawn import AXIS, Figure, chips, estimate, label_titles, percent, share
from labelmodel.reports import people, person
from labelmodel.reports.people import OnQuestion, Quality, full_hour
from labelmodel.reports.person import Check, Day

HIGHEST = 88.0
# A check's place among the last so many makes the course of gold answers.
RUNNING = 10


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    shade: str
    right: bool


@dataclass(frozen=True, slots=True)
class Matrix:
    """What this person says (columns) where the truth is a label (rows), in per cent of the row."""

    labels: list[str]
    rows: list[tuple[str, list[Cell]]]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question, ready to print. Each mistake is (consensus, said, how often, where)."""

    name: str
    title: str
    gold: Figure
    gold_now: Figure
    estimated: Figure
    chance: str
    agreed: Figure
    others: str
    matrix: Matrix | None
    mistakes: list[tuple[Any, Any, int, list[Any]]]


@dataclass(frozen=True, slots=True)
class Bar:
    """A day of the chart of pace, in per cent of the drawing."""

    x: float
    y: float
    width: float
    height: float
    label: str
    words: str


class Person(ProjectPage):
    """Open to who browses everybody's work, and to each person for themselves."""

    template = "labelmodel/person.html"
    action = Action.VIEW

    def get(self, request: HttpRequest, project_id: int, user_id: int) -> HttpResponse:
        role = self.project.role_of(self.user())
        browses, own = may(role, Action.BROWSE), user_id == self.user().pk
        if not (browses or own):
            raise PermissionDenied("You see your own figures, and nobody else's.")
        until = None if browses else full_hour(timezone.now())
        found = people.of_person(project=self.project, user_id=user_id, until=until)
        if found is None:
            raise Http404("This person has nothing to do with the project.")
        self.tab = "quality" if browses else "overview"
        knows_gold = may(role, Action.CONFIGURE)
        return self.render(
            found=found,
            own=own,
            browses=browses,
            former=found.person.role == FORMER,
            median=words.duration(found.person.median_seconds),
            axis=AXIS,
            asked=self._asked(found, browses, knows_gold),
            data=urlencode({"where": f"annotator = {quoted(found.person.username)}"}),
            crumbs=self._crumbs(found, browses, own),
            **self._over_time(user_id, browses, knows_gold),
        )

    def _crumbs(self, found: Quality, browses: bool, own: bool) -> list[tuple[str, str]]:
        if not browses:
            return [("How I am doing", "")]
        here = f"/projects/{self.project.pk}/quality/"
        return [("Quality", here), ("People", f"{here}people/"), (found.person.username, "")]

    def _over_time(self, user_id: int, browses: bool, knows_gold: bool) -> dict[str, Any]:
        scope: dict[str, Any] = {"project": self.project, "user_id": user_id}
        days = person.days(**scope, zone=self.user().zone)
        checks = person.checks(**scope) if knows_gold else []
        return {
            "days": days,
            "pace": _pace(days),
            "slowest": words.duration(max((day.median_seconds or 0 for day in days), default=0)),
            "checks": list(reversed(checks)),
            "course": _course(checks),
            "bar": None if self.project.gold_bar is None else round(100 - 100 * self.project.gold_bar, 2),
            "skips": person.skips(**scope),
        }

    def _asked(self, found: Quality, browses: bool, knows_gold: bool) -> list[Asked]:
        questions = {
            one["name"]: one for one in (self.project.schema.questions if self.project.schema else ())
        }
        different = (
            person.differences(project=self.project, user_id=found.person.user_id, gold=knows_gold)
            if browses
            else []
        )
        asked = []
        for one in found.questions:
            question = questions[one.question]
            mistakes = [
                (chips(question, kind.consensus), chips(question, kind.said), kind.count, kind.items)
                for kind in different
                if kind.question == one.question
            ]
            asked.append(_question(question, one, mistakes if browses else _own_mistakes(question, one)))
        return asked


def _question(question: Question, one: OnQuestion, mistakes: list[Any]) -> Asked:
    chance = one.estimated.chance if one.estimated else None
    return Asked(
        one.question,
        one.title,
        share(one.gold),
        share(one.gold_now),
        estimate(one.estimated),
        "" if chance is None else percent(chance),
        share(one.agreed),
        "" if one.others is None else percent(one.others),
        _matrix(question, one),
        mistakes,
    )


def _matrix(question: Question, one: OnQuestion) -> Matrix | None:
    if not one.confusion or len(one.labels) < 2:
        return None
    titles = label_titles(question)
    names = [titles.get(label, label) for label in one.labels]
    rows = [
        (
            names[true],
            [Cell(f"{100 * p:.0f}", shade(p), true == said) for said, p in enumerate(chances)],
        )
        for true, chances in enumerate(one.confusion)
    ]
    return Matrix(names, rows)


def _own_mistakes(question: Question, one: OnQuestion) -> list[tuple[Any, Any, int, list[Any]]]:
    """What somebody mixes up, without the items: which these are would tell what others said of them."""

    def shown(label: str | None) -> list[tuple[str, str]]:
        return [] if label is None else chips(question, (label,))

    return [(shown(kind.consensus), shown(kind.said), kind.count, []) for kind in one.mistakes]


def _pace(days: list[Day]) -> list[Bar]:
    """Median seconds of each day with answers."""
    most = max((day.median_seconds or 0.0 for day in days), default=0.0)
    step = 100 / max(len(days), 12)
    every = max(1, -(-len(days) // 6))
    bars = []
    for place, day in enumerate(days):
        height = round(HIGHEST * (day.median_seconds or 0.0) / most, 2) if most else 0.0
        name = f"{day.day.day} {day.day:%b}"
        label = name if (len(days) - 1 - place) % every == 0 else ""
        told = f"{name}: {words.duration(day.median_seconds) or 'not timed'}, {words.count(day.answers, 'answer')}"
        x = round((place + 0.14) * step, 2)
        bars.append(Bar(x, round(100 - height, 2), round(0.72 * step, 2), height, label, told))
    return bars


def _course(checks: list[Check]) -> list[tuple[float, float, float, float, str]]:
    """Lines (x1, y1, x2, y2, words) of the share right among each answer and the nine before it."""
    real = [check.right for check in checks if not check.training]
    if len(real) < 2:
        return []
    shares = [
        sum(real[max(0, n - RUNNING + 1) : n + 1]) / len(real[max(0, n - RUNNING + 1) : n + 1])
        for n in range(len(real))
    ]
    xs = [round(2 + 96 * n / (len(real) - 1), 2) for n in range(len(real))]
    ys = [round(97 - 94 * one, 2) for one in shares]
    return [
        (xs[n - 1], ys[n - 1], xs[n], ys[n], f"{percent(shares[n])} of the last {min(RUNNING, n + 1)}")
        for n in range(1, len(real))
    ]


urlpatterns = [
    path(
        "projects/<int:project_id>/quality/people/<int:user_id>/",
        Person.as_view(),
        name="source-quality-person",
    )
]
