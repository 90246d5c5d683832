"""Vectors of the embedding store in the database, which finds the nearest of them. By workers; docs/similar.md tells the whole.

An encoder's vectors are complete and indexed before they are searched; until then those of the one before are.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import psycopg
from django.db import IntegrityError, connection, transaction
from django.db.models import Max

from active.models import EmbeddingShard, Encoder, ItemVector, LearningSettings, SimilarSearch
from active.services import copying, embeddings
from active.services.encoder_versions import CannotEmbed
from active.services.similar_recall import EXACT, Reach, measured
from annotation.models import Item
from annotation.services import jobs
from annotation.services.pulse import kept_alive
from annotation.services.stored import FileLost

log = logging.getLogger(__name__)
Ids = npt.NDArray[np.int64]
Halves = npt.NDArray[np.float16]

# Below so many vectors all of them are compared, which takes some milliseconds.
INDEXED_FROM = 20_000
# What the index finds is measured again when there are so many times as many vectors.
GROWN = 1.25
# How many neighbours the graph keeps, and how many it looks at when it is built: see docs/similar.md for what was measured.
NEIGHBOURS, LOOKED_AT = 16, 128
# What halfvec indexes hold, and rows of one page.
MOST_DIMENSIONS = 4000
# The graph is built in memory, where it fits; a build on disk takes ten times as long.
LEAST_MEMORY_MB, MOST_MEMORY_MB = 64, 1024
_COPIED_AT_ONCE = 4000
_DELETED_AT_ONCE = 20_000
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_THERE = """
SELECT item_id FROM active_itemvector
WHERE encoder_id = %(encoder)s AND item_id BETWEEN %(first)s AND %(last)s ORDER BY item_id
"""
_EXISTING = """
SELECT id FROM annotation_item WHERE project_id = %(project)s AND id BETWEEN %(first)s AND %(last)s ORDER BY id
"""
_FORGET = """
DELETE FROM active_itemvector v WHERE v.encoder_id = %(encoder)s AND v.item_id = ANY(%(items)s)
  AND NOT EXISTS (SELECT FROM coming c WHERE c.item_id = v.item_id AND c.vector = v.vector)
"""


def index_of(encoder_id: int) -> str:
    """The name of an encoder's index."""
    return f"near_{encoder_id}"


def run(*, project_id: int) -> None:
    """Bring the searchable vectors of a project up to date, or remove them where that was turned off. Safe to run twice."""
    off = SimilarSearch.objects.filter(pk=project_id, state=SimilarSearch.State.CANCELLED)
    if off.exists():
        _remove(Encoder.objects.filter(project=project_id), lambda: None)
        off.delete()
        return
    jobs.run(SimilarSearch, project_id, _work)


def _work(search: SimilarSearch, beat: jobs.Beat) -> None:
    project = search.project
    settings = LearningSettings.objects.filter(project=project).first() or LearningSettings(project=project)
    last_item = Item.objects.filter(project=project).aggregate(last=Max("pk"))["last"] or 0
    with kept_alive(search):
        encoder = embeddings.current(project=project, settings=settings)
        _check_dimension(encoder)
        embeddings.embed_new(encoder=encoder)
        last_shard = _fill(encoder, search.last_shard, beat)
        count = ItemVector.objects.filter(encoder=encoder).count()
        reach = _reach(search, encoder, count) if _index(encoder, count) else EXACT
    seen = {"vectors": count, "last_item": last_item, "last_shard": last_shard}
    jobs.finished(search, encoder=encoder, looked_at=reach.looked_at, recall=reach.recall, **seen)
    _remove(Encoder.objects.filter(project=project).exclude(pk=encoder.pk), lambda: None)


def _reach(search: SimilarSearch, encoder: Encoder, count: int) -> Reach:
    """How far the index has to look: measured when it is new, and again when it has grown by much."""
    known = search.encoder_id == encoder.pk and search.vectors >= INDEXED_FROM
    if known and count <= GROWN * search.vectors:
        return Reach(search.looked_at, search.recall)
    return measured(encoder, count)


def _check_dimension(encoder: Encoder) -> None:
    if not 1 <= encoder.dimension <= MOST_DIMENSIONS:
        raise CannotEmbed(
            f"The vectors of the encoder have {encoder.dimension:,} numbers; those of 1 to {MOST_DIMENSIONS:,} can be searched."
            " Choose another encoder in the settings of learning."
        )


def _fill(encoder: Encoder, seen: int, beat: jobs.Beat) -> int:
    """Copy what is in shards and not in the table. `seen` is the number of the last shard that was seen before; returns that of
    the last one now."""
    shards = list(encoder.shards.order_by("first_item", "pk"))
    total = sum(shard.rows for shard in shards)
    done = 0
    for shard in shards:
        try:
            _copy_shard(encoder, shard, beat, new=shard.pk > seen)
        except FileLost as error:
            # Its items are embedded again, into another shard.
            log.warning("A shard is passed over: %s", error)
        done += shard.rows
        beat(done=done, total=total)
    return max((shard.pk for shard in shards), default=0)


def _copy_shard(encoder: Encoder, row: EmbeddingShard, beat: jobs.Beat, *, new: bool) -> None:
    shard = embeddings.opened(row)
    changed = np.flatnonzero(shard.changes) if new else np.zeros(0, dtype=np.int64)
    for first in range(0, len(changed), _COPIED_AT_ONCE):
        part = changed[first : first + _COPIED_AT_ONCE]
        _forget_others(encoder, shard.items[part], shard.vectors[part])
        beat()
    scope = {"first": row.first_item, "last": row.last_item}
    there = copying.ids(_THERE, {"encoder": encoder.pk, **scope})
    missing = np.flatnonzero(~np.isin(shard.items, there, assume_unique=True))
    for first in range(0, len(missing), _COPIED_AT_ONCE):
        part = missing[first : first + _COPIED_AT_ONCE]
        _copy_some(encoder, shard.items[part], shard.vectors[part])
        beat()


