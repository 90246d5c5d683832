"""Look through all items of a project for near-duplicates of earlier ones. By workers only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from django.db import transaction
from django.db.models import F

from annotation.importing.bands import Bands, Candidates
from annotation.models import Alike, AlikeSearch
from annotation.services import jobs
from annotation.services.alike_finding import Match, verified
from annotation.services.import_batches import raw_cursor
from annotation.services.likeness import Sketches, as_payload
from annotation.services.pulse import kept_alive

Ids = npt.NDArray[np.int64]
U32 = npt.NDArray[np.uint32]
_AT_ONCE = 5_000
_PAYLOADS = """
SELECT id, payload::text FROM annotation_item WHERE id = ANY(%s) AND project_id = %s AND state <> 'retired'
"""


def run(*, project_id: int) -> None:
    """Safe to run twice; a worker that died leaves the rest to the next."""
    jobs.run(AlikeSearch, project_id, _work)


def _work(search: AlikeSearch, beat: jobs.Beat) -> None:
    sketches = Sketches(search.project)
    with kept_alive(search):
        sketches.complete(beat)
        bands = sketches.load(beat)
    items, found = bands.everything()
    search.total = len(items)
    start = int(np.searchsorted(items, search.cursor, side="right"))
    for first in range(start, len(items), _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        matches = _matches(sketches, bands, items[part], found[part], search.threshold)
        search.done = min(part.stop, len(items))
        with transaction.atomic():
            _write(search, items[part], matches)
            last = int(items[part][-1])
            jobs.moved(search, total=search.total, found=F("found") + len(matches), cursor=last)


def _matches(sketches: Sketches, bands: Bands, items: Ids, found: U32, threshold: float) -> dict[int, Match]:
    """{item: the earlier one that it is like}."""
    pairs = bands.candidates(found)
    earlier = pairs.others < items[pairs.rows]
    pairs = Candidates(pairs.rows[earlier], pairs.others[earlier], pairs.shared[earlier])
    wanted, places = np.unique(pairs.rows, return_inverse=True)
    with raw_cursor() as cursor:
        cursor.execute(_PAYLOADS, [items[wanted].tolist(), sketches.project_id])
        there = {pk: as_payload(text) for pk, text in cursor.fetchall()}
    kept = np.array([pk in there for pk in items[wanted].tolist()], dtype=np.bool_)
    contents = sketches.contents([there.get(pk, {}) for pk in items[wanted].tolist()])
    chosen = kept[places] if len(places) else np.zeros(0, dtype=np.bool_)
    pairs = Candidates(places[chosen].astype(np.int64), pairs.others[chosen], pairs.shared[chosen])
    matches = verified(sketches, contents, pairs, threshold=threshold)
    return {int(items[wanted][place]): match for place, match in matches.items()}


def _write(search: AlikeSearch, items: Ids, matches: dict[int, Match]) -> None:
    """The marks of these items, in place of those that they had."""
    between = {"item__gt": search.cursor, "item__lte": int(items[-1])}
    Alike.objects.filter(item__project=search.project_id, **between).delete()
    Alike.objects.bulk_create(
        Alike(item_id=item, of_id=match.item, similarity=match.similarity)
        for item, match in sorted(matches.items())
    )
    search.cursor = int(items[-1])
