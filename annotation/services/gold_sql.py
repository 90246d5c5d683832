"""The statements behind services/gold_turns.py."""

from __future__ import annotations

from annotation.services.consensus_sql import REOPENED
from annotation.services.predictions_sql import LACKS_SUGGESTION, SUGGESTED, SUGGESTED_ALIKE
from annotation.services.queue_sql import HEAD_OF_ASSIGNED, HEAD_OF_QUEUE

# Gold questions that this person has not had in this rotation, the least shown first; among equals in an order of
# their own, so that no two people can compare notes. `annotations_per_item` masks what ordinary items say of others.
_MAY_COME = """
FROM annotation_goldquestion g JOIN annotation_item i ON i.id = g.item_id
LEFT JOIN annotation_lease l ON l.item_id = g.item_id AND l.annotator_id = %(annotator)s
WHERE g.project_id = %(project)s AND NOT g.holdout AND i.state <> 'retired'
  AND (%(most)s::int IS NULL OR g.exposures < %(most)s OR %(training)s)
  AND (l.id IS NULL OR l.state = 'returned' OR (l.state = 'submitted'
       AND EXISTS (SELECT FROM annotation_goldresult r WHERE r.item_id = g.item_id AND r.annotator_id = %(annotator)s)
       AND NOT EXISTS (SELECT FROM annotation_goldresult r WHERE r.item_id = g.item_id
                       AND r.annotator_id = %(annotator)s AND r.rotation = %(rotation)s
                       AND NOT (%(training)s AND r.training
                                AND r.created_at < coalesce(%(since)s::timestamptz, '-infinity'))))
       OR (%(training)s AND l.state IN ('skipped', 'deferred')))
"""

# In training, which nobody skips and no cap ends: what comes for the first time first, then what was skipped or belongs
# to an earlier try. Telling them is no exposure, for whoever was told once is not asked again in this rotation.
# What a gold question is shown as is the next ordinary item's, of those assigned to this person if there are any, and
# stays so when the page is loaded again.
_TAKE = """
WITH head AS MATERIALIZED (
    SELECT * FROM (
        (SELECT i.priority, i.reason, i.answers, i.wanted, true AS assigned{head_says} {head_of_assigned})
        UNION ALL
        (SELECT i.priority, i.reason, i.answers, i.wanted, false AS assigned{head_says} {head_of_queue})
    ) ahead ORDER BY assigned DESC LIMIT 1
), candidate AS MATERIALIZED (
    SELECT g.id AS gold_id, i.id, l.id AS lease_id, l.annotation_id, least(i.answers, %(wanted)s - 1) AS answers{says}
    {may_come}
    ORDER BY %(training)s AND l.id IS NOT NULL, g.exposures, md5(g.id || '-' || %(annotator)s) LIMIT %(count)s
    -- skip_locked: people who ask at the same moment get different ones instead of waiting for each other.
    FOR NO KEY UPDATE OF g, i SKIP LOCKED
), shown AS (
    UPDATE annotation_goldquestion g SET exposures = g.exposures + 1 FROM candidate c
    WHERE g.id = c.gold_id AND NOT %(training)s
), taken AS (
    UPDATE annotation_item i SET open_slots = i.open_slots - 1 FROM candidate c
    WHERE i.id = c.id AND c.annotation_id IS NULL
), leased AS (
    INSERT INTO annotation_lease AS l
        (project_id, item_id, annotator_id, state, client, created_at, expires_at, mask, suggested)
    SELECT %(project)s, c.id, %(annotator)s, 'active', %(client)s, %(now)s, %(expires)s,
           jsonb_build_object('priority', coalesce(h.priority, 0), 'reason', coalesce(h.reason, ''),
                              'answers', coalesce(h.answers, c.answers), 'wanted', coalesce(h.wanted, %(wanted)s),
                              'assigned', coalesce(h.assigned, false)),
           {suggested}
    FROM candidate c LEFT JOIN head h ON true
    ON CONFLICT (item_id, annotator_id) DO UPDATE
    SET state = CASE WHEN l.annotation_id IS NULL THEN 'active' ELSE 'again' END, client = excluded.client,
        created_at = excluded.created_at, expires_at = excluded.expires_at, mask = excluded.mask,
        suggested = excluded.suggested
    RETURNING l.id, l.item_id, l.draft::text AS draft, l.expires_at, l.mask, l.suggested::text AS suggested
)
SELECT leased.id, item_id, draft, expires_at, i.key, i.payload::text AS payload, (mask->>'answers')::int AS answers,
       (mask->>'wanted')::int AS wanted, (mask->>'assigned')::bool AS assigned, (mask->>'priority')::float8 AS priority, mask->>'reason' AS reason, suggested,
       true AS is_gold
FROM leased JOIN annotation_item i ON i.id = item_id ORDER BY leased.id
"""
TAKE = _TAKE.format(
    head_of_assigned=HEAD_OF_ASSIGNED,
    head_of_queue=HEAD_OF_QUEUE,
    head_says="",
    says="",
    may_come=_MAY_COME,
    suggested="NULL::jsonb",
)
# With a suggestion where the ordinary item has one, by the same version; what has none to go with it waits.
TAKE_SUGGESTING = _TAKE.format(
    head_of_assigned=HEAD_OF_ASSIGNED,
    head_of_queue=HEAD_OF_QUEUE,
    head_says=f", {SUGGESTED} AS suggested",
    says=f", {SUGGESTED_ALIKE} AS suggested",
    may_come=f"{_MAY_COME} AND NOT {LACKS_SUGGESTION}",
    suggested="c.suggested",
)