def _forget_others(encoder: Encoder, items: Ids, vectors: Halves) -> None:
    """Remove what the table has of these items, unless it is this. Of a large shard in which a few have changed nearly all
    stays: an index is slow to take vectors in."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE coming (LIKE active_itemvector)")
        _send(_rows(encoder, items, vectors), "coming")
        cursor.execute(_FORGET, {"encoder": encoder.pk, "items": items.tolist()})
        cursor.execute("DROP TABLE coming")


def _copy_some(encoder: Encoder, items: Ids, vectors: Halves, tries: int = 5) -> None:
    for left in reversed(range(tries)):
        scope = {"project": encoder.project_id, "first": int(items[0]), "last": int(items[-1])}
        kept = np.isin(items, copying.ids(_EXISTING, scope), assume_unique=True)
        try:
            with transaction.atomic():
                _send(_rows(encoder, items[kept], vectors[kept]))
        except IntegrityError:
            # One of them was deleted a moment ago: look again.
            if not left:
                raise
        else:
            return


def _rows(encoder: Encoder, items: Ids, vectors: Halves) -> bytes:
    """Rows of COPY's binary form, with vectors of length 1. Zeros stand for items in which the encoder read nothing: they are
    like no other, and left out."""
    rows = vectors.astype(np.float32)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    usable = np.isfinite(length[:, 0]) & (length[:, 0] > 0)
    rows, dimension = rows[usable] / length[usable], encoder.dimension
    kinds: list[Any] = [("columns", ">i2"), ("l1", ">i4"), ("encoder", ">i8"), ("l2", ">i4"), ("item", ">i8")]
    kinds += [("l3", ">i4"), ("dimension", ">i2"), ("unused", ">i2"), ("vector", ">f2", (dimension,))]
    packed = np.zeros(len(rows), dtype=kinds)
    packed["columns"], packed["l1"], packed["l2"], packed["l3"] = 3, 8, 8, 4 + 2 * dimension
    packed["encoder"], packed["item"] = encoder.pk, items[usable]
    packed["dimension"], packed["vector"] = dimension, rows
    return packed.tobytes()


def _send(rows: bytes, table: str = "active_itemvector") -> None:
    connection.ensure_connection()
    raw = cast("psycopg.Connection[Any]", connection.connection)
    copy = f"COPY {table} (encoder_id, item_id, vector) FROM STDIN (FORMAT binary)"
    with connection.wrap_database_errors, psycopg.ClientCursor(raw) as cursor, cursor.copy(copy) as stream:
        stream.write(_HEADER + rows + _TRAILER)


def _index(encoder: Encoder, count: int) -> bool:
    """Make the encoder's index, where it is large and has none; whether there is one."""
    name = index_of(encoder.pk)
    valid = dict(_indexes())
    if name in valid and not valid[name]:
        # Its maker died. An invalid index takes time with every row and helps nobody.
        _drop(name)
    if valid.get(name) or count < INDEXED_FROM:
        return bool(valid.get(name))
    memory = _memory_mb(count, encoder.dimension)
    # Concurrently: nobody waits for it, but that is not possible inside a transaction, such as a test's.
    gently = "" if connection.in_atomic_block else "CONCURRENTLY"
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('maintenance_work_mem', %s, false)", [f"{memory}MB"])
        try:
            cursor.execute(
                f"CREATE INDEX {gently} {name} ON active_itemvector USING hnsw"
                f" ((vector::halfvec({encoder.dimension})) halfvec_cosine_ops)"
                f" WITH (m = {NEIGHBOURS}, ef_construction = {LOOKED_AT}) WHERE encoder_id = {encoder.pk}"
            )
        finally:
            cursor.execute("RESET maintenance_work_mem")
    return True


def _memory_mb(count: int, dimension: int) -> int:
    """What the graph takes while it is built: vectors, neighbours on all levels, and what pgvector adds to each."""
    needed = count * (2 * dimension + 40 * NEIGHBOURS) * 1.2 / 2**20
    return int(min(max(needed, LEAST_MEMORY_MB), MOST_MEMORY_MB))


def _indexes() -> Iterator[tuple[str, bool]]:
    """The indexes of encoders, and whether each is whole."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
            " WHERE i.indrelid = 'active_itemvector'::regclass AND c.relname ~ '^near_[0-9]+$'"
        )
        yield from cursor.fetchall()


def _drop(name: str) -> None:
    gently = "" if connection.in_atomic_block else "CONCURRENTLY"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {gently} IF EXISTS {name}")


def _remove(encoders: Any, beat: Callable[[], None]) -> None:
    """Remove the vectors of these encoders, and the indexes of those that are no more."""
    old = list(encoders.values_list("pk", flat=True))
    kept = set(Encoder.objects.exclude(pk__in=old).values_list("pk", flat=True))
    for name, _ in list(_indexes()):
        if int(name.removeprefix("near_")) not in kept:
            _drop(name)
    for encoder_id in old:
        while _delete_some(encoder_id):
            beat()


def _delete_some(encoder_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM active_itemvector WHERE (encoder_id, item_id) IN ("
            " SELECT encoder_id, item_id FROM active_itemvector WHERE encoder_id = %s LIMIT %s)",
            [encoder_id, _DELETED_AT_ONCE],
        )
        return bool(cursor.rowcount)
