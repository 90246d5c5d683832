"""The embedding store: every item of a project as a vector, in shards that are written once and mapped into memory.

Only items that are in no shard are embedded, and those whose payload has changed since. A shard whose file is gone or damaged is
forgotten, and its items are embedded again. docs/embedding.md tells the whole of it.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import numpy.typing as npt
from django.db import transaction
from django.utils import timezone

from active.encoders import shards as files
from active.encoders.shards import Shard, ShardDamaged
from active.models import EmbeddingShard, Encoder, RoundShard
from active.services import payloads, storage
from active.services.encoder_versions import CannotEmbed, current, fitted
from annotation.services.locks import waited_for
from annotation.services.stored import FileLost, keep, reached

__all__ = ["CannotEmbed", "current", "embed_new", "gather", "opened", "write"]

logger = logging.getLogger(__name__)
Ids = npt.NDArray[np.int64]
Halves = npt.NDArray[np.float16]
Floats = npt.NDArray[np.float32]

SHARD_ROWS = 50_000
# Of long vectors fewer rows, so that a shard stays a file that is quickly read.
SHARD_BYTES = 64 * 2**20
# Lost shards that an encoder's row tells about.
MOST_TOLD = 20


def rows_of_a_shard(dimension: int) -> int:
    """How many rows a shard has at most."""
    return max(1, min(SHARD_ROWS, SHARD_BYTES // (2 * max(1, dimension))))


def embed_new(*, encoder: Encoder) -> Ids:
    """Embed the items that are in no shard yet, and those whose payload has changed since; their ids. What is done when a
    worker dies stays done. Raises CannotEmbed, StorageFault."""
    # Two at once would embed the same items.
    with waited_for("embeddings", encoder.project_id):
        missing = payloads.ids_of(encoder.project_id)
        changed = _changed(encoder)
        done = []
        for row, shard in _sound(encoder):
            missing = np.setdiff1d(missing, shard.items, assume_unique=True)
            done.append(_renew(encoder, row, shard, *changed))
        step = rows_of_a_shard(encoder.dimension)
        for first in range(0, len(missing), step):
            _embed(encoder, missing[first : first + step])
        return np.sort(np.concatenate([missing, *done]))


def _changed(encoder: Encoder) -> tuple[Ids, Ids]:
    """Items whose payload has ever changed, and the latest change of each. Vectors that somebody else computed stay as they
    are until others are imported: nobody here can make them."""
    if encoder.options.get("imported"):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    return payloads.changed(encoder.project_id)


def _renew(encoder: Encoder, row: EmbeddingShard, shard: Shard, changed: Ids, changes: Ids) -> Ids:
    """Embed anew what has changed since a shard was written, and put another one in its place; which items that were."""
    rows = np.flatnonzero(np.isin(shard.items, changed, assume_unique=True))
    latest = changes[np.searchsorted(changed, shard.items[rows])]
    stale = rows[shard.changes[rows] != latest]
    if not len(stale):
        return np.zeros(0, dtype=np.int64)
    made = _encoded(encoder, np.asarray(shard.items[stale]))
    stale = stale[made.there]
    vectors, made_after = np.array(shard.vectors), np.array(shard.changes)
    vectors[stale], made_after[stale] = made.rows[made.there], made.changes[made.there]
    write(encoder, np.asarray(shard.items), vectors, made_after, instead_of=[row])
    return np.asarray(shard.items[stale], dtype=np.int64)


@dataclass(frozen=True, eq=False)
class _Encoded:
    """Aligned with the items asked for: whether each is `there`, or has been deleted; its vector; the change it was read after."""

    there: npt.NDArray[np.bool_]
    rows: Halves
    changes: Ids


def _encoded(encoder: Encoder, items: Ids) -> _Encoded:
    model, named = fitted(encoder), payloads.Files(encoder.project_id)
    rows = np.zeros((len(items), encoder.dimension), dtype=np.float16)
    there, changes = np.zeros(len(items), dtype=bool), np.zeros(len(items), dtype=np.int64)
    for part in payloads.of_items(items):
        named.know(part.contents, model.fields)
        place = np.searchsorted(items, part.items)
        try:
            rows[place] = model.encode(part.contents, load=named.load)
        except (RuntimeError, ValueError) as error:
            raise CannotEmbed(f"Items could not be embedded: {error}") from error
        there[place], changes[place] = True, part.changes
    return _Encoded(there, rows, changes)


def _embed(encoder: Encoder, items: Ids) -> None:
    made = _encoded(encoder, items)
    if made.there.any():
        write(encoder, items[made.there], made.rows[made.there], made.changes[made.there])


def write(
    encoder: Encoder,
    items: Ids,
    rows: Halves,
    changes: Ids | None = None,
    *,
    instead_of: Sequence[EmbeddingShard] = (),
) -> None:
    """Keep rows as a shard, in place of others. Raises StorageFault."""
    with tempfile.TemporaryFile(prefix="querent-shard-") as draft:
        sha256 = files.write(cast("BinaryIO", draft), items, rows, encoder=encoder.sha256, changes=changes)
        name = f"embeddings/{encoder.project_id}/{encoder.version}/{items[0]}-{sha256[:12]}.shard"
        file = keep(name, draft)
    # At once: no item may be in two shards, nor in none, for whoever looks.
    with transaction.atomic():
        made = EmbeddingShard.objects.create(
            encoder=encoder,
            rows=len(items),
            first_item=int(items[0]),
            last_item=int(items[-1]),
            file=file,
            sha256=sha256,
        )
        if len(instead_of) == 1:
            # A round that scores it goes on with the same items.
            RoundShard.objects.filter(shard=instead_of[0]).update(shard=made)
        EmbeddingShard.objects.filter(pk__in=[row.pk for row in instead_of]).delete()


def _sound(encoder: Encoder) -> Iterator[tuple[EmbeddingShard, Shard]]:
    """The shards of an encoder. Those that are lost or damaged are forgotten, for their items to be embedded again."""
    for row in encoder.shards.order_by("first_item", "pk"):
        try:
            yield row, opened(row)
        except FileLost as error:
            logger.warning("%s rows are embedded again: %s", row.rows, error)
            told = [*encoder.options.get("rebuilt", ()), _lost(row, error)]
            encoder.options = {**encoder.options, "rebuilt": told[-MOST_TOLD:]}
            encoder.save(update_fields=["options"])
            row.delete()
            storage.remove([row.file])


def _lost(row: EmbeddingShard, error: FileLost) -> dict[str, object]:
    return {"at": timezone.now().isoformat(timespec="seconds"), "rows": row.rows, "reason": str(error)}


def opened(row: EmbeddingShard) -> Shard:
    """A shard, mapped into memory. Raises FileLost, StorageFault."""
    try:
        return _checked(row, fresh=False)
    except FileLost:
        # A copy on this machine may be damaged or removed where the original is not.
        return _checked(row, fresh=True)


def _checked(row: EmbeddingShard, *, fresh: bool) -> Shard:
    path = storage.local(row.file, row.sha256, fresh=fresh)
    with reached(row.file):
        about = path.stat()
    try:
        _verified(path, about.st_size, about.st_mtime_ns)
        shard = _mapped(path, about.st_size, about.st_mtime_ns)
    except ShardDamaged as error:
        raise FileLost(f"The shard {row.file}: {error}") from error
    if shard.sha256 != row.sha256:
        raise FileLost(f"The shard {row.file} is not the one that was written.")
    return shard


# Each process reads every file in full once, and keeps few of them mapped: what is mapped counts as its memory.
@lru_cache(maxsize=4096)
def _verified(path: Path, size: int, changed: int) -> None:
    files.verify(path)


@lru_cache(maxsize=4)
def _mapped(path: Path, size: int, changed: int) -> Shard:
    return files.open_shard(path)


def gather(encoder: Encoder | None, items: Ids) -> tuple[npt.NDArray[np.bool_], Floats]:
    """Vectors of these items: (n,) whether each is there, (n, d) float32. Raises StorageFault."""
    if encoder is None:
        return np.zeros(len(items), dtype=bool), np.zeros((len(items), 0), dtype=np.float32)
    items = np.asarray(items, dtype=np.int64)
    return files.gather(_with(encoder, items), items, encoder.dimension)


def gather_current(encoder: Encoder, items: Ids) -> tuple[npt.NDArray[np.bool_], Floats]:
    """The same, where a vector counts as not there when the payload has changed since it was made. Raises StorageFault."""
    # Asked first: what changes later is looked at another time.
    changed, changes = payloads.changed_of(items)
    found, vectors = gather(encoder, items)
    if not len(changed) or encoder.options.get("imported"):
        return found, vectors
    made_after = np.full(len(changed), -1, dtype=np.int64)
    for shard in _with(encoder, changed):
        rows = np.flatnonzero(np.isin(shard.items, changed, assume_unique=True))
        made_after[np.searchsorted(changed, shard.items[rows])] = shard.changes[rows]
    return found & ~np.isin(items, changed[made_after < changes]), vectors


def _with(encoder: Encoder, items: Ids) -> Iterator[Shard]:
    """The shards that may hold any of these items, one after the other."""
    ascending = np.sort(items)
    seen: set[int] = set()
    while rows := [row for row in encoder.shards.order_by("first_item", "pk") if row.pk not in seen]:
        for row in rows:
            seen.add(row.pk)
            first, last = np.searchsorted(ascending, [row.first_item, row.last_item + 1])
            if first == last:
                continue
            try:
                yield opened(row)
            except FileLost as error:
                # Either it was put together with others meanwhile, which are among the next rows, or its items are
                # embedded again by the next round.
                logger.warning("A shard is passed over: %s", error)
