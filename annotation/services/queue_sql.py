"""The statements behind services/queue.py, each one round trip. `(priority * -1, id)` is the order of `item_queue`.

Only constants are put into them; every value is a parameter.
"""

from __future__ import annotations

from functools import lru_cache

from annotation.services.consensus_sql import DECIDED, REOPENED
from annotation.services.predictions_sql import SUGGESTED

# What top_up needs to know of a member and the project's rules.
MEMBER = """m.user_id, m.project_id, m.role, m.answered, m.turns, m.paused_reason, m.warning, m.cursor_priority, m.cursor_item,
       m.trained_at, m.judged_since, coalesce(m.annotation_limit, p.annotation_limit) AS most, p.lease_minutes,
       p.schema_id, p.archived_at, p.suggestions, p.annotations_per_item, p.gold_rate, p.gold_exposures, p.gold_rotation,
       p.gold_feedback, p.gold_bar, p.training_questions, p.training_bar,
       EXISTS (SELECT FROM annotation_goldquestion WHERE project_id = m.project_id AND NOT holdout) AS has_gold,
       EXISTS (SELECT FROM annotation_lease t WHERE t.annotator_id = m.user_id AND t.project_id = m.project_id
               AND t.state = 'assigned') AS has_assigned"""

LOCK_MEMBER = f"""
SELECT {MEMBER}
FROM annotation_membership m JOIN annotation_project p ON p.id = m.project_id
WHERE m.project_id = %(project)s AND m.user_id = %(annotator)s
FOR NO KEY UPDATE OF m
"""  # noqa: S608

_TURN = "l.id, l.item_id, l.draft::text AS draft, l.expires_at"
_ITEM = "i.key, i.payload::text AS payload, i.answers, i.wanted, i.priority, i.reason"


# The next ordinary item of this person.
HEAD_OF_QUEUE = """
FROM annotation_item i
WHERE i.project_id = %(project)s AND i.state = 'open' AND i.open_slots > 0
  AND (i.priority * -1, i.id) >= (%(priority)s::float8 * -1, %(item)s::bigint)
  AND coalesce((SELECT t.state = 'returned' FROM annotation_lease t
                WHERE t.item_id = i.id AND t.annotator_id = %(annotator)s), true)
ORDER BY i.priority * -1, i.id LIMIT 1
"""

# The next item that was assigned to this person, in the order of the data table.
HEAD_OF_ASSIGNED = """
FROM annotation_lease l JOIN annotation_item i ON i.id = l.item_id
WHERE l.annotator_id = %(annotator)s AND l.project_id = %(project)s AND l.state = 'assigned' AND i.state = 'open'
ORDER BY l.item_id LIMIT 1
"""

_MASKED = "l.mask IS NOT NULL AND i.wanted = 0"
# What this client holds, and what came back to this person for a second look (with what they said), wherever they ask.
# Of a gold question (which wants no answers) it is shown what it was handed out as; one that comes again in a new rotation
# comes without what was said in an earlier one.
HELD = f"""
SELECT l.id, l.item_id, l.expires_at, i.key, i.payload::text AS payload, i.wanted = 0 AS is_gold,
       CASE WHEN {_MASKED} THEN (l.mask->>'priority')::float8 ELSE i.priority END AS priority,
       CASE WHEN {_MASKED} THEN l.mask->>'reason' ELSE i.reason END AS reason,
       CASE WHEN {_MASKED} THEN coalesce((l.mask->>'assigned')::bool, false) ELSE l.assigned END AS assigned,
       CASE WHEN l.state = 'again' AND l.draft IS NULL AND i.wanted > 0
            THEN (SELECT a.answer FROM annotation_annotation a WHERE a.id = l.annotation_id)
            ELSE l.draft END::text AS draft,
       CASE WHEN p.suggestions AND (l.state = 'active' OR i.wanted = 0) THEN l.suggested END::text AS suggested,
       CASE WHEN {_MASKED} THEN (l.mask->>'answers')::int
            WHEN i.wanted = 0 THEN least(i.answers, p.annotations_per_item - 1) ELSE i.answers END AS answers,
       CASE WHEN {_MASKED} THEN (l.mask->>'wanted')::int
            WHEN i.wanted = 0 THEN p.annotations_per_item ELSE i.wanted END AS wanted,
       CASE WHEN l.state = 'again' AND i.wanted > 0 THEN (SELECT a.note FROM annotation_adjudication a
            WHERE a.item_id = l.item_id AND a.kind = 'sent_back' ORDER BY a.id DESC LIMIT 1) END AS sent_back
FROM annotation_lease l JOIN annotation_item i ON i.id = l.item_id JOIN annotation_project p ON p.id = l.project_id
WHERE l.annotator_id = %(annotator)s AND l.project_id = %(project)s AND (
  (l.state = 'again' AND (i.state NOT IN ('resolved', 'retired') OR i.wanted = 0))
  OR (l.state = 'active' AND l.client = %(client)s AND l.expires_at > %(now)s))
ORDER BY (l.state = 'again' AND i.wanted > 0) DESC, l.created_at, l.id LIMIT %(count)s
"""  # noqa: S608


