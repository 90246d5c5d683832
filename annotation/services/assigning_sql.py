"""The statements behind services/assigning.py. Only constants are put into them; every value is a parameter."""

from __future__ import annotations

LOCK_PEOPLE = """
SELECT user_id, role, paused_reason FROM annotation_membership
WHERE project_id = %(project)s AND user_id = ANY(%(people)s) ORDER BY id FOR NO KEY UPDATE
"""

LOCK_TURNS = """
SELECT id, item_id, annotator_id, state, assigned FROM annotation_lease
WHERE item_id = ANY(%(items)s) AND annotator_id = ANY(%(people)s) ORDER BY item_id, id FOR UPDATE
"""

LOCK_ITEMS = """
SELECT id FROM annotation_item WHERE project_id = %(project)s AND id = ANY(%(items)s) ORDER BY id FOR NO KEY UPDATE
"""

# After LOCK_ITEMS, in a statement of its own: whoever held one of them may have decided it.
ITEMS = """
SELECT i.id, i.state, i.wanted, i.answers, i.open_slots,
       EXISTS (SELECT FROM annotation_goldquestion g WHERE g.item_id = i.id) AS is_gold,
       EXISTS (SELECT FROM annotation_consensus c WHERE c.item_id = i.id AND c.status = 'adjudicated') AS is_decided
FROM annotation_item i WHERE i.project_id = %(project)s AND i.id = ANY(%(items)s) ORDER BY i.id
"""

# The items are locked, so that what was counted from them still holds.
HOLD_SLOTS = """
UPDATE annotation_item i SET wanted = g.wanted, open_slots = g.open_slots, state = 'open'
FROM unnest(%(items)s::bigint[], %(wanted)s::int[], %(slots)s::int[]) AS g (id, wanted, open_slots) WHERE i.id = g.id
"""

GIVE = """
INSERT INTO annotation_lease AS l (project_id, item_id, annotator_id, state, assigned, client, created_at, expires_at)
SELECT %(project)s, g.item, g.person, 'assigned', true, '', %(now)s, %(now)s
FROM unnest(%(items)s::bigint[], %(people)s::bigint[]) AS g (item, person)
ON CONFLICT (item_id, annotator_id) DO UPDATE
SET state = 'assigned', assigned = true, client = '', created_at = excluded.created_at, expires_at = excluded.expires_at
"""

# Whoever is at work on it goes on, and has it again should it run out.
GIVE_ON = "UPDATE annotation_lease SET assigned = true WHERE id = ANY(%(leases)s)"

TAKE_BACK = """
WITH theirs AS MATERIALIZED (
    SELECT id, item_id, state FROM annotation_lease
    WHERE item_id = ANY(%(items)s) AND assigned AND state IN ('assigned', 'active')
      AND (%(people)s::bigint[] IS NULL OR annotator_id = ANY(%(people)s))
    ORDER BY item_id, id FOR UPDATE
), back AS (
    UPDATE annotation_lease l SET assigned = false, state = CASE WHEN l.state = 'assigned' THEN 'returned' ELSE l.state END
    FROM theirs WHERE l.id = theirs.id
), counted AS (
    SELECT item_id, count(*) FILTER (WHERE state = 'assigned') AS slots FROM theirs GROUP BY item_id ORDER BY item_id
)
UPDATE annotation_item i SET open_slots = i.open_slots + counted.slots
FROM counted WHERE i.id = counted.item_id
RETURNING i.id, i.project_id, i.priority
"""
