"""Sketches of items, by which near-duplicates are found: made, kept, and read again. By workers only."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
from django.core.files.storage import default_storage
from django.db import transaction

from annotation.errors import Conflict
from annotation.importing import likeness, picture_likeness
from annotation.importing.bands import Bands
from annotation.importing.contents import Content, picture_names, sketches, texts_of
from annotation.models import Item, Likeness, Media, Project
from annotation.services.import_batches import raw_cursor
from annotation.services.locks import waited_for

U32 = npt.NDArray[np.uint32]
Bools = npt.NDArray[np.bool_]
Ids = npt.NDArray[np.int64]
Beat = Callable[[], None]

# Sketches are searched in memory, about 130 bytes for each item.
MOST_ITEMS = 3_000_000
_BAND_BYTES = 4 * likeness.BANDS
_READ_AT_ONCE = 200_000
_MADE_AT_ONCE = 2_000
_HEADER_BYTES = 19
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"

_WITHOUT = """
SELECT i.id, i.payload::text FROM annotation_item i
WHERE i.project_id = %(project)s AND i.id > %(after)s
  AND NOT EXISTS (SELECT 1 FROM annotation_likeness l WHERE l.item_id = i.id AND l.recipe = %(recipe)s)
ORDER BY i.id LIMIT %(limit)s
"""
_KEPT = """
COPY (SELECT item_id, substring(sketch FOR {bytes}) FROM annotation_likeness
  WHERE project_id = %s AND recipe = %s AND item_id > %s AND length(sketch) > 0 ORDER BY item_id LIMIT %s)
