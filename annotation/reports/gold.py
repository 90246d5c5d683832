"""Gold questions as those who set them see them: how people did on each, and what is wrong with one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from django.db import connection
from django.db.models import Max

from annotation.models import GoldQuestion, Item, Lease, Project
from annotation.questions import Shown
from annotation.reports.readings import Readings, readings_under

# With so many answers there is something to say about a question.
ENOUGH = 4

# What people said of these gold questions while they were gold, each distinct answer once.
_SAID = """
SELECT l.item_id, a.schema_id, a.answer::text, count(*)
FROM annotation_lease l JOIN annotation_annotation a ON a.id = l.annotation_id
JOIN annotation_goldresult r ON r.annotation_id = a.id
WHERE l.item_id = ANY(%s) AND l.state IN ('submitted', 'again')
GROUP BY l.item_id, a.schema_id, a.answer ORDER BY l.item_id, count(*) DESC
"""


@dataclass(slots=True)
class Results:
    """How people's current answers compare with the known answer as it is now."""

    right: int = 0
    judged: int = 0
    # Wrong answers with how many gave them, as JSON text of the answer.
    wrong: Counter[str] = field(default_factory=Counter)

    @property
    def share(self) -> float | None:
        return self.right / self.judged if self.judged else None


@dataclass(frozen=True, slots=True)
class Row:
    """One gold question. `trouble` says what is wrong with it and what to do; `often` is the wrong answer that most give."""

    gold: GoldQuestion
    answer: tuple[Shown, ...]
    results: Results
    last_shown: datetime | None
    trouble: str = ""
    often: tuple[Shown, ...] = ()
    often_by: int = 0


@dataclass(frozen=True, slots=True)
class Overview:
    """All gold questions of a project: for people, and kept from them. `resting` have been shown as often as they may be in
    this rotation."""

    count: int
    people: int
    holdout: int
    retired: int
    resting: int


def overview(project: Project) -> Overview:
    found = GoldQuestion.objects.filter(project=project)
    most = project.gold_exposures
    for_people = found.filter(holdout=False)
    count, people = found.count(), for_people.count()
    return Overview(
        count=count,
        people=people,
        holdout=count - people,
        retired=found.filter(item__state=Item.State.RETIRED).count(),
        resting=0 if most is None else for_people.filter(exposures__gte=most).count(),
    )


def rows(project: Project, found: Iterable[GoldQuestion]) -> list[Row]:
    """These gold questions with how people did on them; three queries, whatever their number."""
    listed = list(found)
    if not listed or project.schema_id is None:
        return []
    readings = readings_under(project.schema_id)
    results = results_of(listed, readings)
    shown = dict(
        Lease.objects.filter(item__in=[one.item_id for one in listed])
        .values_list("item")
        .annotate(Max("created_at"))
    )
    return [_row(one, results[one.item_id], shown.get(one.item_id), readings) for one in listed]


def results_of(found: Iterable[GoldQuestion], readings: Readings) -> dict[int, Results]:
    """By item, under the questions and known answers of now: a known answer that was mended is not held against anybody."""
    known = {one.item_id: one for one in found}
    results = {item: Results() for item in known}
    expected = {item: readings.read(one.schema_id, one.answer)[0] for item, one in known.items()}
    with connection.cursor() as cursor:
        cursor.execute(_SAID, [list(known)])
        for item, schema_id, text, count in cursor.fetchall():
            said, _ = readings.read(schema_id, orjson.loads(text))
            questions = readings.form.right(said, expected[item], known[item].tolerance)
            if not questions:
                continue
            results[item].judged += count
            if all(questions.values()):
                results[item].right += count
            else:
                results[item].wrong[orjson.dumps(said, option=orjson.OPT_SORT_KEYS).decode()] += count
    return results


def _row(gold: GoldQuestion, results: Results, last_shown: datetime | None, readings: Readings) -> Row:
    expected, lacking = readings.read(gold.schema_id, gold.answer)
    answer = tuple(readings.form.shown(expected))
    trouble = next(_troubles(gold, expected, lacking, results), "")
    often: tuple[Shown, ...] = ()
    by = 0
    if results.wrong and trouble:
        text, by = results.wrong.most_common(1)[0]
        often = tuple(readings.form.shown(orjson.loads(text)))
    return Row(gold, answer, results, last_shown, trouble, often, by)


def _troubles(
    gold: GoldQuestion, expected: dict[str, Any], lacking: set[str], results: Results
) -> Iterator[str]:
    if gold.item.state == Item.State.RETIRED:
        what = "so it checks nothing" if gold.holdout else "so nobody gets it"
        yield f"Its item is retired, {what}. Bring the item back, or remove the gold question."
    if not expected:
        yield "The questions have changed, and nothing of the known answer is left. Give it a new one."
    if lacking:
        yield "The questions have changed, and part of the known answer must be given again."
    if results.judged >= ENOUGH and results.right * 2 < results.judged:
        yield "Most people get it wrong: probably the known answer is wrong, or the guidelines do not cover it."
