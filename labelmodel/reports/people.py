"""How good each person is, on each question: by gold questions, by the label model, beside others; and what stands out."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count
from django.utils import timezone

from annotation.models import Flag, Membership, Project
from annotation.reports import people
from annotation.reports.cached import cached
from annotation.reports.intervals import wilson
from annotation.reports.people import Person
from annotation.roles import CAN, Action, Role
from labelmodel.models import SourceQuality
from labelmodel.reports.hints import LEAST_ANSWERS, Guess, Hint, at_random, in_no_time, one_label
from labelmodel.services.runs import comparable

_LABELERS = {role.value for role in Role if Action.LABEL in CAN[role]}

# An answer that was revised in the same rotation counts by its last revision.
_GOLD = """
WITH latest AS (
    SELECT DISTINCT ON (r.annotator_id, r.item_id, r.rotation) r.annotator_id, r.questions, r.rotation
    FROM annotation_goldresult r
    WHERE r.project_id = %(project)s AND NOT r.training AND (%(person)s::bigint IS NULL OR r.annotator_id = %(person)s)
      AND r.created_at < %(until)s
    ORDER BY r.annotator_id, r.item_id, r.rotation, r.id DESC
)
SELECT annotator_id, q.key, count(*) FILTER (WHERE q.value = 'true'), count(*),
       count(*) FILTER (WHERE q.value = 'true' AND rotation = %(rotation)s), count(*) FILTER (WHERE rotation = %(rotation)s)
FROM latest, jsonb_each_text(questions) q GROUP BY annotator_id, q.key
"""


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with the Wilson interval of 95 %."""

    right: int = 0
    n: int = 0

    @property
    def share(self) -> float | None:
        return self.right / self.n if self.n else None

    @property
    def low(self) -> float:
        return wilson(self.right, self.n)[0]

    @property
    def high(self) -> float:
        return wilson(self.right, self.n)[1]


@dataclass(frozen=True, slots=True)
class Estimated:
    """How often the label model believes a person to be right: mean and 95 % credible interval; `judgments` are votes,
    weighted by how sure their items are; `chance` is what the same labels would get at random."""

    accuracy: float
    low: float
    high: float
    judgments: float
    chance: float | None
    run: int
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class Mistake:
    """`said` where the consensus says `consensus`; of a set, one of the two is None: a label missed, or added."""

    consensus: str | None
    said: str | None
    count: int