@lru_cache
def take(count: int, suggest: bool) -> str:
    """Reserve the first `count` open items from a place in the queue on that this person has not had.

    `suggest`: with what the latest model says of them. Without, nothing of predictions is in the text.

    The count is part of the text: with a LIMIT that the planner cannot see, it would sort the whole pool instead
    of walking the index. For the same reason the check for earlier turns is a scalar subquery, which cannot become
    a hash join over all of a person's turns.
    """
    column, said = (", suggested", ", said") if suggest else ("", "")
    found = f", {SUGGESTED} AS said" if suggest else ""
    # Whoever was shown something before and lost the turn has seen it.
    kept = ", suggested = coalesce(excluded.suggested, l.suggested)" if suggest else ""
    told = ", l.suggested::text AS suggested" if suggest else ""
    return f"""
WITH candidate AS MATERIALIZED (
    SELECT i.id FROM annotation_item i
    WHERE i.project_id = %(project)s AND i.state = 'open' AND i.open_slots > 0
      AND (i.priority * -1, i.id) >= (%(priority)s::float8 * -1, %(item)s::bigint)
      AND coalesce((SELECT t.state = 'returned' FROM annotation_lease t
                    WHERE t.item_id = i.id AND t.annotator_id = %(annotator)s), true)
    ORDER BY i.priority * -1, i.id
    LIMIT {int(count)}
    -- skip_locked: two annotators asking at once get different items instead of waiting for each other.
    FOR NO KEY UPDATE OF i SKIP LOCKED
), taken AS (
    UPDATE annotation_item i SET open_slots = i.open_slots - 1 FROM candidate c WHERE i.id = c.id
    RETURNING i.id AS item_id, {_ITEM}{found}
), leased AS (
    INSERT INTO annotation_lease AS l (project_id, item_id, annotator_id, state, client, created_at, expires_at{column})
    SELECT %(project)s, item_id, %(annotator)s, 'active', %(client)s, %(now)s, %(expires)s{said} FROM taken
    ON CONFLICT (item_id, annotator_id) DO UPDATE
    SET state = 'active', client = excluded.client, created_at = excluded.created_at, expires_at = excluded.expires_at{kept}
    RETURNING {_TURN}{told}
)
SELECT leased.id, item_id, draft, expires_at, key, payload, answers, wanted, priority, reason{column}
FROM leased JOIN taken USING (item_id) ORDER BY priority DESC, item_id
"""  # noqa: S608


@lru_cache
def take_assigned(count: int, suggest: bool) -> str:
    """Hand out the first `count` items that were assigned to this person. They hold their slots already."""
    said = f"coalesce({SUGGESTED}, l.suggested)" if suggest else "l.suggested"
    return f"""
WITH candidate AS MATERIALIZED (
    SELECT l.id FROM annotation_lease l JOIN annotation_item i ON i.id = l.item_id
    WHERE l.annotator_id = %(annotator)s AND l.project_id = %(project)s AND l.state = 'assigned' AND i.state = 'open'
    ORDER BY l.item_id LIMIT {int(count)}
    -- Whoever takes one back at this moment has it.
    FOR NO KEY UPDATE OF l SKIP LOCKED
)
UPDATE annotation_lease l
SET state = 'active', client = %(client)s, created_at = %(now)s, expires_at = %(expires)s, suggested = {said}
FROM candidate c, annotation_item i WHERE l.id = c.id AND i.id = l.item_id
RETURNING {_TURN}, {_ITEM}, true AS assigned,
          CASE WHEN %(suggest)s THEN l.suggested END::text AS suggested
"""  # noqa: S608


TAKE_DEFERRED = f"""
WITH candidate AS MATERIALIZED (
    SELECT i.id, l.id AS lease_id FROM annotation_lease l JOIN annotation_item i ON i.id = l.item_id
    WHERE l.annotator_id = %(annotator)s AND l.project_id = %(project)s AND l.state = 'deferred'
      AND i.state = 'open' AND i.open_slots > 0
    ORDER BY l.created_at, l.id LIMIT %(count)s
    FOR NO KEY UPDATE OF i SKIP LOCKED
), taken AS (
    UPDATE annotation_item i SET open_slots = i.open_slots - 1 FROM candidate c WHERE i.id = c.id
    RETURNING i.id AS item_id, c.lease_id, {_ITEM}
)
UPDATE annotation_lease l
SET state = 'active', client = %(client)s, created_at = %(now)s, expires_at = %(expires)s
FROM taken WHERE l.id = taken.lease_id
RETURNING {_TURN}, key, payload, answers, wanted, priority, reason, CASE WHEN %(suggest)s THEN l.suggested END::text AS suggested
"""  # noqa: S608

