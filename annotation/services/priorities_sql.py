"""The statements behind services/priorities.py. `items` are ascending, with a priority and a reason each."""

from __future__ import annotations

from annotation.services.consensus_sql import DECIDED, GOLD, REOPENED

_GIVEN = """unnest(%(items)s::bigint[], %(priorities)s::float8[], %(reasons)s::text[]) AS g (id, priority, reason)"""
_IN_QUEUE = "i.state = 'open' AND i.open_slots > 0"


def _write(condition: str) -> str:
    return f"""
WITH chosen AS MATERIALIZED (
    SELECT i.id, g.priority, g.reason FROM annotation_item i JOIN {_GIVEN} ON g.id = i.id
    WHERE i.project_id = %(project)s AND {condition}
    ORDER BY i.id FOR NO KEY UPDATE OF i
), written AS (
    UPDATE annotation_item i SET priority = c.priority, reason = c.reason FROM chosen c
    WHERE i.id = c.id AND (i.priority, i.reason) IS DISTINCT FROM (c.priority, c.reason)
)
SELECT id FROM chosen WHERE priority > 0
"""  # noqa: S608


# A priority of 0 takes one away, whatever has become of the item.
PUBLISH = _write(f"(g.priority = 0 OR ({_IN_QUEUE}))")
RAISE = _write(f"{_IN_QUEUE} AND i.priority <= g.priority")

# Somebody who labels and has not had the item: without one it would wait for ever.
_SOMEBODY = """EXISTS (SELECT FROM annotation_membership m JOIN annotation_user u ON u.id = m.user_id
    WHERE m.project_id = i.project_id AND u.is_active AND m.paused_reason = ''
      AND (m.role = %(annotator)s OR (m.answered > 0 AND m.role <> %(viewer)s))
      AND NOT EXISTS (SELECT FROM annotation_lease t WHERE t.item_id = i.id AND t.annotator_id = m.user_id
                      AND t.state <> 'returned'))"""

# Of what this has asked before and nobody has taken up yet, the ids are returned again. Where votes are still to be weighed,
# the consensus may be another in a moment.
ASK_AGAIN = f"""
WITH chosen AS MATERIALIZED (
    SELECT i.id, g.priority, g.reason, greatest(i.wanted, i.answers + 1) AS wanted
    FROM annotation_item i JOIN {_GIVEN} ON g.id = i.id JOIN annotation_project p ON p.id = i.project_id
    WHERE i.project_id = %(project)s AND i.state = 'resolved' AND i.answers > 0
      AND i.open_slots + greatest(i.wanted, i.answers + 1) - i.wanted > 0
      AND i.answers < greatest(p.annotations_per_item + %(most)s::int, coalesce(p.annotations_at_most, 0))
      AND NOT {GOLD} AND NOT {DECIDED} AND NOT {REOPENED}
      AND i.id NOT IN (SELECT d.item_id FROM annotation_consensusdue d WHERE d.project_id = %(project)s)
      AND {_SOMEBODY}
), written AS (
    UPDATE annotation_item i SET state = 'open', wanted = c.wanted, open_slots = i.open_slots + c.wanted - i.wanted,
        priority = c.priority, reason = c.reason
    FROM chosen c WHERE i.id = c.id
)
SELECT id FROM chosen
UNION ALL
SELECT i.id FROM annotation_item i JOIN {_GIVEN} ON g.id = i.id
WHERE i.project_id = %(project)s AND {_IN_QUEUE} AND i.answers > 0 AND (i.priority, i.reason) = (g.priority, g.reason)
"""  # noqa: S608