COUNT_TRAINING = """
SELECT count(*) AS done, count(*) FILTER (WHERE right_) AS right,
       (SELECT count(*) FROM annotation_lease l JOIN annotation_goldquestion g ON g.item_id = l.item_id
        WHERE l.project_id = %(project)s AND l.annotator_id = %(annotator)s AND l.state IN ('active', 'again')) AS held
FROM (SELECT r."right" AS right_ FROM annotation_goldresult r
      WHERE r.project_id = %(project)s AND r.annotator_id = %(annotator)s AND r.training
        AND (%(since)s::timestamptz IS NULL OR r.created_at >= %(since)s)) results
"""

KNOWN = """
SELECT item_id, schema_id, answer::text AS answer, tolerance::text AS tolerance, explanation, holdout
FROM annotation_goldquestion WHERE id = %(gold)s
"""

KEEP_RESULT = """
INSERT INTO annotation_goldresult
    (annotation_id, project_id, item_id, annotator_id, rotation, questions, "right", training, created_at)
VALUES (%(annotation)s, %(project)s, %(item)s, %(annotator)s, %(rotation)s, %(questions)s::jsonb, %(right)s,
        %(training)s, %(now)s)
"""

RESULT = """
SELECT rotation, training, questions::text AS questions FROM annotation_goldresult WHERE annotation_id = %(annotation)s
"""

# A revised answer counts in place of the one before it, but not of one from another rotation.
LATEST = """
SELECT annotation_id, "right" FROM annotation_goldresult r
WHERE project_id = %(project)s AND annotator_id = %(annotator)s AND NOT training
  AND (%(since)s::timestamptz IS NULL OR created_at >= %(since)s)
  AND NOT EXISTS (SELECT FROM annotation_goldresult n WHERE n.item_id = r.item_id AND n.annotator_id = r.annotator_id
                  AND n.rotation = r.rotation AND n.id > r.id)
ORDER BY id DESC LIMIT %(window)s
"""

STANDING = """
UPDATE annotation_membership
SET warning = %(warning)s, trained_at = coalesce(trained_at, %(trained)s),
    paused_reason = CASE WHEN %(paused)s = '' THEN paused_reason ELSE %(paused)s END
WHERE project_id = %(project)s AND user_id = %(annotator)s
"""

SUSPEND = """
INSERT INTO annotation_suspension
    (project_id, user_id, reason, first_annotation, last_annotation, "right", judged, bar, created_at)
VALUES (%(project)s, %(annotator)s, %(reason)s, %(first)s, %(last)s, %(right)s, %(judged)s, %(bar)s, %(now)s)
"""

# The leases whose answers a member gave while below the bar, or revised meanwhile or since; those to gold questions are
# no votes anyway.
_DOUBTFUL = """
FROM annotation_lease l JOIN annotation_item i ON i.id = l.item_id
WHERE l.annotator_id = %(annotator)s AND l.project_id = %(project)s
  AND l.item_id IN (SELECT a.item_id FROM annotation_annotation a
                    WHERE a.project_id = %(project)s AND a.annotator_id = %(annotator)s
                      AND a.id BETWEEN %(first)s AND %(last)s)
  AND NOT EXISTS (SELECT FROM annotation_goldquestion g WHERE g.item_id = l.item_id)
"""

