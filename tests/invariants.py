"""What must hold of the queue at any time, checked over all rows."""

from __future__ import annotations

from django.db import connection

from annotation.models import Project

WRONG = """
SELECT i.key, i.state, i.wanted, i.answers, i.open_slots, said.n, held.n
FROM annotation_item i,
LATERAL (SELECT count(*) AS n FROM annotation_annotation a WHERE a.item_id = i.id AND a.supersedes_id IS NULL) said,
LATERAL (SELECT count(*) AS n FROM annotation_lease l WHERE l.item_id = i.id AND l.state IN ('active', 'assigned')) held,
LATERAL (SELECT count(*) AS n FROM annotation_lease l WHERE l.item_id = i.id AND l.state = 'set_aside') aside,
LATERAL (SELECT EXISTS (SELECT FROM annotation_consensus c WHERE c.item_id = i.id AND c.status <> 'auto') AS yes) known
WHERE i.project_id = %s AND (
    i.answers <> said.n - aside.n OR i.open_slots <> i.wanted - i.answers - held.n
    OR (i.state = 'open' AND i.answers >= i.wanted)
    OR (i.state IN ('resolved', 'disputed') AND i.answers < i.wanted AND NOT known.yes)
)
"""


def assert_slots_add_up(project: Project) -> None:
    """Counters equal what the rows say, and states follow from the counters."""
    with connection.cursor() as cursor:
        cursor.execute(WRONG, [project.pk])
        assert cursor.fetchall() == []
