"""The statements behind services/predictions.py."""

from __future__ import annotations

KEEP = """
INSERT INTO annotation_prediction
    (project_id, item_id, schema_id, question, kind, source, version, value, confidence, distribution, created_at)
SELECT %(project)s, f.item, %(schema)s, f.question, %(kind)s, %(source)s, %(version)s, f.value::jsonb, f.confidence,
       f.distribution::jsonb, %(now)s
FROM unnest(%(item)s::bigint[], %(question)s::text[], %(value)s::text[], %(confidence)s::float8[],
            %(distribution)s::text[]) AS f (item, question, value, confidence, distribution)
-- Whatever has been deleted meanwhile is left out.
JOIN annotation_item i ON i.id = f.item AND i.project_id = %(project)s
ON CONFLICT (item_id, question, kind, source, version) DO UPDATE SET
    schema_id = excluded.schema_id, value = excluded.value, confidence = excluded.confidence,
    distribution = excluded.distribution, created_at = excluded.created_at
RETURNING 1
"""

LATEST = """
SELECT DISTINCT ON (item_id, question) item_id, question, value::text AS value, confidence,
       distribution::text AS distribution, source, version, created_at
FROM annotation_prediction WHERE item_id = ANY(%(items)s) AND kind = %(kind)s
ORDER BY item_id, question, created_at DESC, id DESC
"""

FORGET = """
DELETE FROM annotation_prediction WHERE id IN (
    SELECT id FROM annotation_prediction
    WHERE project_id = %(project)s AND kind = %(kind)s AND source = %(source)s AND version = %(version)s
    ORDER BY item_id LIMIT %(most)s)
RETURNING id
"""
