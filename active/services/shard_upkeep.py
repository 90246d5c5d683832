"""Keep the embedding store small: few large shards instead of many small ones, and nothing of encoders that are not used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from active.models import EmbeddingShard, Encoder
from active.services import embeddings, payloads, storage
from annotation.services.locks import waited_for

# Small shards are put together when there are so many.
MOST_SMALL, SMALL_PART = 8, 5
KEPT_ENCODERS = 2


def tidy(*, project_id: int) -> None:
    """Put small shards together, and let go of encoders and files that are not used any more. Raises StorageFault."""
    with waited_for("embeddings", project_id):
        ready = list(
            Encoder.objects.filter(project=project_id, state=Encoder.State.READY).order_by("-version")
        )
        for encoder in ready[:1]:
            _compact(encoder)
        for old in ready[KEPT_ENCODERS:]:
            old.shards.all().delete()
            Encoder.objects.filter(pk=old.pk, model_versions=None).delete()
        for encoder in ready:
            _sweep(encoder)


def _compact(encoder: Encoder) -> None:
    most = embeddings.rows_of_a_shard(encoder.dimension)
    small = list(encoder.shards.filter(rows__lt=max(2, most // SMALL_PART)).order_by("first_item", "pk"))
    if len(small) < MOST_SMALL:
        return
    there = payloads.ids_of(encoder.project_id)
    for group in _groups(small, most):
        parts = [embeddings.opened(row) for row in group]
        items = np.concatenate([part.items for part in parts])
        rows = np.concatenate([part.vectors for part in parts])
        changes = np.concatenate([part.changes for part in parts])
        order = np.argsort(items, kind="stable")
        # Of items that have been deleted nobody will ask.
        order = order[np.isin(items[order], there, assume_unique=True)]
        if len(order):
            embeddings.write(encoder, items[order], rows[order], changes[order], instead_of=group)


def _groups(rows: Sequence[EmbeddingShard], most: int) -> Iterator[list[EmbeddingShard]]:
    group: list[EmbeddingShard] = []
    for row in rows:
        if group and sum(one.rows for one in group) + row.rows > most:
            yield group
            group = []
        group.append(row)
    if len(group) > 1:
        yield group


def _sweep(encoder: Encoder) -> None:
    """Remove the files that no row tells of: of shards that were put together, and of workers that died before the row."""
    folder = f"embeddings/{encoder.project_id}/{encoder.version}"
    kept = {*encoder.shards.values_list("file", flat=True)}
    if Encoder.objects.filter(pk=encoder.pk).exists():
        kept.add(encoder.file)
    storage.remove([file for file in storage.listed(folder) if file not in kept])