# They count no longer, and their items want others in their place, unless an expert has decided them or is to.
SET_ASIDE = f"""
WITH doubtful AS MATERIALIZED (
    SELECT l.id, l.item_id, EXISTS (SELECT FROM annotation_consensus c
                                    WHERE c.item_id = i.id AND c.status = 'adjudicated') OR {REOPENED} AS is_settled
    {_DOUBTFUL} AND l.state IN ('submitted', 'again')
    -- In the order of items, as everybody locks them.
    ORDER BY l.item_id LIMIT 1000 FOR UPDATE OF l, i
), aside AS (
    UPDATE annotation_lease l SET state = 'set_aside', draft = NULL FROM doubtful d WHERE l.id = d.id
), due AS (
    INSERT INTO annotation_consensusdue (project_id, item_id, created_at) SELECT %(project)s, item_id, %(now)s FROM doubtful
)
UPDATE annotation_item i
SET answers = i.answers - 1,
    wanted = CASE WHEN is_settled THEN least(i.wanted, greatest(1, i.answers - 1)) ELSE i.wanted END,
    open_slots = i.open_slots + 1
        + CASE WHEN is_settled THEN least(i.wanted, greatest(1, i.answers - 1)) - i.wanted ELSE 0 END,
    state = CASE WHEN NOT is_settled AND i.state IN ('resolved', 'disputed') AND i.answers - 1 < i.wanted THEN 'open'
                 ELSE i.state END
FROM doubtful d WHERE i.id = d.item_id
RETURNING i.id, NOT is_settled AND i.state IN ('resolved', 'disputed') AS is_full
"""  # noqa: S608

COUNT_ASIDE = f"SELECT count(*) AS n {_DOUBTFUL} AND l.state = 'set_aside'"


# Known answers are shown by themselves: their items want no answers, and what was wanted is taken back.
BECOME_GOLD = """
WITH chosen AS MATERIALIZED (
    SELECT id FROM annotation_item WHERE id = ANY(%(items)s) ORDER BY id FOR NO KEY UPDATE
)
UPDATE annotation_item i SET open_slots = i.open_slots - i.wanted, wanted = 0, doubt = 0,
    state = CASE WHEN i.state = 'retired' THEN i.state ELSE 'resolved' END
FROM chosen WHERE i.id = chosen.id
"""

BECOME_ORDINARY = """
UPDATE annotation_item i SET wanted = p.annotations_per_item, open_slots = i.open_slots + p.annotations_per_item,
    state = CASE WHEN i.state = 'resolved' AND i.answers < p.annotations_per_item THEN 'open' ELSE i.state END
FROM annotation_project p WHERE i.id = %(item)s AND p.id = i.project_id
RETURNING i.state = 'resolved' AS is_full
"""

# Whoever was to look at one again as a gold question has answered it.
LOOKED_AT = """
UPDATE annotation_lease SET state = 'submitted' WHERE item_id = ANY(%(items)s) AND state = 'again'
"""

# Items that are settled beyond doubt, one of each kind of answer, then the second of each, in an order of their own.
CANDIDATES = """
WITH settled AS (
    SELECT c.item_id, max(c.schema_id) AS schema_id, min(c.confidence) AS confidence, min(c.votes) AS votes,
           bool_and(c.status = 'adjudicated') AS by_expert, jsonb_object_agg(c.question, c.value) AS answer
    FROM annotation_consensus c JOIN annotation_item i ON i.id = c.item_id
    WHERE c.project_id = %(project)s AND i.state = 'resolved' AND i.wanted > 0
    GROUP BY c.item_id
    HAVING bool_and(c.value IS NOT NULL AND c.value <> 'null') AND (
        (%(experts)s AND bool_and(c.status = 'adjudicated'))
        OR (%(unanimous)s AND bool_and(c.status = 'auto' AND c.unanimous AND c.votes >= %(votes)s
                                       AND c.confidence >= %(confidence)s)))
), turns AS (
    SELECT *, row_number() OVER (PARTITION BY answer ORDER BY NOT by_expert, md5(item_id::text)) AS turn FROM settled
    ORDER BY turn, md5(item_id::text) LIMIT %(count)s
)
SELECT i.id, i.key, i.payload::text AS payload, t.schema_id, t.answer::text AS answer, t.by_expert, t.confidence, t.votes
FROM turns t JOIN annotation_item i ON i.id = t.item_id ORDER BY t.turn, md5(t.item_id::text)
"""