@dataclass(frozen=True, slots=True)
class OnQuestion:
    """One person on one question.

    `agreed`: of the answers to items with two votes or more, those that are what the consensus says, to which the
    person's own vote contributed; `others`: how much of what the others said of the same items is the same.
    """

    question: str
    title: str
    gold_now: Share = Share()
    gold: Share = Share()
    estimated: Estimated | None = None
    answers: int = 0
    agreed: Share = Share()
    others: float | None = None
    confusion: list[list[float]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    guess: Guess | None = None


@dataclass(frozen=True, slots=True)
class Quality:
    """One person, on all questions. Skips and flags are for a hundred answers."""

    person: Person
    warning: str
    flags: int
    questions: list[OnQuestion]
    hints: list[Hint]

    @property
    def skips_per_100(self) -> float | None:
        return 100 * self.person.skips / self.person.answered if self.person.answered else None

    @property
    def flags_per_100(self) -> float | None:
        return 100 * self.flags / self.person.answered if self.person.answered else None

    def on(self, question: str) -> OnQuestion | None:
        return next((one for one in self.questions if one.question == question), None)


def of_project(project: Project) -> list[Quality]:
    """Everybody who labels or has answered, most answers first; from two seconds to a minute old, by its cost."""
    return cached(f"labelmodel:people:{project.pk}:{project.schema_id}", lambda: _everybody(project))


def of_person(*, project: Project, user_id: int, until: datetime | None = None) -> Quality | None:
    """One person, gold questions only as far as `until`; None for who has nothing to do with the project."""
    found = [one for one in people.of_project(project) if one.user_id == user_id]
    if not found:
        return None
    gold = _gold(project, person=user_id, until=until)
    return _quality(
        project, found[0], gold.get(user_id, {}), _estimates(project, user_id), _warnings(project)
    )


def full_hour(now: datetime) -> datetime:
    """What people see of their own gold answers stops here: a figure that moves with an answer would tell which it was."""
    return now.replace(minute=0, second=0, microsecond=0)


def _everybody(project: Project) -> list[Quality]:
    persons = [one for one in people.of_project(project) if one.answered or one.role in _LABELERS]
    gold, estimates, warnings, flags = (
        _gold(project),
        _estimates(project),
        _warnings(project),
        _flags(project),
    )
    pace = {
        one.user_id: one.median_seconds
        for one in persons
        if one.median_seconds is not None and one.answered >= LEAST_ANSWERS
    }
    found = []
    for person in persons:
        others = [seconds for user, seconds in pace.items() if user != person.user_id]
        made = _quality(project, person, gold.get(person.user_id, {}), estimates, warnings, flags)
        hurry = in_no_time(person.median_seconds, person.answered, others)
        found.append(
            made
            if hurry is None
            else Quality(person, made.warning, made.flags, made.questions, [*made.hints, hurry])
        )
    return found


def _quality(
    project: Project,
    person: Person,
    gold: dict[str, tuple[Share, Share]],
    estimates: dict[tuple[int, str], SourceQuality],
    warnings: dict[int, str],
    flags: dict[int, int] | None = None,
) -> Quality:
    asked = project.schema.questions if project.schema else []
    weighed = {one["name"] for one in comparable(project)}
    questions = [
        _on(question, gold, estimates.get((person.user_id, question["name"])))
        for question in asked
        if question["name"] in weighed or question["name"] in gold
    ]
    guesses = [one.guess for one in questions if one.guess]
    hints = [hint for guess in guesses for hint in (at_random(guess), one_label(guess)) if hint]
    count = (flags if flags is not None else _flags(project, person.user_id)).get(person.user_id, 0)
    return Quality(person, warnings.get(person.user_id, ""), count, questions, hints)


def _on(
    question: dict[str, Any], gold: dict[str, tuple[Share, Share]], row: SourceQuality | None
) -> OnQuestion:
    name, title = question["name"], question.get("title") or question["name"]
    now, ever = gold.get(name, (Share(), Share()))
    if row is None:
        return OnQuestion(name, title, now, ever)
    told = row.figures
    chance = told.get("chance")
    estimated = Estimated(
        row.accuracy, row.low, row.high, row.judgments, chance, row.run_id, row.run.finished_at
    )
    return OnQuestion(
        name,
        title,
        now,
        ever,
        estimated,
        told.get("answers", 0),
        Share(told.get("agreed", 0), told.get("compared", 0)),
        told.get("others"),
        row.confusion,
        told.get("labels", []),
        [Mistake(**one) for one in told.get("mistakes", [])],
        _guess(title, row, told.get("said") or {}, chance),
    )


def _guess(title: str, row: SourceQuality, said: dict[str, Any], chance: float | None) -> Guess:
    guess = Guess(title, row.accuracy, row.low, row.high, row.judgments, chance)
    if not said:
        return guess
    return Guess(
        *(title, row.accuracy, row.low, row.high, row.judgments, chance),
        *(said["label"], said["count"], said["of"], said["expected"], said["z"]),
    )


def _gold(
    project: Project, *, person: int | None = None, until: datetime | None = None
) -> dict[int, dict[str, tuple[Share, Share]]]:
    """{person: {question: (in this rotation, in all)}}."""
    found: dict[int, dict[str, tuple[Share, Share]]] = defaultdict(dict)
    scope = {
        "project": project.pk,
        "rotation": project.gold_rotation,
        "person": person,
        "until": until or timezone.now(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_GOLD, scope)
        for user, question, right, n, right_now, n_now in cursor.fetchall():
            found[user][question] = (Share(right_now, n_now), Share(right, n))
    return found


def _estimates(project: Project, person: int | None = None) -> dict[tuple[int, str], SourceQuality]:
    rows = SourceQuality.objects.filter(project=project).select_related("run")
    rows = rows.only(
        *("source_id", "question", "accuracy", "low", "high", "judgments", "confusion", "figures"),
        *("run_id", "run__finished_at"),
    )
    if person is not None:
        rows = rows.filter(source=person)
    return {(row.source_id, row.question): row for row in rows}


def _warnings(project: Project) -> dict[int, str]:
    warned = Membership.objects.filter(project=project).exclude(warning="")
    return dict(warned.values_list("user_id", "warning"))


def _flags(project: Project, person: int | None = None) -> dict[int, int]:
    rows = Flag.objects.filter(item__project=project)
    if person is not None:
        rows = rows.filter(author=person)
    return dict(rows.order_by().values_list("author").annotate(Count("pk")))