# Somebody (or another window of mine) holds an item that may yet come to me.
HELD_ELSEWHERE = """
SELECT 1 FROM annotation_lease l
WHERE l.project_id = %(project)s AND l.state = 'active' AND NOT l.assigned
  AND NOT EXISTS (SELECT FROM annotation_lease t WHERE t.item_id = l.item_id AND t.annotator_id = %(annotator)s
                  AND t.state IN ('submitted', 'skipped'))
LIMIT 1
"""

FIRST_UNTOUCHED = f"SELECT i.id, i.priority {HEAD_OF_QUEUE}"

COUNT_TURNS = """
UPDATE annotation_membership SET turns = turns + %(count)s WHERE project_id = %(project)s AND user_id = %(annotator)s
"""

IN_ORDER = """
UPDATE annotation_lease l SET created_at = %(now)s::timestamptz + given.n * interval '1 microsecond'
FROM unnest(%(leases)s::bigint[]) WITH ORDINALITY AS given (id, n) WHERE l.id = given.id AND l.annotator_id = %(annotator)s
"""

MOVE_CURSOR = """
UPDATE annotation_membership SET cursor_priority = %(priority)s, cursor_item = %(item)s
WHERE project_id = %(project)s AND user_id = %(annotator)s
"""

LOCK_MEMBERS = """
SELECT id FROM annotation_membership WHERE project_id = %(project)s ORDER BY id FOR NO KEY UPDATE
"""

REWIND = """
WITH beyond AS MATERIALIZED (
    SELECT m.id FROM annotation_membership m
    WHERE m.project_id = %(project)s
      AND (m.cursor_priority * -1, m.cursor_item) > (%(priority)s::float8 * -1, %(item)s::bigint)
      AND NOT EXISTS (SELECT FROM annotation_lease t WHERE t.item_id = %(item)s AND t.annotator_id = m.user_id
                      AND t.state <> 'returned')
    ORDER BY m.id FOR NO KEY UPDATE
)
UPDATE annotation_membership m SET cursor_priority = %(priority)s, cursor_item = %(item)s
FROM beyond WHERE m.id = beyond.id
"""

REWIND_TO = """
WITH beyond AS MATERIALIZED (
    SELECT id FROM annotation_membership
    WHERE project_id = %(project)s AND (cursor_priority * -1, cursor_item) > (%(priority)s::float8 * -1, %(item)s::bigint)
    ORDER BY id FOR NO KEY UPDATE
)
UPDATE annotation_membership m SET cursor_priority = %(priority)s, cursor_item = %(item)s FROM beyond WHERE m.id = beyond.id
"""

# Whoever had all before this place looks at it again: many items there are new to them, or some of them.
REWIND_BEFORE = """
WITH beyond AS MATERIALIZED (
    SELECT id FROM annotation_membership
    WHERE project_id = %(project)s AND cursor_priority <= %(priority)s::float8 ORDER BY id FOR NO KEY UPDATE
)
UPDATE annotation_membership m SET cursor_priority = %(priority)s, cursor_item = 0 FROM beyond WHERE m.id = beyond.id
"""

REWIND_ALL = """
UPDATE annotation_membership SET cursor_priority = NULL, cursor_item = NULL
WHERE project_id = %(project)s AND cursor_priority IS NOT NULL
"""


def _give_back(condition: str, *, state: str = "active", theirs: str = "false", limit: str = "") -> str:
    """Turn these leases into returned ones and reopen their items' slots, in item order.

    `theirs`: which of them wait for the person to whom they were assigned, and keep their slots.
    """
    return f"""
WITH over AS MATERIALIZED (
    SELECT l.id, l.item_id, {theirs} AS waits FROM annotation_lease l
    WHERE l.state = '{state}' AND {condition}
    ORDER BY l.item_id {limit} FOR UPDATE SKIP LOCKED
), returned AS (
    UPDATE annotation_lease l SET state = CASE WHEN waits THEN 'assigned' ELSE 'returned' END, assigned = waits
    FROM over WHERE l.id = over.id
), counted AS (
    SELECT item_id, count(*) AS slots FROM over WHERE NOT waits GROUP BY item_id ORDER BY item_id
)
UPDATE annotation_item i SET open_slots = i.open_slots + counted.slots
FROM counted WHERE i.id = counted.item_id
RETURNING i.id, i.project_id, i.priority
"""  # noqa: S608


