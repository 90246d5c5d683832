"""The search index: the words of each item and the facts that filters find it by (filtering/facts.py), filled in after an
import so that importing never waits for it."""

from __future__ import annotations

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from annotation.filtering import facts
from annotation.models import Dataset, Item
from annotation.services.locks import alone

_BATCH = 5_000
_OVER = (Dataset.State.DONE, Dataset.State.FAILED, Dataset.State.CANCELLED)
# PostgreSQL keeps at most 1 MB of distinct words of one item; of longer texts, the beginning is found.
_WORDS = """CASE WHEN octet_length(payload::text) <= 300000
    THEN jsonb_to_tsvector('simple', payload, '["string", "numeric"]')
    ELSE to_tsvector('simple', left(payload::text, 100000)) END"""
# Texts are short here, and a bounded repetition is slow to match.
_NUMBER = facts.NUMBER.replace("{1,200}", "+")
# Of all items at once: asked item by item, every part of this would begin anew for each.
_INSERT = f"""
WITH fields AS MATERIALIZED (
    SELECT i.id, i.project_id || '.' || f.key AS name, f.value, jsonb_typeof(f.value) AS type
    FROM annotation_item i, jsonb_each(i.payload) f WHERE i.id = ANY(%s)
),
-- Short values, alone or in a list.
said AS MATERIALIZED (
    SELECT id, name, value #>> '{{}}' AS said FROM fields
    WHERE type IN ('string', 'number', 'boolean') AND length(value #>> '{{}}') <= {facts.LONGEST}
    UNION ALL
    SELECT f.id, f.name, e.value #>> '{{}}' FROM fields f,
        LATERAL jsonb_array_elements(CASE WHEN f.type = 'array' THEN f.value ELSE '[]' END) e
    WHERE f.type = 'array' AND jsonb_typeof(e.value) IN ('string', 'number', 'boolean')
        AND length(e.value #>> '{{}}') <= {facts.LONGEST}
),
numbers AS (
    SELECT id, name || 'n' AS name, said::float8 AS value FROM said WHERE said ~ '{_NUMBER}'
    UNION ALL
    SELECT id, name || 'd', replace(left(said, 10), '-', '')::float8 FROM said WHERE said ~ '{facts.DATE}'
),
places AS (
    SELECT id, name, CASE WHEN bits < 0 THEN bits # 9223372036854775807 ELSE bits END AS place
    FROM (SELECT id, name, ('x' || encode(float8send(value + 0.0::float8), 'hex'))::bit(64)::bigint AS bits FROM numbers) n
),
terms AS (
    SELECT id, name || '?' AS term FROM fields WHERE type <> 'null'
    UNION ALL
    SELECT id, name || '=' || said FROM said
    UNION ALL
    SELECT p.id, p.name || l.level || ':' || (p.place >> l.level) FROM places p, unnest(ARRAY{list(facts.LEVELS)}) AS l(level)
),
known AS (SELECT id, array_agg(DISTINCT hashtextextended(term, 0)) AS facts FROM terms GROUP BY id)
INSERT INTO annotation_itemtext (item_id, project_id, words, facts)
SELECT i.id, i.project_id, {_WORDS}, coalesce(k.facts, '{{}}')
FROM annotation_item i LEFT JOIN known k ON k.id = i.id WHERE i.id = ANY(%s) ORDER BY i.id
ON CONFLICT (item_id) DO UPDATE SET words = excluded.words, facts = excluded.facts
"""  # noqa: S608


def index(*, item_ids: list[int]) -> None:
    """Make these items findable by what they say now. Harmless when repeated; needed again when a payload changes."""
    with connection.cursor() as cursor:
        # By position: pgtrigger adds a parameter of its own, and knows no names.
        cursor.execute(_INSERT, [item_ids, item_ids])


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
    begun, after = timezone.now(), 0
    while ids := _next_items(dataset_id, after):
        index(item_ids=ids)
        after = ids[-1]
    with transaction.atomic():
        # Only if it is still over: an import that was resumed in the meantime brings more items, and so does a program.
        over = Dataset.objects.filter(pk=dataset_id, state__in=_OVER, rows_imported=known)
        # Locked: whoever changes items of it now has marked it, or waits here and marks it afterwards.
        if (dataset := over.select_for_update(no_key=True).first()) is None:
            return
        changed = Item.objects.changed_since(begun).filter(project=dataset.project_id, dataset=dataset_id)
        if not changed.filter(text=None).exists():
            over.update(searchable=True)


def _next_items(dataset_id: int, after: int) -> list[int]:
    unknown = Q(text=None) | Q(text__facts=None)
    items = Item.objects.filter(unknown, dataset_id=dataset_id, pk__gt=after)
    return list(items.order_by("pk").values_list("pk", flat=True)[:_BATCH])
