"""How people deal with what models suggest: how often they do as told, and whether they do so where it is wrong."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from annotation.models import Project
from annotation.reports.intervals import wilson

MOST_PEOPLE = 50

# By the index `annotation_suggested` alone. A revised answer counts as often as it was given.
_BY_PERSON = """
SELECT u.username, a.shown, a.followed FROM (
    SELECT annotator_id, count(*) AS shown, count(*) FILTER (WHERE followed) AS followed
    FROM annotation_annotation WHERE project_id = %(project)s AND followed IS NOT NULL GROUP BY annotator_id
) a JOIN annotation_user u ON u.id = a.annotator_id ORDER BY a.shown DESC, u.username
"""
# An answer that is not what was suggested and is right tells that the suggestion was wrong, as one that is and is not.
_ON_GOLD = """
SELECT count(*), count(*) FILTER (WHERE a.followed AND NOT r."right"), count(*) FILTER (WHERE NOT a.followed AND r."right")
FROM annotation_goldresult r JOIN annotation_annotation a ON a.id = r.annotation_id
WHERE r.project_id = %(project)s AND a.followed IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Followed:
    """Of so many answers beside a suggestion, how many say the same; the share with its 95 % interval (Wilson)."""

    name: str
    shown: int
    followed: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Suggestions:
    """`misled` and `resisted`: gold questions with a wrong suggestion that people followed, and that they put right."""

    all: Followed
    people: tuple[Followed, ...]
    on_gold: int
    misled: int
    resisted: int


def of_project(project: Project) -> Suggestions | None:
    """None where nothing was ever suggested."""
    with connection.cursor() as cursor:
        cursor.execute(_BY_PERSON, {"project": project.pk})
        rows = cursor.fetchall()
        if not rows:
            return None
        cursor.execute(_ON_GOLD, {"project": project.pk})
        on_gold, misled, resisted = cursor.fetchone()
    everybody = _followed("Everybody", sum(row[1] for row in rows), sum(row[2] for row in rows))
    people = tuple(_followed(*row) for row in rows[:MOST_PEOPLE])
    return Suggestions(everybody, people, on_gold, misled, resisted)


def _followed(name: str, shown: int, followed: int) -> Followed:
    return Followed(name, shown, followed, followed / shown, *wilson(followed, shown))