RETURN_EXPIRED = _give_back(
    "l.expires_at < %(now)s AND (%(project)s::bigint IS NULL OR l.project_id = %(project)s)",
    theirs="l.assigned",
    limit="LIMIT 1000",
)
WITHDRAW = _give_back("l.item_id = ANY(%(items)s)")
WITHDRAW_ASSIGNED = _give_back("l.item_id = ANY(%(items)s)", state="assigned")
# Those in hands at the moment: once they run out, they wait for nobody.
FORGET_ASSIGNED = """
WITH held AS MATERIALIZED (
    SELECT id FROM annotation_lease WHERE item_id = ANY(%(items)s) AND state = 'active' AND assigned
    ORDER BY item_id FOR UPDATE SKIP LOCKED
)
UPDATE annotation_lease l SET assigned = false FROM held WHERE l.id = held.id
"""
RELEASE = _give_back(
    "l.project_id = %(project)s AND l.annotator_id = %(annotator)s"
    " AND (%(client)s::text IS NULL OR l.client = %(client)s)",
    theirs="(l.assigned AND %(client)s::text IS NOT NULL)",
)
RELEASE_ASSIGNED = _give_back(
    "l.project_id = %(project)s AND l.annotator_id = %(annotator)s", state="assigned"
)

RENEW = """
UPDATE annotation_lease l SET expires_at = %(now)s + make_interval(mins => p.lease_minutes)
FROM annotation_project p
WHERE p.id = l.project_id AND l.id = ANY(%(leases)s) AND l.annotator_id = %(annotator)s
  AND ((l.client = %(client)s AND l.state = 'active') OR l.state = 'again')
RETURNING l.id, l.expires_at
"""

SAVE_DRAFT = """
UPDATE annotation_lease SET draft = %(draft)s::jsonb
WHERE id = %(lease)s AND annotator_id = %(annotator)s AND state IN ('active', 'again', 'assigned')
RETURNING id
"""

# One batch in the order of ids; `full` are those that now have all the answers they want and no state that says so.
# What an expert has decided, or opened again, stays with the experts.
SET_OVERLAP = f"""
WITH batch AS MATERIALIZED (
    SELECT id, state, wanted FROM annotation_item i WHERE project_id = %(project)s AND id > %(after)s
      AND NOT EXISTS (SELECT FROM annotation_goldquestion g WHERE g.item_id = i.id)
      AND NOT {DECIDED} AND NOT {REOPENED}
    ORDER BY id LIMIT 5000 FOR NO KEY UPDATE
), changed AS (
    UPDATE annotation_item i
    SET wanted = %(wanted)s,
        open_slots = i.open_slots + %(wanted)s - i.wanted,
        state = CASE WHEN i.state <> 'retired' AND i.answers < %(wanted)s THEN 'open' ELSE i.state END
    FROM batch WHERE i.id = batch.id AND i.wanted <> %(wanted)s
    RETURNING i.id, i.state = 'open' AND i.answers >= i.wanted AS is_full
)
SELECT (SELECT max(id) FROM batch) AS last, (SELECT array_agg(id ORDER BY id) FROM changed WHERE is_full) AS full_items
"""  # noqa: S608

REOPEN = """
WITH chosen AS MATERIALIZED (
    SELECT id, is_known, CASE WHEN is_known THEN 0 ELSE greatest(wanted, answers + 1) - wanted END AS more
    FROM annotation_item i,
    -- Gold questions, and what an expert has decided: they come back as what they were, and nobody is asked.
    LATERAL (SELECT EXISTS (SELECT FROM annotation_goldquestion g WHERE g.item_id = i.id) OR EXISTS (
             SELECT FROM annotation_consensus c WHERE c.item_id = i.id AND c.status = 'adjudicated') AS is_known) known
    WHERE project_id = %(project)s AND id = ANY(%(items)s) AND (state <> 'open') ORDER BY id FOR NO KEY UPDATE OF i
)
UPDATE annotation_item i SET state = CASE WHEN is_known THEN 'resolved' ELSE 'open' END, wanted = i.wanted + more,
    open_slots = i.open_slots + more
FROM chosen WHERE i.id = chosen.id
RETURNING i.id, i.project_id, i.priority
"""

RETIRE = """
WITH chosen AS MATERIALIZED (
    SELECT id FROM annotation_item
    WHERE project_id = %(project)s AND id = ANY(%(items)s) AND state <> 'retired' ORDER BY id FOR NO KEY UPDATE
)
UPDATE annotation_item i SET state = 'retired' FROM chosen WHERE i.id = chosen.id RETURNING i.id
"""
