"""The statements behind services/deliveries.py."""

from __future__ import annotations

# One message for each webhook that wants the event; all of one event under the same id.
FAN_OUT = """
WITH taken AS MATERIALIZED (
    SELECT id, 'msg_' || replace(gen_random_uuid()::text, '-', '') AS message, project_id, type, data, created_at
    FROM annotation_event ORDER BY id LIMIT %(most)s FOR UPDATE SKIP LOCKED
), told AS (
    INSERT INTO annotation_delivery (webhook_id, message_id, type, data, happened_at, state, attempts, next_at, answer, created_at)
    SELECT w.id, t.message, t.type, t.data, t.created_at, 'waiting', 0, %(now)s, '', %(now)s
    FROM taken t JOIN annotation_webhook w ON w.project_id = t.project_id AND w.active
        AND (w.types = '[]' OR w.types ? t.type)
    ORDER BY t.id, w.id
)
DELETE FROM annotation_event e USING taken t WHERE e.id = t.id RETURNING e.id
"""

DUE = """
SELECT w.id FROM annotation_webhook w
WHERE w.active AND EXISTS (SELECT FROM annotation_delivery d
                           WHERE d.webhook_id = w.id AND d.state = 'waiting' AND d.next_at <= %(now)s)
ORDER BY w.id
"""

# An attempt counts when it begins: whoever dies in the middle of it leaves a message that is due again a little later.
CLAIM = """
WITH due AS MATERIALIZED (
    SELECT d.id FROM annotation_delivery d
    WHERE d.webhook_id = %(webhook)s AND d.state = 'waiting' AND d.next_at <= %(now)s
    ORDER BY d.next_at, d.id LIMIT %(most)s FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE annotation_delivery d SET attempts = d.attempts + 1, tried_at = %(now)s, next_at = %(later)s
FROM due WHERE d.id = due.id
RETURNING d.id, d.message_id, d.type, d.data::text AS data, d.happened_at, d.attempts
"""

RECORD = """
UPDATE annotation_delivery d SET state = o.state, status_code = o.status, answer = o.answer, seconds = o.seconds,
    next_at = CASE WHEN o.state = 'waiting' THEN %(now)s::timestamptz + o.pause * interval '1 second' END
FROM unnest(%(ids)s::bigint[], %(states)s::text[], %(statuses)s::smallint[], %(answers)s::text[], %(seconds)s::float8[],
            %(pauses)s::float8[]) AS o (id, state, status, answer, seconds, pause)
WHERE d.id = o.id AND d.state = 'waiting'
"""

# The oldest ids are the oldest messages, so that looking costs nothing where none is old enough.
FORGET = """
DELETE FROM annotation_delivery WHERE id IN (
    SELECT id FROM (SELECT id, created_at FROM annotation_delivery ORDER BY id LIMIT %(most)s) first_ones
    WHERE created_at < %(before)s)
RETURNING id
"""
