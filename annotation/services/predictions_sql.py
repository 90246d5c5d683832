"""The statements behind services/predictions.py, and what the labeling loop needs of predictions."""

from __future__ import annotations

from annotation.models.prediction import SCORE

# What the latest model says of item i under the current questions, as leases keep it; null where there is nothing.
SUGGESTED = f"""(
    SELECT jsonb_object_agg(s.question, jsonb_build_object(
        'value', s.value, 'confidence', s.score, 'source', s.source, 'version', s.version))
    FROM (SELECT DISTINCT ON (p.question) p.question, p.value, {SCORE.format(p="p")} AS score, p.source, p.version
          FROM annotation_prediction p WHERE p.item_id = i.id AND p.kind = 'model' AND p.schema_id = %(schema)s
          ORDER BY p.question, p.created_at DESC, p.id DESC) s
    WHERE s.value <> 'null')"""  # noqa: S608 - names only

# What the very versions that speak of the item `head` say of the gold question g.
_ALIKE = """head h CROSS JOIN LATERAL jsonb_each(h.suggested) said
    {join} annotation_prediction p ON p.item_id = g.item_id AND p.kind = 'model' AND p.schema_id = %(schema)s
        AND p.question = said.key AND p.source = said.value->>'source' AND p.version = said.value->>'version'
        AND p.value <> 'null'"""
SUGGESTED_ALIKE = f"""(
    SELECT jsonb_object_agg(said.key, said.value || jsonb_build_object('value', p.value, 'confidence', {SCORE.format(p="p")}))
    FROM {_ALIKE.format(join="JOIN")})"""  # noqa: S608
LACKS_SUGGESTION = f"EXISTS (SELECT FROM {_ALIKE.format(join='LEFT JOIN')} WHERE p.id IS NULL)"

# Gold questions for people that have none to go with the ordinary items.
WAITING = f"""
WITH head AS MATERIALIZED (
    SELECT {SUGGESTED} AS suggested FROM annotation_item i
    WHERE i.project_id = %(project)s AND i.state = 'open' AND i.open_slots > 0 ORDER BY i.priority * -1, i.id LIMIT 1
)
SELECT count(*) AS n FROM annotation_goldquestion g
WHERE g.project_id = %(project)s AND NOT g.holdout AND {LACKS_SUGGESTION}
"""  # noqa: S608

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

LATEST = f"""
SELECT DISTINCT ON (item_id, question) item_id, question, value::text AS value, {SCORE.format(p="p")} AS score,
       distribution::text AS distribution, source, version, created_at
FROM annotation_prediction p WHERE item_id = ANY(%(items)s) AND kind = %(kind)s
ORDER BY item_id, question, created_at DESC, id DESC
"""  # noqa: S608 - names only

FORGET = """
DELETE FROM annotation_prediction WHERE id IN (
    SELECT id FROM annotation_prediction
    WHERE project_id = %(project)s AND kind = %(kind)s AND source = %(source)s AND version = %(version)s
    ORDER BY item_id LIMIT %(most)s)
RETURNING id
"""
