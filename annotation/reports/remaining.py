"""How much is left for one annotator: counted only as far as it helps."""

from __future__ import annotations

from django.db import connection

from annotation.models import Membership, Project, User

MOST = 1000

# In the order of `item_queue` from the member's cursor on, as next does; a scalar subquery keeps the planner from joining
# all of a person's turns.
_OPEN_TO_ME = """
SELECT count(*) FROM (
    SELECT 1 FROM annotation_item i
    WHERE i.project_id = %(project)s AND i.open_slots > 0 AND i.state = 'open'
      AND (i.priority * -1, i.id) >= (%(priority)s::float8 * -1, %(item)s::bigint)
      AND coalesce((SELECT t.state IN ('returned', 'deferred') FROM annotation_lease t
                    WHERE t.item_id = i.id AND t.annotator_id = %(annotator)s), true)
    ORDER BY i.priority * -1, i.id LIMIT %(most)s
) mine
"""


def open_to(*, annotator: User, project: Project) -> int | None:
    """Items in the queue that this annotator may still get, not counting those leased now; None for more than MOST."""
    place = Membership.objects.filter(user=annotator, project=project).values_list(
        "cursor_priority", "cursor_item"
    )
    priority, item = place.get()
    scope = {
        "annotator": annotator.pk,
        "project": project.pk,
        "priority": float("inf") if priority is None else priority,
        "item": 0 if item is None else item,
        "most": MOST + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(_OPEN_TO_ME, scope)
        (count,) = cursor.fetchone()
    return None if count > MOST else int(count)
