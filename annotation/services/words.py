"""The search index: the words of each item, filled in after an import so that importing never waits for it."""

from __future__ import annotations

from django.db import connection

from annotation.models import Dataset, Item
from annotation.services.locks import alone

_BATCH = 5_000
_OVER = (Dataset.State.DONE, Dataset.State.FAILED, Dataset.State.CANCELLED)
# PostgreSQL keeps at most 1 MB of distinct words of one item; of longer texts, the beginning is found.
_INSERT = """
INSERT INTO annotation_itemtext (item_id, project_id, words)
SELECT id, project_id, CASE WHEN octet_length(payload::text) <= 300000
    THEN jsonb_to_tsvector('simple', payload, '["string", "numeric"]')
    ELSE to_tsvector('simple', left(payload::text, 100000)) END
FROM annotation_item WHERE id = ANY(%s) ORDER BY id
ON CONFLICT (item_id) DO NOTHING
"""


def index(*, item_ids: list[int]) -> None:
    """Make these items findable by their words. Harmless when repeated."""
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
    after = 0
    while ids := _next_items(dataset_id, after):
        index(item_ids=ids)
        after = ids[-1]
    # Only if it is still over: an import that was resumed in the meantime brings more items.
    Dataset.objects.filter(pk=dataset_id, state__in=_OVER).update(searchable=True)


def _next_items(dataset_id: int, after: int) -> list[int]:
    items = Item.objects.filter(dataset_id=dataset_id, pk__gt=after, text=None)
    return list(items.order_by("pk").values_list("pk", flat=True)[:_BATCH])
