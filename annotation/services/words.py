"""The search index: the words of each item and the facts that filters find it by (filtering/facts.py), filled in after an
import so that importing never waits for it."""

from __future__ import annotations

from django.db import connection
from django.db.models import Q

from annotation.filtering import facts
from annotation.models import Dataset, Item
from annotation.services.locks import alone

_BATCH = 5_000
_OVER = (Dataset.State.DONE, Dataset.State.FAILED, Dataset.State.CANCELLED)
# PostgreSQL keeps at most 1 MB of distinct words of one item; of longer texts, the beginning is found.
_WORDS = """CASE WHEN octet_length(payload::text) <= 300000
    THEN jsonb_to_tsvector('simple', payload, '["string", "numeric"]')
    ELSE to_tsvector('simple', left(payload::text, 100000)) END"""
# For short values, alone or in a list.
_TERMS = f"""
SELECT f.key || '?' FROM jsonb_each(i.payload) f WHERE f.value <> 'null'
UNION ALL
SELECT v.key || '=' || v.said FROM said v
UNION ALL
SELECT v.key || v.kind || l.level || ':' || (v.place >> l.level)
FROM (SELECT n.key, n.kind, CASE WHEN n.bits < 0 THEN n.bits # 9223372036854775807 ELSE n.bits END AS place
      FROM (SELECT v.key, k.kind, ('x' || encode(float8send(k.value + 0.0::float8), 'hex'))::bit(64)::bigint AS bits
            FROM said v, LATERAL (
                SELECT 'n' AS kind, v.said::float8 AS value WHERE v.said ~ '{facts.NUMBER}'
                UNION ALL
                SELECT 'd', replace(left(v.said, 10), '-', '')::float8 WHERE v.said ~ '{facts.DATE}') k) n) v,
     unnest(ARRAY{list(facts.LEVELS)}) AS l(level)"""  # noqa: S608
_SAID = f"""
SELECT f.key, f.value #>> '{{}}' AS said FROM jsonb_each(i.payload) f
WHERE jsonb_typeof(f.value) IN ('string', 'number', 'boolean') AND length(f.value #>> '{{}}') <= {facts.LONGEST}
UNION ALL
SELECT f.key, e.value #>> '{{}}' FROM jsonb_each(i.payload) f,
    LATERAL jsonb_array_elements(CASE WHEN jsonb_typeof(f.value) = 'array' THEN f.value ELSE '[]' END) e
WHERE jsonb_typeof(e.value) IN ('string', 'number', 'boolean') AND length(e.value #>> '{{}}') <= {facts.LONGEST}"""  # noqa: S608
_INSERT = f"""
INSERT INTO annotation_itemtext (item_id, project_id, words, facts)
SELECT id, project_id, {_WORDS},
    (WITH said AS ({_SAID})
     SELECT coalesce(array_agg(DISTINCT hashtextextended(project_id || '.' || term, 0)), '{{}}') FROM ({_TERMS}) t(term))
FROM annotation_item i WHERE id = ANY(%s) ORDER BY id
ON CONFLICT (item_id) DO UPDATE SET words = excluded.words, facts = excluded.facts
"""  # noqa: S608


def index(*, item_ids: list[int]) -> None:
    """Make these items findable by what they say now. Harmless when repeated; needed again when a payload changes."""
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [item_ids])


def unsearchable() -> list[int]:
    """Imports that are over and whose items' words are not indexed yet, oldest first."""
    over = Dataset.objects.filter(searchable=False, state__in=_OVER)
    return list(over.order_by("id").values_list("pk", flat=True))


def index_dataset(*, dataset_id: int) -> None:
    """Make the items of one import findable by their words. Safe to run twice, at once or one after the other."""
    with alone("words", dataset_id) as free:
        if free:
            _index_all(dataset_id)


def _index_all(dataset_id: int) -> None:
    known = Dataset.objects.filter(pk=dataset_id).values_list("rows_imported", flat=True).first() or 0
    after = 0
    while ids := _next_items(dataset_id, after):
        index(item_ids=ids)
        after = ids[-1]
    # Only if it is still over: an import that was resumed in the meantime brings more items, and so does a program.
    Dataset.objects.filter(pk=dataset_id, state__in=_OVER, rows_imported=known).update(searchable=True)


def _next_items(dataset_id: int, after: int) -> list[int]:
    unknown = Q(text=None) | Q(text__facts=None)
    items = Item.objects.filter(unknown, dataset_id=dataset_id, pk__gt=after)
    return list(items.order_by("pk").values_list("pk", flat=True)[:_BATCH])
