"""Vectors that somebody else computed, from a NumPy file: a version of the encoder whose shards are there from the start."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import IO

import numpy as np
import numpy.typing as npt

from active.encoders import vectors
from active.models import Encoder
from active.services import embeddings, encoder_versions, learning, payloads
from annotation.errors import Fault, InvalidInput
from annotation.models import Item, Project, User
from annotation.roles import Action
from annotation.services.access import check
from annotation.services.locks import waited_for

Ids = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
_AT_ONCE = 10_000


def import_vectors(
    *, project: Project, by: User, keys: Sequence[str], file: IO[bytes], unit: bool = True
) -> Encoder:
    """Take the rows of a .npy file as the vectors of the items with these keys, and use them from now on.

    Items that the file leaves out keep what an earlier import of the same dimension said, or have a vector of zeros. Raises
    NotAllowed; InvalidInput, with the key, for anything that does not fit; StorageFault.
    """
    check(user=by, project=project, action=Action.CONFIGURE)
    try:
        rows = vectors.from_npy(file, keys, unit_length=unit)
    except ValueError as error:
        raise InvalidInput(str(error), faults=[Fault(("file",), str(error))]) from error
    items = _items(project, keys)
    order = np.argsort(items)
    items, rows = items[order], rows[order]
    options = {"fields": [], "dimension": rows.shape[1], "unit": unit}
    with waited_for("embeddings", project.pk):
        encoder = _begin(project, options, hashlib.sha256(items.tobytes() + rows.tobytes()).hexdigest())
        _write(encoder, *_with_earlier(project, encoder, items, rows))
        Encoder.objects.filter(pk=encoder.pk).update(state=Encoder.State.READY)
    learning.change(project=project, by=by, encoder="vectors", encoder_options=options)
    encoder.refresh_from_db()
    return encoder


def _items(project: Project, keys: Sequence[str]) -> Ids:
    found: dict[str, int] = {}
    for first in range(0, len(keys), _AT_ONCE):
        there = Item.objects.filter(project=project, key__in=keys[first : first + _AT_ONCE])
        found.update(there.values_list("key", "pk"))
    if unknown := next((key for key in keys if key not in found), None):
        message = f"The project has no item '{unknown[:100]}'."
        raise InvalidInput(message, faults=[Fault(("keys",), message)])
    return np.array([found[key] for key in keys], dtype=np.int64)


def _begin(project: Project, options: dict[str, object], content: str) -> Encoder:
    """Its row and file; not ready yet, so that nobody reads it before all rows are there."""
    plain = {name: value for name, value in options.items() if name != "fields"}
    made = vectors.fit([], [], options=plain)
    row = encoder_versions.begin(project, "vectors")
    wanted = {"kind": "vectors", "fields": [], "options": plain}
    about = {"wanted": wanted, "sample": 0, "imported": content}
    # Other rows are another version, whatever else is the same.
    encoder_versions.keep(row, replace(made, learned={"rows": content}), about, state=Encoder.State.FITTING)
    return row


def _with_earlier(project: Project, encoder: Encoder, items: Ids, rows: Floats) -> tuple[Ids, Floats]:
    """The rows of the file, and those of the import before for the items that it leaves out."""
    earlier = project.encoders.filter(state=Encoder.State.READY, kind="vectors").order_by("-version").first()
    if earlier is None or earlier.dimension != encoder.dimension or not earlier.options.get("imported"):
        return items, rows
    others = np.setdiff1d(payloads.ids_of(project.pk), items, assume_unique=True)
    found, kept = embeddings.gather(earlier, others)
    every, both = np.concatenate([items, others[found]]), np.concatenate([rows, kept[found]])
    order = np.argsort(every)
    return every[order], both[order]


def _write(encoder: Encoder, items: Ids, rows: Floats) -> None:
    step = embeddings.rows_of_a_shard(encoder.dimension)
    for first in range(0, len(items), step):
        part = slice(first, first + step)
        embeddings.write(encoder, items[part], rows[part].astype(np.float16))