TO STDOUT (FORMAT binary)
"""
_COPY = "COPY annotation_likeness (item_id, project_id, recipe, sketch) FROM STDIN (FORMAT binary)"


@dataclass(frozen=True, slots=True)
class Sketched:
    """What of some items is compared: their contents, (n, BANDS) bands, and whether each has any."""

    contents: Sequence[Content]
    bands: U32
    usable: Bools


class Sketches:
    """The sketches of one project, as its schema shows items now."""

    def __init__(self, project: Project) -> None:
        self.project_id = project.pk
        listed = project.schema.fields if project.schema else []
        self.fields: Mapping[str, str] = {one["name"]: one.get("type", "text") for one in listed}
        told = orjson.dumps([likeness.ALGORITHM, sorted(self.fields.items())])
        self.recipe = zlib.crc32(told) - 2**31

    def of(self, payloads: Sequence[Mapping[str, Any]]) -> Sketched:
        """Sketch items by their payloads."""
        contents = self.contents(payloads)
        return Sketched(contents, *sketches(contents))

    def contents(self, payloads: Sequence[Mapping[str, Any]]) -> list[Content]:
        """What is compared of items; pictures are read from the storage."""
        texts = texts_of(payloads, self.fields)
        if "image" not in self.fields.values():
            return [Content(text) for text in texts]
        named = [picture_names(payload, self.fields) for payload in payloads]
        hashes = self._hashes({name for names in named for name in names})
        return [
            Content(text, next((hashes[name] for name in names if hashes.get(name)), b""))
            for text, names in zip(texts, named, strict=True)
        ]

    def _hashes(self, names: set[str]) -> dict[str, bytes]:
        """The hash of each picture that can be read."""
        found: dict[str, bytes] = {}
        if not names:
            return found
        media = Media.objects.filter(project=self.project_id, name__in=list(names))
        for name, file in media.values_list("name", "file"):
            try:
                with default_storage.open(file, "rb") as stream:
                    made = picture_likeness.picture_hash(stream.read())
            except FileNotFoundError:
                continue
            if made:
                found[name] = made
        return found

    def save(self, items: Ids, found: Sketched) -> None:
        """Keep the sketches of new items. Call it in the transaction that adds the items."""
        pictured = np.array([bool(one.picture) for one in found.contents], dtype=np.bool_)
        with raw_cursor() as cursor, cursor.copy(_COPY) as copy:
            copy.write(_HEADER)
            for chosen, width in (
                (found.usable & ~pictured, _BAND_BYTES),
                (pictured, _BAND_BYTES + picture_likeness.BYTES),
                (~found.usable & ~pictured, 0),
            ):
                if chosen.any():
                    copy.write(self._rows(items, found, np.flatnonzero(chosen), width))
            copy.write(_TRAILER)

    def _rows(self, items: Ids, found: Sketched, chosen: npt.NDArray[np.intp], width: int) -> bytes:
        """Rows of COPY's binary form, whose sketches have so many bytes."""
        kinds: list[Any] = [
            ("columns", ">i2"),
            ("l1", ">i4"),
            ("item", ">i8"),
            ("l2", ">i4"),
            ("project", ">i8"),
        ]
        kinds += [("l3", ">i4"), ("recipe", ">i4"), ("l4", ">i4"), ("sketch", "u1", (width,))]
        rows = np.zeros(len(chosen), dtype=kinds)
        rows["columns"], rows["l1"], rows["l2"], rows["l3"], rows["l4"] = 4, 8, 8, 4, width
        rows["item"], rows["project"], rows["recipe"] = items[chosen], self.project_id, self.recipe
        if width:
            rows["sketch"][:, :_BAND_BYTES] = found.bands[chosen].astype("<u4").view(np.uint8)
        if width > _BAND_BYTES:
            joined = b"".join(found.contents[n].picture for n in chosen)
            rows["sketch"][:, _BAND_BYTES:] = np.frombuffer(joined, dtype=np.uint8).reshape(len(chosen), -1)
        return rows.tobytes()

    def complete(self, beat: Beat) -> None:
        """Make the sketches of all items that have none, or one by another recipe. Whoever comes meanwhile waits.

        Raises Conflict for a project that is too large.
        """
        with waited_for("likeness", self.project_id):
            if Item.objects.filter(project=self.project_id)[: MOST_ITEMS + 1].count() > MOST_ITEMS:
                raise Conflict(
                    f"The project has more than {MOST_ITEMS:,} items; near-duplicates are looked for among so many at most."
                )
            after = 0
            while rows := self._without(after):
                after = rows[-1][0]
                self._make([pk for pk, _ in rows], [payload for _, payload in rows])
                beat()

    def _without(self, after: int) -> list[tuple[int, Any]]:
        scope = {"project": self.project_id, "after": after, "recipe": self.recipe, "limit": _MADE_AT_ONCE}
        with raw_cursor() as cursor:
            cursor.execute(_WITHOUT, scope)
            return [(pk, as_payload(text)) for pk, text in cursor.fetchall()]

    def _make(self, items: list[int], payloads: Sequence[Mapping[str, Any]]) -> None:
        found = self.of(payloads)
        with transaction.atomic():
            Likeness.objects.filter(item__in=items).delete()
            self.save(np.array(items, dtype=np.int64), found)

    def load(self, beat: Beat) -> Bands:
        """All sketches, to be searched."""
        bands = Bands()
        after = 0
        while True:
            items, found = self._kept(after)
            bands.add(found, items)
            beat()
            if len(items) < _READ_AT_ONCE:
                return bands
            after = int(items[-1])

    def _kept(self, after: int) -> tuple[Ids, U32]:
        kind = np.dtype(
            [
                ("columns", ">i2"),
                ("l1", ">i4"),
                ("item", ">i8"),
                ("l2", ">i4"),
                ("sketch", "<u4", (likeness.BANDS,)),
            ]
        )
        given = [self.project_id, self.recipe, after, _READ_AT_ONCE]
        with raw_cursor() as cursor, cursor.copy(_KEPT.format(bytes=_BAND_BYTES), given) as copy:
            data = b"".join(copy)
        rows = np.frombuffer(data[_HEADER_BYTES : -len(_TRAILER)], dtype=kind)
        return rows["item"].astype(np.int64), rows["sketch"].astype(np.uint32)


def as_payload(text: str | bytes) -> Mapping[str, Any]:
    read = orjson.loads(text)
    return read if isinstance(read, dict) else {}


def chunks(values: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for first in range(0, len(values), size):
        yield values[first : first + size]
