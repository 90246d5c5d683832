"""The statements behind services/import_answers.py."""

from __future__ import annotations

from annotation.models.prediction import SCORE

# Members before items, as submit does; in the order of ids, as all who lock several.
LOCK_AUTHORS = """
SELECT id FROM annotation_membership WHERE project_id = %(project)s AND user_id = ANY(%(users)s)
ORDER BY id FOR NO KEY UPDATE
"""

LOCK_ITEMS = """
SELECT id, key FROM annotation_item WHERE project_id = %(project)s AND key = ANY(%(keys)s)
ORDER BY id FOR NO KEY UPDATE
"""

# New ones are nobody else's until this transaction is over.
FIND_ITEMS = """
SELECT id, key FROM annotation_item WHERE project_id = %(project)s AND key = ANY(%(keys)s)
"""

# What was said of these items before, and what became of it.
THERE = """
SELECT a.item_id, a.annotator_id, a.id, a.nonce, a.answer::text AS answer, a.created_at,
       l.state, l.annotation_id = a.id AS stands
FROM annotation_annotation a
JOIN annotation_lease l ON l.item_id = a.item_id AND l.annotator_id = a.annotator_id
WHERE a.item_id = ANY(%(items)s)
"""

# Turns without an answer yet.
TURNS = """
SELECT item_id, annotator_id, state FROM annotation_lease WHERE item_id = ANY(%(items)s) AND annotation_id IS NULL
"""

IDS = (
    "SELECT nextval(pg_get_serial_sequence('annotation_annotation', 'id')) FROM generate_series(1, %(count)s)"
)

COPY = (
    "COPY annotation_annotation (id, project_id, item_id, annotator_id, schema_id, answer, nonce, seconds, origin,"
    " suggested, followed, kept, supersedes_id, created_at) FROM STDIN"
)

TURN = """
INSERT INTO annotation_lease (project_id, item_id, annotator_id, state, client, created_at, expires_at, annotation_id)
SELECT %(project)s, f.item, f.annotator, f.state, '', f.at, f.at, f.annotation
FROM unnest(%(item)s::bigint[], %(annotator)s::bigint[], %(state)s::text[], %(at)s::timestamptz[],
            %(annotation)s::bigint[]) AS f (item, annotator, state, at, annotation)
ON CONFLICT (item_id, annotator_id) DO UPDATE
SET state = excluded.state, annotation_id = excluded.annotation_id, draft = NULL
"""

ANSWERED = """
UPDATE annotation_membership m SET answered = m.answered + f.count
FROM unnest(%(user)s::bigint[], %(count)s::int[]) AS f (who, count) WHERE m.project_id = %(project)s AND m.user_id = f.who
"""

# `plus` first answers more that count, of which `freed` had a slot reserved; `doubt` is that of all answers of items which are
# new. Whoever answers where nobody was wanted any more makes one more wanted: what is there counts.
COUNT = """
UPDATE annotation_item i SET
    answers = c.n, wanted = c.wanted, doubt = coalesce(f.doubt, i.doubt),
    open_slots = i.open_slots + c.wanted - i.wanted - f.plus + f.freed,
    state = CASE WHEN i.state <> 'open' OR c.n < c.wanted OR c.wanted = 0 THEN i.state
                 WHEN coalesce(f.doubt, 0) > 0 THEN 'disputed' ELSE 'resolved' END
FROM unnest(%(item)s::bigint[], %(plus)s::int[], %(freed)s::int[], %(doubt)s::float8[]) AS f (item, plus, freed, doubt)
JOIN annotation_item own ON own.id = f.item
JOIN annotation_project p ON p.id = own.project_id
CROSS JOIN LATERAL (SELECT own.answers + f.plus AS n) n
CROSS JOIN LATERAL (SELECT n.n, CASE
    WHEN own.wanted = 0 THEN 0
    WHEN f.doubt > 0 AND n.n >= own.wanted AND n.n < greatest(p.annotations_per_item, coalesce(p.annotations_at_most, 0))
        THEN n.n + 1
    ELSE greatest(own.wanted, n.n) END AS wanted) c
WHERE i.id = f.item
RETURNING i.id, i.answers, i.wanted, i.state, f.doubt IS NOT NULL AS judged
"""

# Without a lock: only items of this transaction are changed, the others get a row beside them.
MARKED = """
SELECT id, key, state FROM annotation_item WHERE project_id = %(project)s AND key = ANY(%(keys)s)
"""

TAG = """
INSERT INTO annotation_itemtag (tag_id, item_id)
SELECT tag, item FROM unnest(%(tags)s::bigint[], %(items)s::bigint[]) AS f (tag, item) ORDER BY tag, item
ON CONFLICT (tag_id, item_id) DO NOTHING RETURNING id
"""

SKIP = """
WITH turn AS (
    INSERT INTO annotation_lease (project_id, item_id, annotator_id, state, client, created_at, expires_at)
    SELECT %(project)s, f.item, f.annotator, 'skipped', '', f.at, f.at
    FROM unnest(%(item)s::bigint[], %(annotator)s::bigint[], %(at)s::timestamptz[]) AS f (item, annotator, at)
    ON CONFLICT (item_id, annotator_id) DO NOTHING
    RETURNING item_id, annotator_id, created_at
)
INSERT INTO annotation_skip (item_id, annotator_id, reason, policy, created_at)
SELECT item_id, annotator_id, '', 'others', created_at FROM turn RETURNING id
"""

ANSWERED_AS_WELL = """
SELECT count(*) FROM annotation_lease l
JOIN unnest(%(item)s::bigint[], %(annotator)s::bigint[]) AS f (item, annotator)
  ON l.item_id = f.item AND l.annotator_id = f.annotator
WHERE l.annotation_id IS NOT NULL
"""

PREDICTED = f"""
SELECT item_id, question, source, version, value::text AS value, {SCORE.format(p="p")} AS score
FROM annotation_prediction p WHERE item_id = ANY(%(items)s) AND kind = 'import'
"""  # noqa: S608 - names only
