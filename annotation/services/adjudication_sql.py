"""The statements behind services/adjudication.py."""

from __future__ import annotations

from functools import lru_cache

LOCK_EXPERT = """
SELECT id FROM annotation_membership WHERE project_id = %(project)s AND user_id = %(expert)s FOR NO KEY UPDATE
"""


@lru_cache
def claim(count: int) -> str:
    """The count is part of the text, so that the planner walks `item_disputes` instead of sorting all disputes."""
    return f"""
WITH mine AS MATERIALIZED (
    SELECT i.id, i.doubt FROM annotation_disputeclaim c JOIN annotation_item i ON i.id = c.item_id
    WHERE c.expert_id = %(expert)s AND i.project_id = %(project)s AND i.state = 'disputed'
      AND c.expires_at > %(now)s AND i.id <> ALL(%(passed)s::bigint[])
), fresh AS MATERIALIZED (
    SELECT i.id, i.doubt FROM annotation_item i JOIN annotation_project p ON p.id = i.project_id
    WHERE i.project_id = %(project)s AND i.state = 'disputed' AND i.id <> ALL(%(passed)s::bigint[])
      AND NOT EXISTS (SELECT FROM annotation_disputeclaim c WHERE c.item_id = i.id AND c.expires_at > %(now)s)
      AND NOT EXISTS (SELECT FROM annotation_lease l WHERE l.item_id = i.id AND (
           (NOT p.adjudicate_own AND l.annotator_id = %(expert)s AND l.annotation_id IS NOT NULL)
           OR (l.state = 'again' AND l.created_at > %(sent_since)s AND EXISTS (
               SELECT FROM annotation_membership m WHERE m.project_id = i.project_id AND m.user_id = l.annotator_id
               AND m.paused_reason = ''))))
    ORDER BY i.doubt * -1, i.id LIMIT {int(count)}
    -- skip_locked: an item that somebody is just deciding is not offered.
    FOR NO KEY UPDATE OF i SKIP LOCKED
), chosen AS (
    SELECT id, doubt FROM (SELECT * FROM mine UNION SELECT * FROM fresh) both_ ORDER BY doubt DESC, id LIMIT {int(count)}
), claimed AS (
    INSERT INTO annotation_disputeclaim (item_id, expert_id, expires_at)
    SELECT id, %(expert)s, %(until)s FROM chosen
    ON CONFLICT (item_id) DO UPDATE SET expert_id = excluded.expert_id, expires_at = excluded.expires_at
    WHERE annotation_disputeclaim.expert_id = excluded.expert_id OR annotation_disputeclaim.expires_at <= %(now)s
    RETURNING item_id
)
SELECT item_id FROM claimed JOIN chosen ON chosen.id = claimed.item_id ORDER BY doubt DESC, item_id
"""  # noqa: S608


TAKE_UP = """
INSERT INTO annotation_disputeclaim (item_id, expert_id, expires_at)
VALUES (%(item)s, %(expert)s, %(until)s)
ON CONFLICT (item_id) DO UPDATE SET expert_id = excluded.expert_id, expires_at = excluded.expires_at
WHERE annotation_disputeclaim.expert_id = excluded.expert_id OR annotation_disputeclaim.expires_at <= %(now)s
RETURNING item_id
"""
