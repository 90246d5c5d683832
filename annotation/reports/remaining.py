"""How much is left for one annotator: counted only as far as it helps."""

from __future__ import annotations

from django.db import connection

from annotation.models import Project, User

MOST = 1000

# From the member's cursor on, as next does; a scalar subquery keeps the planner from joining all of a person's turns.
_OPEN_TO_ME = """
SELECT count(*) FROM (
    SELECT 1 FROM annotation_item i JOIN annotation_membership m
      ON m.project_id = i.project_id AND m.user_id = %(annotator)s
    WHERE i.project_id = %(project)s AND i.open_slots > 0
      AND (i.priority * -1, i.id) >= (coalesce(m.cursor_priority, 'infinity') * -1, coalesce(m.cursor_item, 0))
      AND coalesce((SELECT t.state IN ('returned', 'deferred') FROM annotation_lease t
                    WHERE t.item_id = i.id AND t.annotator_id = %(annotator)s), true)
    LIMIT %(most)s
) mine
"""


def open_to(*, annotator: User, project: Project) -> int | None:
    """Items in the queue that this annotator may still get, not counting those leased now; None for more than MOST."""
    with connection.cursor() as cursor:
        cursor.execute(_OPEN_TO_ME, {"annotator": annotator.pk, "project": project.pk, "most": MOST + 1})
        (count,) = cursor.fetchone()
    return None if count > MOST else int(count)
