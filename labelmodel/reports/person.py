"""One person's work over time: pace day by day, gold questions one by one, what they said where the consensus differs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from django.db import connection
from django.utils import timezone

from annotation.models import GoldResult, Project, Skip
from annotation.questions import QUESTION_TYPES
from annotation.reports.readings import readings_under

DAYS = 30
# Of so many of the latest answers.
MOST_ANSWERS = 20_000
MOST_MISTAKES = 2000
MOST_KINDS = 12
ITEMS_OF_A_KIND = 4
MOST_GOLD = 100
MOST_SKIPS = 10

_PACE = """
SELECT (created_at AT TIME ZONE %(zone)s)::date, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds)
FROM (SELECT created_at, seconds FROM annotation_annotation
      WHERE project_id = %(project)s AND annotator_id = %(person)s ORDER BY id DESC LIMIT %(most)s) latest
WHERE created_at >= %(since)s GROUP BY 1 ORDER BY 1
"""
_DIFFERENT = """
SELECT a.item_id, i.key, a.schema_id, a.answer, c.question, c.value
FROM annotation_annotation a
JOIN annotation_lease l ON l.annotation_id = a.id AND l.state IN ('submitted', 'again')
JOIN annotation_consensus c ON c.item_id = a.item_id AND c.schema_id = %(schema)s
    AND (NOT c.unanimous OR c.status <> 'auto')
JOIN annotation_item i ON i.id = a.item_id AND i.state <> 'retired'
WHERE a.project_id = %(project)s AND a.annotator_id = %(person)s
  AND (%(gold)s OR NOT EXISTS (SELECT FROM annotation_goldquestion g WHERE g.item_id = a.item_id))
ORDER BY a.id DESC LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    answers: int
    median_seconds: float | None


@dataclass(frozen=True, slots=True)
class Place:
    """An item, to look at."""

    id: int
    key: str


@dataclass(frozen=True, slots=True)
class Difference:
    """Answers that say `said` where the consensus says `consensus` (labels), with the latest such items."""

    question: str
    consensus: tuple[str, ...]
    said: tuple[str, ...]
    count: int
    items: list[Place]


@dataclass(frozen=True, slots=True)
class Check:
    """One answer to a gold question."""

    at: datetime
    right: bool
    training: bool
    item: Place


@dataclass(frozen=True, slots=True)
class Skipped:
    at: datetime
    reason: str
    item: Place


def days(*, project: Project, user_id: int, zone: tzinfo) -> list[Day]:
    """The person's days with answers, of the last thirty, in a reader's time zone."""
    scope: dict[str, Any] = {
        "project": project.pk,
        "person": user_id,
        "zone": str(zone),
        "most": MOST_ANSWERS,
        "since": timezone.now() - timedelta(days=DAYS),
    }
    with connection.cursor() as cursor:
        cursor.execute(_PACE, scope)
        return [Day(*row) for row in cursor.fetchall()]


def differences(*, project: Project, user_id: int, gold: bool) -> list[Difference]:
    """What the person said where the consensus says something else, most frequent first; `gold`: on gold questions too."""
    if project.schema is None:
        return []
    found: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[Place]] = defaultdict(list)
    for item, key, question, true, said in _different(project, user_id, gold):
        found[question, true, said].append(Place(item, key))
    ranked = sorted(found.items(), key=lambda kind: -len(kind[1]))[:MOST_KINDS]
    return [Difference(*kind, len(items), items[:ITEMS_OF_A_KIND]) for kind, items in ranked]


def _different(project: Project, user_id: int, gold: bool) -> list[tuple[int, str, str, Any, Any]]:
    assert project.schema is not None, "there are questions"
    readings = readings_under(project.schema.pk)
    questions = {one["name"]: one for one in project.schema.questions if QUESTION_TYPES[one["type"]].scale}
    scope: dict[str, int | bool] = {"project": project.pk, "person": user_id, "schema": project.schema.pk}
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERENT, {**scope, "gold": gold, "most": MOST_MISTAKES})
        rows = cursor.fetchall()
    found = []
    for item, key, schema, answer, name, value in rows:
        answer, _ = readings.read(schema, _json(answer))
        value = _json(value)
        if name not in questions or name not in answer or value is None:
            continue
        votes = QUESTION_TYPES[questions[name]["type"]].votes
        true, said = tuple(votes(questions[name], value)), tuple(votes(questions[name], answer[name]))
        if set(true) != set(said):
            found.append((item, key, name, true, said))
    return found


def _json(value: Any) -> Any:
    import orjson

    return orjson.loads(value) if isinstance(value, str) else value


def checks(*, project: Project, user_id: int) -> list[Check]:
    """The person's latest answers to gold questions, oldest first. For those only who may know which items these are."""
    rows = GoldResult.objects.filter(project=project, annotator=user_id).select_related("item")
    latest = rows.only("created_at", "right", "training", "item_id", "item__key").order_by("-pk")[:MOST_GOLD]
    return [
        Check(row.created_at, row.right, row.training, Place(row.item_id, row.item.key))
        for row in reversed(latest)
    ]


def skips(*, project: Project, user_id: int) -> list[Skipped]:
    """What the person skipped lately."""
    rows = Skip.objects.filter(item__project=project, annotator=user_id).select_related("item")
    latest = rows.only("created_at", "reason", "item_id", "item__key").order_by("-pk")[:MOST_SKIPS]
    return [Skipped(row.created_at, row.reason, Place(row.item_id, row.item.key)) for row in latest]
