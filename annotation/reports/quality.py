"""How good a project's answers are, beside agreement: what is disputed, how many judgments that took, gold, calibration."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, F, Q
from django.utils import timezone

from annotation.models import Consensus, Item, Project
from annotation.questions import Chip
from annotation.reports import calibration, progress, suggestions
from annotation.reports.cached import cached
from annotation.reports.calibration import Calibration
from annotation.reports.intervals import wilson
from annotation.reports.progress import Counts
from annotation.reports.readings import readings_under
from annotation.reports.suggestions import Suggestions

MOST_DOUBTFUL = 10
SHOWN_LABELS = 3

_DISPUTED_BY_QUESTION = """
SELECT c.question, count(*), count(*) FILTER (WHERE NOT c.unanimous)
FROM annotation_item i JOIN annotation_consensus c ON c.item_id = i.id
WHERE i.project_id = %(project)s AND i.state = 'disputed' AND (NOT c.unanimous OR c.confidence < %(target)s)
GROUP BY c.question
"""
_BY_JUDGMENTS = """
SELECT i.answers, count(*), count(*) FILTER (WHERE i.state = 'resolved')
FROM annotation_item i LEFT JOIN annotation_goldquestion g ON g.item_id = i.id
WHERE i.project_id = %(project)s AND i.state IN ('resolved', 'disputed') AND i.answers > 0 AND g.id IS NULL
GROUP BY i.answers ORDER BY i.answers
"""
# An answer that was revised in the same rotation counts by its last revision.
_GOLD = """
WITH latest AS (
    SELECT DISTINCT ON (r.annotator_id, r.item_id, r.rotation) r.questions, r."right", r.training, r.item_id
    FROM annotation_goldresult r WHERE r.project_id = %(project)s
    ORDER BY r.annotator_id, r.item_id, r.rotation, r.id DESC
)
SELECT '', training, count(*), count(*) FILTER (WHERE "right"), count(DISTINCT item_id) FROM latest GROUP BY training
UNION ALL
SELECT q.key, training, count(*), count(*) FILTER (WHERE q.value = 'true'), count(DISTINCT item_id)
FROM latest, jsonb_each_text(questions) q GROUP BY q.key, training
"""


@dataclass(frozen=True, slots=True)
class Disputed:
    """How many disputed items leave this question open; `disagree` of them because people say different things."""

    question: str
    title: str
    items: int
    disagree: int


@dataclass(frozen=True, slots=True)
class Likely:
    """What an item's consensus holds likely for one question. `shares` go from the likeliest down."""

    question: str
    title: str
    shares: tuple[tuple[tuple[Chip, ...], float], ...]
    confidence: float
    unanimous: bool


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A dispute, with the question that leaves most doubt."""

    id: int
    key: str
    doubt: float
    answers: int
    why: Likely | None


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many judgments settled items took, (judgments, items, resolved of them). `saved`: what asking everybody the
    project allows would have cost more; None where the project asks a fixed number."""

    by_judgments: tuple[tuple[int, int, int], ...]
    least: int
    most: int
    saved: int | None

    @property
    def items(self) -> int:
        return sum(items for _, items, _ in self.by_judgments)

    @property
    def judgments(self) -> int:
        return sum(judgments * items for judgments, items, _ in self.by_judgments)

    @property
    def mean(self) -> float | None:
        return self.judgments / self.items if self.items else None


@dataclass(frozen=True, slots=True)
class GoldShare:
    """How often people answered gold questions as well as is known; question "" is all of an answer at once."""

    question: str
    title: str
    training: bool
    n: int
    right: int
    items: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Weighed:
    """How many items have a consensus on a question, and how many of them are as sure as the project wants."""

    question: str
    title: str
    items: int
    sure: int
    unanimous: int


@dataclass(frozen=True)
class Quality:
    as_of: datetime
    items: Counts
    target: float
    disputed: tuple[Disputed, ...]
    doubtful: tuple[Doubtful, ...]
    weighed: tuple[Weighed, ...]
    overlap: Overlap
    gold_questions: int
    gold: tuple[GoldShare, ...]
    calibration: tuple[Calibration, ...]
    suggestions: Suggestions | None


def of_project(project: Project) -> Quality:
    """From two seconds to a minute old, by what it costs."""
    return cached(f"quality:{project.pk}:{project.schema_id}", lambda: _of(project))


