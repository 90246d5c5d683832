"""What each person has done in a project."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from annotation.models import Project

# Pace is measured over so many of a person's latest answers; a longer gap between two is a break.
LATEST = 200
BREAK_SECONDS = 600
FORMER = "former"

# Nothing here grows with the number of answers, but for people who are members no more, whose answers are counted.
_PEOPLE = """
WITH RECURSIVE worked AS (
    -- Each annotator by one probe of the index `annotation_by_person`.
    (SELECT annotator_id FROM annotation_annotation WHERE project_id = %(project)s ORDER BY annotator_id LIMIT 1)
    UNION ALL
    SELECT (SELECT a.annotator_id FROM annotation_annotation a
            WHERE a.project_id = %(project)s AND a.annotator_id > w.annotator_id ORDER BY a.annotator_id LIMIT 1)
    FROM worked w WHERE w.annotator_id IS NOT NULL
), everybody AS (
    SELECT user_id, role, answered, annotation_limit, paused_reason
    FROM annotation_membership WHERE project_id = %(project)s
    UNION ALL
    SELECT w.annotator_id, %(former)s,
           (SELECT count(*) FROM annotation_annotation a
            WHERE a.project_id = %(project)s AND a.annotator_id = w.annotator_id AND a.supersedes_id IS NULL), NULL, ''
    FROM worked w
    WHERE w.annotator_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM annotation_membership m WHERE m.project_id = %(project)s AND m.user_id = w.annotator_id)
), skipped AS (
    SELECT s.annotator_id, count(*) AS skips FROM annotation_skip s JOIN annotation_item i ON i.id = s.item_id
    WHERE i.project_id = %(project)s GROUP BY s.annotator_id
)
SELECT e.user_id, u.username, e.role, e.answered, coalesce(s.skips, 0),
       pace.median, pace.per_hour, pace.last_active, u.demo, e.annotation_limit, e.paused_reason
FROM everybody e JOIN annotation_user u ON u.id = e.user_id
LEFT JOIN skipped s ON s.annotator_id = e.user_id
LEFT JOIN LATERAL (
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS median, max(created_at) AS last_active,
           (3600 * count(gap) FILTER (WHERE gap < %(break)s)
            / nullif(sum(gap) FILTER (WHERE gap < %(break)s), 0))::float8 AS per_hour
    FROM (SELECT seconds, created_at, extract(epoch FROM created_at - lag(created_at) OVER (ORDER BY created_at)) AS gap
          FROM (SELECT id, seconds, created_at FROM annotation_annotation
                WHERE project_id = %(project)s AND annotator_id = e.user_id ORDER BY id DESC LIMIT %(latest)s) latest
    ) gaps
) pace ON true
ORDER BY e.answered DESC, u.username
"""


@dataclass(frozen=True)
class Person:
    """`role` is 'former' for who has left; pace is that of the latest answers, breaks left out."""

    user_id: int
    username: str
    role: str
    answered: int
    skips: int
    median_seconds: float | None
    per_hour: float | None
    last_active: datetime | None
    simulated: bool
    annotation_limit: int | None
    paused_reason: str


def of_project(project: Project) -> list[Person]:
    """Every member, and everybody who has answered; most answers first."""
    scope: dict[str, int | str] = {
        "project": project.pk,
        "former": FORMER,
        "break": BREAK_SECONDS,
        "latest": LATEST,
    }
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE, scope)
        return [Person(*row) for row in cursor.fetchall()]
