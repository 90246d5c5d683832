"""The statements behind services/pushes.py and push_predictions.py."""

from __future__ import annotations

# Two programs that push to one project at once do so one after the other: both would insert the same keys, each waiting for
# the other's, and their items keep the order of their rows.
ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('push', %(project)s))"

WANTED = "SELECT annotations_per_item FROM annotation_project WHERE id = %(project)s FOR SHARE"

BY_KEY = """
SELECT id, key, digest FROM annotation_item WHERE project_id = %(project)s AND key = ANY(%(keys)s)
"""

BY_ID = "SELECT id, key FROM annotation_item WHERE project_id = %(project)s AND id = ANY(%(items)s)"

LOCK = """
SELECT id FROM annotation_item WHERE project_id = %(project)s AND id = ANY(%(items)s) ORDER BY id FOR NO KEY UPDATE
"""

# Asked after the items are locked: whoever takes one now has got it before, or waits and gets its new content.
HINDRANCES = """
SELECT i.id, i.answers, EXISTS (SELECT FROM annotation_lease l WHERE l.item_id = i.id AND l.state IN ('active', 'assigned'))
       AS held, EXISTS (SELECT FROM annotation_goldquestion g WHERE g.item_id = i.id) AS gold
FROM annotation_item i WHERE i.id = ANY(%(items)s)
"""

UPDATE = """
UPDATE annotation_item i SET payload = f.payload::jsonb, digest = f.digest
FROM unnest(%(items)s::bigint[], %(payloads)s::text[], %(digests)s::bytea[]) AS f (id, payload, digest) WHERE i.id = f.id
"""

# What was known of the old content. Sketches: before the update, whose trigger would remove them one by one.
FORGET_LIKENESS = """
WITH sketches AS (DELETE FROM annotation_likeness WHERE item_id = ANY(%(items)s))
DELETE FROM annotation_alike WHERE item_id = ANY(%(items)s) OR of_id = ANY(%(items)s)
"""
# Words are found anew by a worker, as those of new items are: it sees by their datasets that there is something to do. Tells
# these, and which items are in none. The rows of datasets are written in any case: services/words.py waits for their writers.
FORGET_WORDS = """
WITH gone AS (DELETE FROM annotation_itemtext WHERE item_id = ANY(%(items)s)),
     changed AS (SELECT id, dataset_id FROM annotation_item WHERE id = ANY(%(items)s)),
     due AS (UPDATE annotation_dataset SET searchable = false WHERE id IN (SELECT dataset_id FROM changed))
SELECT dataset_id AS dataset, CASE WHEN dataset_id IS NULL THEN array_agg(id) END AS loose FROM changed GROUP BY dataset_id
"""
FORGET_SAID = "DELETE FROM annotation_prediction WHERE item_id = ANY(%(items)s)"

ADD_TAGS = """
INSERT INTO annotation_itemtag (tag_id, item_id)
SELECT tag, item FROM unnest(%(tags)s::bigint[], %(items)s::bigint[]) AS f (tag, item) ORDER BY tag, item
ON CONFLICT (tag_id, item_id) DO NOTHING
"""

KEEP_PREDICTIONS = """
INSERT INTO annotation_prediction AS p
    (project_id, item_id, schema_id, question, kind, source, version, value, confidence, distribution, created_at)
SELECT %(project)s, f.item, %(schema)s, f.question, %(kind)s, f.source, f.version, f.value::jsonb, f.confidence,
       f.distribution::jsonb, %(now)s
FROM unnest(%(item)s::bigint[], %(question)s::text[], %(source)s::text[], %(version)s::text[], %(value)s::text[],
            %(confidence)s::float8[], %(distribution)s::text[])
     AS f (item, question, source, version, value, confidence, distribution)
-- Whatever has been deleted meanwhile is left out.
JOIN annotation_item i ON i.id = f.item AND i.project_id = %(project)s
ON CONFLICT (item_id, question, kind, source, version) DO UPDATE SET
    schema_id = excluded.schema_id, value = excluded.value, confidence = excluded.confidence,
    distribution = excluded.distribution, created_at = excluded.created_at
-- Said again, it changes nothing: not when it was said, which tells the latest one, either.
WHERE (p.schema_id, p.value, p.confidence, p.distribution)
    IS DISTINCT FROM (excluded.schema_id, excluded.value, excluded.confidence, excluded.distribution)
RETURNING item_id, question, source, version, xmax = 0 AS created
"""