def disputes(project: Project) -> int:
    """How many items are disputed."""
    return progress.counts_of([project])[project.pk].disputed


def _of(project: Project) -> Quality:
    titles = _titles(project)
    return Quality(
        as_of=timezone.now(),
        items=progress.counts_of([project])[project.pk],
        target=project.target_confidence,
        disputed=tuple(_disputed(project, titles)),
        doubtful=tuple(_doubtful(project)),
        weighed=tuple(_weighed(project, titles)),
        overlap=_overlap(project),
        gold_questions=project.gold_questions.filter(holdout=False).count(),
        gold=tuple(_gold(project, titles)),
        calibration=tuple(calibration.of_project(project)),
        suggestions=suggestions.of_project(project),
    )


def _titles(project: Project) -> dict[str, str]:
    """The questions of the current schema, in order."""
    return {one["name"]: one["title"] for one in (project.schema.questions if project.schema else [])}


def _rows(statement: str, project: Project, **scope: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"project": project.pk, **scope})
        return list(cursor.fetchall())


def _disputed(project: Project, titles: dict[str, str]) -> list[Disputed]:
    found = {
        name: (items, disagree)
        for name, items, disagree in _rows(_DISPUTED_BY_QUESTION, project, target=project.target_confidence)
    }
    return [Disputed(name, title, *found[name]) for name, title in titles.items() if name in found]


def _doubtful(project: Project) -> list[Doubtful]:
    if project.schema_id is None:
        return []
    form = readings_under(project.schema_id).form
    disputed = Item.objects.filter(project=project, state=Item.State.DISPUTED)
    items = list(disputed.order_by(-F("doubt"), "id").only("pk", "key", "doubt", "answers")[:MOST_DOUBTFUL])
    why: dict[int, Likely] = {}
    rows = Consensus.objects.filter(item__in=[item.pk for item in items]).order_by("confidence", "pk")
    for row in rows:
        part = form.parts.get(row.question)
        if part is None or row.item_id in why:
            continue
        likeliest = sorted(row.distribution.items(), key=lambda entry: -entry[1])[:SHOWN_LABELS]
        shares = tuple((_chips(part, label), share) for label, share in likeliest)
        why[row.item_id] = Likely(row.question, part.question["title"], shares, row.confidence, row.unanimous)
    return [Doubtful(item.pk, item.key, item.doubt, item.answers, why.get(item.pk)) for item in items]


def _chips(part: Any, label: str) -> tuple[Chip, ...]:
    value = part.kind.adopt(part.question, [label])
    return tuple(part.chips(value)) if value is not None else (Chip(label),)


def _weighed(project: Project, titles: dict[str, str]) -> list[Weighed]:
    """By the index `consensus_by_confidence`."""
    counts = {
        row["question"]: row
        for row in Consensus.objects.filter(project=project, question__in=list(titles))
        .exclude(status=Consensus.Status.KNOWN)
        .order_by()
        .values("question")
        .annotate(
            items=Count("pk"),
            sure=Count("pk", filter=Q(confidence__gte=project.target_confidence)),
            agreed=Count("pk", filter=Q(unanimous=True)),
        )
    }
    return [
        Weighed(name, title, counts[name]["items"], counts[name]["sure"], counts[name]["agreed"])
        for name, title in titles.items()
        if name in counts
    ]


def _overlap(project: Project) -> Overlap:
    found = tuple(_rows(_BY_JUDGMENTS, project))
    most = project.most_annotations
    adaptive = most > project.annotations_per_item
    saved = sum(max(0, most - judgments) * resolved for judgments, _, resolved in found) if adaptive else None
    return Overlap(found, project.annotations_per_item, most, saved)


def _gold(project: Project, titles: dict[str, str]) -> list[GoldShare]:
    """Questions in the order of the schema, then all of an answer; real work before training."""
    found = {(name, training): rest for name, training, *rest in _rows(_GOLD, project)}
    shares = []
    for training in (False, True):
        names = {**titles, "": "All of an answer"} if len(titles) > 1 else titles
        for name, title in names.items():
            if (name, training) in found:
                n, right, items = found[name, training]
                shares.append(GoldShare(name, title, training, n, right, items, right / n, *wilson(right, n)))
    return shares
