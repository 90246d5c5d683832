"""Near-duplicates while a file is imported: found among the project's items and the file's own rows, then marked or left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from annotation.importing.bands import within
from annotation.importing.contents import similarities
from annotation.importing.records import Refused
from annotation.importing.shaping import Shaped
from annotation.models import Dataset
from annotation.services.alike_finding import Match, verified
from annotation.services.import_batches import raw_cursor
from annotation.services.likeness import Beat, Sketched, Sketches, as_payload, chunks

Ids = npt.NDArray[np.int64]
_COMPARED_AT_ONCE = 2_000
_NEW = "SELECT id FROM annotation_item WHERE dataset_id = %s AND id > %s ORDER BY id"
_LAST = "SELECT coalesce(max(id), 0) FROM annotation_item WHERE dataset_id = %s"
_IDS = "SELECT key, id FROM annotation_item WHERE project_id = %s AND key = ANY(%s)"
_MARK = """
INSERT INTO annotation_alike (item_id, of_id, similarity)
SELECT one.item, o.id, one.similarity
FROM unnest(%s::bigint[], %s::bigint[], %s::float8[]) AS one (item, other, similarity)
JOIN annotation_item o ON o.id = one.other ORDER BY one.item FOR KEY SHARE OF o
"""


@dataclass
class Judged:
    """What was found about the rows of a batch. `kept` are those to import, `skipped` the others by their key; `matches`
    says by the key of a row what it is like, another key where that is of the same batch."""

    kept: list[Shaped]
    sketched: Sketched
    places: list[int]
    matches: dict[str, Match] = field(default_factory=dict)
    skipped: list[Shaped] = field(default_factory=list)
    items: Ids = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @property
    def count(self) -> int:
        return len(self.matches)


class Alikes:
    """The choice `alike` of an import, at work."""

    def __init__(self, dataset: Dataset, *, skip: bool, threshold: float, beat: Beat) -> None:
        self._dataset, self._skip, self._threshold = dataset, skip, threshold
        self._sketches = Sketches(dataset.project)
        self._sketches.complete(beat)
        self._bands = self._sketches.load(beat)

    @property
    def skips(self) -> bool:
        return self._skip

    def judge(self, rows: Sequence[Shaped]) -> Judged:
        """Compare rows with the project's items and with each other."""
        found = self._sketches.of([as_payload(shaped.body) for shaped in rows])
        usable = np.flatnonzero(found.usable)
        stored = self._bands.candidates(found.bands[usable])
        stored.rows[:] = usable[stored.rows]
        matches = verified(self._sketches, found.contents, stored, threshold=self._threshold)
        self._match_within(rows, found, usable, matches)
        named = {rows[place].key: match for place, match in matches.items()}
        places = [place for place in range(len(rows)) if not self._skip or place not in matches]
        skipped = [rows[place] for place in sorted(matches)] if self._skip else []
        return Judged([rows[place] for place in places], found, places, named, skipped)

    def _match_within(
        self, rows: Sequence[Shaped], found: Sketched, usable: npt.NDArray[np.intp], matches: dict[int, Match]
    ) -> None:
        """Among the rows themselves, in their order: a row that is left out is nobody's match."""
        found_pairs = within(found.bands[usable])
        rows_of, others_of = usable[found_pairs.rows], usable[found_pairs.others]
        # The earliest first: of many that are alike it is the one that stays.
        order = np.lexsort((others_of, rows_of))
        pairs = [
            (row, other)
            for row, other in zip(rows_of[order].tolist(), others_of[order].tolist(), strict=True)
            if row not in matches
        ]
        for part in chunks(pairs, _COMPARED_AT_ONCE):
            values = similarities([(found.contents[row], found.contents[other]) for row, other in part])
            for (row, other), value in zip(part, values, strict=True):
                if value >= self._threshold and row not in matches and not (self._skip and other in matches):
                    matches[row] = Match(0, rows[other].key, value)

    def before(self) -> int:
        """The last item of the import so far. Call it in the transaction, before more are sent."""
        with raw_cursor() as cursor:
            cursor.execute(_LAST, [self._dataset.pk])
            return int(cursor.fetchall()[0][0])

    def keep(self, judged: Judged, sent: Sequence[Shaped], before: int) -> None:
        """Keep the sketches of the items that were sent behind item `before`, and what they are like. Call it in the same
        transaction."""
        with raw_cursor() as cursor:
            cursor.execute(_NEW, [self._dataset.pk, before])
            judged.items = np.array([pk for (pk,) in cursor.fetchall()], dtype=np.int64)
        if len(judged.items) != len(sent):
            raise RuntimeError("Other items came into this import.")
        where = {shaped.key: place for place, shaped in zip(judged.places, judged.kept, strict=True)}
        judged.places = [where[shaped.key] for shaped in sent]
        judged.sketched = _some(judged.sketched, judged.places)
        self._sketches.save(judged.items, judged.sketched)
        self._mark(judged, sent)

    def _mark(self, judged: Judged, sent: Sequence[Shaped]) -> None:
        ids = {shaped.key: int(pk) for shaped, pk in zip(sent, judged.items, strict=True)}
        marked = [
            (ids[key], match.item or ids.get(match.key, 0), match.similarity)
            for key, match in judged.matches.items()
            if key in ids
        ]
        if marked:
            with raw_cursor() as cursor:
                cursor.execute(_MARK, [list(column) for column in zip(*marked, strict=True)])

    def refusals(self, judged: Judged) -> list[tuple[int, Refused]]:
        """The rows that are left out, and what each is like. Call it when the items have been sent."""
        unknown = [
            judged.matches[shaped.key].key for shaped in judged.skipped if not judged.matches[shaped.key].item
        ]
        ids: dict[str, int] = {}
        if unknown:
            with raw_cursor() as cursor:
                cursor.execute(_IDS, [self._dataset.project_id, unknown])
                ids = dict(cursor.fetchall())
        return [(shaped.row, _refusal(judged.matches[shaped.key], ids)) for shaped in judged.skipped]

    def committed(self, judged: Judged) -> None:
        """From now on rows are compared with these, too."""
        usable = judged.sketched.usable
        self._bands.add(judged.sketched.bands[usable], judged.items[usable])


def _some(found: Sketched, places: Sequence[int]) -> Sketched:
    chosen = np.array(places, dtype=np.intp)
    return Sketched([found.contents[n] for n in places], found.bands[chosen], found.usable[chosen])


def _refusal(match: Match, ids: dict[str, int]) -> Refused:
    words = f"Nearly the same as '{match.key[:80]}' (similarity {match.similarity:.2f}); left out, as the import was told."
    return Refused(words, other=match.item or ids.get(match.key))
