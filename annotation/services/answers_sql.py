"""The statements behind services/answers.py, each one round trip."""

from __future__ import annotations

from annotation.services.queue_sql import MEMBER

_TURN = f"""
SELECT {MEMBER},
       l.id, l.state, l.item_id, l.annotation_id, l.suggested::text AS suggested, p.skip_policy, s.version AS schema_version, i.priority,
       (SELECT g.id FROM annotation_goldquestion g WHERE g.item_id = l.item_id) AS gold_id
FROM annotation_lease l
JOIN annotation_membership m ON m.project_id = l.project_id AND m.user_id = l.annotator_id
JOIN annotation_project p ON p.id = l.project_id
JOIN annotation_schema s ON s.id = p.schema_id
JOIN annotation_item i ON i.id = l.item_id
WHERE {{condition}} AND l.annotator_id = %(annotator)s
FOR NO KEY UPDATE OF m, l
"""  # noqa: S608

LOCK_TURN = _TURN.format(condition="l.id = %(lease)s")
LOCK_TURN_OF = _TURN.format(
    condition="l.item_id = (SELECT a.item_id FROM annotation_annotation a WHERE a.id = %(annotation)s)"
    " AND l.annotation_id IS NOT NULL"
)

BY_NONCE = """
SELECT id, item_id, created_at, supersedes_id FROM annotation_annotation
WHERE annotator_id = %(annotator)s AND nonce = %(nonce)s
"""

# One statement: the answer, the end of the turn, the item's count and the member's count stand or fall together.
KEEP = """
WITH said AS (
    INSERT INTO annotation_annotation
        (project_id, item_id, annotator_id, schema_id, answer, nonce, seconds, origin, suggested, followed, created_at)
    VALUES (%(project)s, %(item)s, %(annotator)s, %(schema)s, %(answer)s::jsonb, %(nonce)s, %(seconds)s, %(origin)s,
            %(suggested)s::jsonb, %(followed)s, %(now)s)
    ON CONFLICT (annotator_id, nonce) DO NOTHING
    RETURNING id
), turn AS (
    UPDATE annotation_lease SET state = 'submitted', annotation_id = said.id, draft = NULL
    FROM said WHERE annotation_lease.id = %(lease)s
), member AS (
    UPDATE annotation_membership SET answered = answered + 1
    FROM said WHERE project_id = %(project)s AND user_id = %(annotator)s
), due AS (
    INSERT INTO annotation_consensusdue (project_id, item_id, created_at)
    SELECT %(project)s, %(item)s, %(now)s FROM said
)
UPDATE annotation_item i
SET answers = i.answers + 1,
    state = CASE WHEN i.state = 'open' AND i.wanted = 1 THEN 'resolved' ELSE i.state END
FROM said WHERE i.id = %(item)s
RETURNING said.id, i.answers, i.wanted
"""

REVISE = """
WITH said AS (
    INSERT INTO annotation_annotation
        (project_id, item_id, annotator_id, schema_id, answer, nonce, seconds, origin, suggested, followed, created_at,
         supersedes_id)
    VALUES (%(project)s, %(item)s, %(annotator)s, %(schema)s, %(answer)s::jsonb, %(nonce)s, %(seconds)s, %(origin)s,
            %(suggested)s::jsonb, %(followed)s, %(now)s, %(annotation)s)
    RETURNING id
), turn AS (
    UPDATE annotation_lease SET annotation_id = said.id, state = 'submitted', draft = NULL
    FROM said WHERE annotation_lease.id = %(lease)s
), due AS (
    INSERT INTO annotation_consensusdue (project_id, item_id, created_at)
    SELECT %(project)s, %(item)s, %(now)s FROM said
)
SELECT said.id, i.answers, i.wanted, i.state
FROM said, (SELECT answers, wanted, state FROM annotation_item WHERE id = %(item)s FOR NO KEY UPDATE) i
"""

RETAKE = """
UPDATE annotation_item SET open_slots = open_slots - 1
WHERE id = %(item)s AND (open_slots > 0 OR %(gold)s) RETURNING id
"""

SKIP = """
WITH turn AS (
    UPDATE annotation_lease SET state = %(state)s, created_at = %(now)s, assigned = false WHERE id = %(lease)s
)
INSERT INTO annotation_skip (item_id, annotator_id, reason, policy, created_at)
VALUES (%(item)s, %(annotator)s, %(reason)s, %(policy)s, %(now)s)
"""

SLOT_BACK = """
UPDATE annotation_item SET open_slots = open_slots + 1 WHERE id = %(item)s
"""

# A dropped turn is an answer that is wanted no longer; an item that nobody is wanted for any more is retired.
WANT_ONE_LESS = """
UPDATE annotation_item
SET wanted = wanted - 1, state = CASE WHEN state = 'open' AND wanted = 1 AND answers = 0 THEN 'retired' ELSE state END
WHERE id = %(item)s AND wanted > 0 RETURNING answers, wanted, state
"""
