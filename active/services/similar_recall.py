"""How many of the nearest an encoder's index finds, measured on its own vectors, and how far it has to look for that.

Where vectors lie in clusters, as those of real items do, a short look finds nearly all. Vectors without any order have no
neighbours to speak of, and an index misses most of the nearest: then all are compared, which takes longer and misses none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection, transaction

from active.models import Encoder

NEAREST = 10
ENOUGH = 0.97
# How many candidates a search looks at, fewest first; pgvector allows 1,000.
LOOKS = (200, 400, 1000)
ALL = 0
_ASKED = 30
# Of more vectors than these, comparing all takes longer than anybody waits for.
MOST_COMPARED = 300_000
_SOME = "SELECT item_id FROM active_itemvector WHERE encoder_id = %s ORDER BY hashint8(item_id) LIMIT %s"
_ITS = "(SELECT vector FROM active_itemvector WHERE encoder_id = {encoder} AND item_id = %s)"
_BY_INDEX = """
SELECT item_id FROM active_itemvector WHERE encoder_id = {encoder}
ORDER BY vector::halfvec({dimension}) <=> {its}::halfvec({dimension}) LIMIT %s
"""
_ALL_COMPARED = (
    "SELECT item_id FROM active_itemvector WHERE encoder_id = {encoder} ORDER BY vector <=> {its} LIMIT %s"
)


@dataclass(frozen=True, slots=True)
class Reach:
    """`looked_at` candidates find the share `recall` of the ten nearest; ALL: every vector is compared."""

    looked_at: int
    recall: float


EXACT = Reach(ALL, 1.0)


def measured(encoder: Encoder, count: int) -> Reach:
    """The shortest look that finds enough of the nearest of some of the encoder's items."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_SOME, [encoder.pk, _ASKED])
        asked = [row[0] for row in cursor.fetchall()]
        exact = [_near(encoder, _ALL_COMPARED, item) for item in asked]
        # As searches do, whatever the statistics say: reading along the index is meant.
        cursor.execute("SELECT set_config('enable_sort', 'off', true)")
        found = EXACT
        for looked_at in LOOKS:
            cursor.execute("SELECT set_config('hnsw.ef_search', %s, true)", [str(looked_at)])
            found = Reach(looked_at, _recall(exact, [_near(encoder, _BY_INDEX, item) for item in asked]))
            if found.recall >= ENOUGH:
                return found
    return EXACT if count <= MOST_COMPARED else found


def _near(encoder: Encoder, query: str, item: int) -> list[int]:
    names = {"encoder": int(encoder.pk), "dimension": int(encoder.dimension)}
    sql = query.format(its=_ITS.format(**names), **names)
    with connection.cursor() as cursor:
        cursor.execute(sql, [item, NEAREST])
        return [row[0] for row in cursor.fetchall()]


def _recall(exact: Sequence[Sequence[int]], found: Sequence[Sequence[int]]) -> float:
    shares = [
        len(set(right) & set(some)) / max(1, len(right)) for right, some in zip(exact, found, strict=True)
    ]
    return float(np.mean(shares)) if shares else 1.0
