"""The embedding store: every item of a project as a vector, in shards that are written once and mapped into memory.

Only items that are in no shard are embedded. A shard whose file is gone or damaged is forgotten, and its items are embedded
again. docs/embedding.md tells the whole of it.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from django.conf import settings as django_settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import Max

from active import encoders
from active.encoders import shards as files
from active.encoders.shards import Shard, ShardDamaged
from active.encoders.types import Encoder as Fitted
from active.encoders.types import EncoderUnavailable
from active.models import EmbeddingShard, Encoder, LearningSettings
from active.services import copying
from annotation.errors import DomainError
from annotation.models import Item, Media, Project

logger = logging.getLogger(__name__)
Ids = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

SHARD_ROWS = 50_000
# Items that are read and encoded at a time.
READ_ROWS = 4_000
# What an encoder is fitted on, drawn from the whole pool.
SAMPLE = 30_000
# Items that tell what fields hold.
FIRST = 500
# A fit on less than this is done anew when there are so many times as many items.
SMALL_SAMPLE, GROWN = 10_000, 4
# Small shards are put together when there are so many.
MOST_SMALL, SMALL_ROWS = 8, 10_000
KEPT_ENCODERS = 2

_IDS = "SELECT id FROM annotation_item WHERE project_id = %(project)s ORDER BY id"


class StoreUnavailable(DomainError):
    """Vectors cannot be read, written or made; the message says what to do."""

    code = "store_unavailable"


def current(*, project: Project, settings: LearningSettings) -> Encoder:
    """The encoder that a project uses now; a new version where there is none, or where something about it has changed.

    Raises StoreUnavailable.
    """
    wanted = _wanted(project, settings)
    latest = project.encoders.filter(state=Encoder.State.READY).order_by("-version").first()
    if latest is not None and latest.options.get("wanted") == wanted and not _outgrown(latest):
        if _readable(latest):
            return latest
        logger.warning("The file of encoder %s is gone or damaged; it is fitted anew.", latest.pk)
    return _fit(project, wanted)


def _wanted(project: Project, settings: LearningSettings) -> dict[str, Any]:
    """What the encoder is to be: by the settings, or by the types of the fields and what the first items hold."""
    fields = project.schema.fields if project.schema else []
    if settings.encoder:
        options = dict(settings.encoder_options)
        named = options.pop("fields", None) or [one["name"] for one in fields]
        return {"kind": settings.encoder, "fields": list(named), "options": options}
    first = project.items.order_by("pk").values_list("payload", flat=True)[:FIRST]
    choice = encoders.choose(fields, list(first))
    return {"kind": choice.kind, "fields": list(choice.fields), "options": dict(choice.options)}


def _outgrown(encoder: Encoder) -> bool:
    """It was fitted on a few items of what are many now."""
    fitted_on = int(encoder.options.get("sample", 0))
    if fitted_on >= SMALL_SAMPLE:
        return False
    return Item.objects.filter(project=encoder.project_id).count() > GROWN * max(fitted_on, 100)


def _readable(encoder: Encoder) -> bool:
    try:
        fitted(encoder)
    except StoreUnavailable:
        return False
    return True


def _fit(project: Project, wanted: dict[str, Any]) -> Encoder:
    number = project.encoders.aggregate(n=Max("version"))["n"] or 0
    row = Encoder.objects.create(project=project, version=number + 1, kind=wanted["kind"])
    sample = [payload for _, payload in _payloads(_sample(project.pk))]
    try:
        fit = encoders.ENCODERS[wanted["kind"]]
        load = _loader(project.pk)
        made = fit(sample, wanted["fields"], options=wanted["options"], seed=row.version, load=load)
        data = made.to_bytes()
        row.file = default_storage.save(f"embeddings/{project.pk}/{row.version}.encoder", ContentFile(data))
    except (EncoderUnavailable, ValueError, OSError) as error:
        Encoder.objects.filter(pk=row.pk).update(state=Encoder.State.FAILED, error=str(error))
        raise StoreUnavailable(f"The encoder could not be made: {error}") from error
    row.options = {"wanted": wanted, "sample": len(sample)}
    row.dimension, row.sha256, row.state = (
        made.dimension,
        hashlib.sha256(data).hexdigest(),
        Encoder.State.READY,
    )
    row.save()
    return row


def _sample(project_id: int) -> Ids:
    ids = copying.ids(_IDS, {"project": project_id})
    if len(ids) <= SAMPLE:
        return ids
    return np.sort(np.random.default_rng(project_id).choice(ids, SAMPLE, replace=False))


def fitted(encoder: Encoder) -> Fitted:
    """The encoder itself. Raises StoreUnavailable."""
    return _fitted(encoder.file, encoder.sha256)


@lru_cache(maxsize=4)
def _fitted(file: str, sha256: str) -> Fitted:
    try:
        with default_storage.open(file, "rb") as stream:
            data: bytes = stream.read()
        if hashlib.sha256(data).hexdigest() != sha256:
            raise StoreUnavailable(
                "The encoder's file is not what was written. Start a round: it fits a new one."
            )
        return encoders.from_bytes(data)
    except (OSError, ValueError, EncoderUnavailable) as error:
        raise StoreUnavailable(f"The encoder cannot be read: {error}") from error


def embed_new(*, encoder: Encoder) -> Ids:
    """Embed the items that are in no shard yet; their ids. What is done when a worker dies stays done."""
    there = [np.asarray(shard.items) for shard in opened_all(encoder)]
    ids = copying.ids(_IDS, {"project": encoder.project_id})
    missing = ids[~np.isin(ids, np.concatenate(there), assume_unique=True)] if there else ids
    for first in range(0, len(missing), SHARD_ROWS):
        _embed(encoder, missing[first : first + SHARD_ROWS])
    return missing


def _embed(encoder: Encoder, ids: Ids) -> None:
    model, load = fitted(encoder), _loader(encoder.project_id)
    rows = np.zeros((len(ids), encoder.dimension), dtype=np.float32)
    for first in range(0, len(ids), READ_ROWS):
        part = ids[first : first + READ_ROWS]
        found = _payloads(part)
        # An item that has been deleted meanwhile keeps its row of zeros: nobody asks for it.
        place = np.searchsorted(part, [pk for pk, _ in found])
        if found:
            rows[first + place] = model.encode([payload for _, payload in found], load=load)
    _write(encoder, ids, rows)


def _payloads(ids: Ids) -> list[tuple[int, dict[str, Any]]]:
    rows: list[tuple[int, dict[str, Any]]] = []
    for first in range(0, len(ids), READ_ROWS):
        part = ids[first : first + READ_ROWS].tolist()
        rows += Item.objects.filter(pk__in=part).order_by("pk").values_list("pk", "payload")
    return rows


def _loader(project_id: int) -> encoders.Load:
    """The bytes of a project's media by name; None for what is not there."""

    def load(name: str) -> bytes | None:
        media = Media.objects.filter(project=project_id, name=name.removeprefix("media:")).first()
        if media is None:
            return None
        with media.file.open("rb") as stream:
            return bytes(stream.read())

    return load


def _write(encoder: Encoder, ids: Ids, rows: Floats) -> EmbeddingShard:
    stream = BytesIO()
    sha256 = files.write(stream, ids, rows, encoder=encoder.sha256)
    name = f"embeddings/{encoder.project_id}/{encoder.version}/{ids[0]}-{sha256[:12]}.shard"
    try:
        file = default_storage.save(name, ContentFile(stream.getbuffer()))
    except OSError as error:
        raise StoreUnavailable(
            f"Vectors cannot be written ({error}). Is the disk full, or the storage away?"
        ) from error
    return EmbeddingShard.objects.create(
        encoder=encoder,
        rows=len(ids),
        first_item=int(ids[0]),
        last_item=int(ids[-1]),
        file=file,
        sha256=sha256,
    )


def opened_all(encoder: Encoder) -> list[Shard]:
    """Every shard of an encoder; those that are gone or damaged are forgotten, for their items to be embedded again."""
    found = []
    for row in encoder.shards.order_by("first_item", "pk"):
        try:
            found.append(opened(row))
        except StoreUnavailable as error:
            logger.warning("A shard is embedded again: %s", error)
            row.delete()
    return found


def opened(row: EmbeddingShard) -> Shard:
    """A shard, mapped into memory. Raises StoreUnavailable."""
    try:
        return _opened(row.file, row.sha256)
    except (OSError, ShardDamaged) as error:
        raise StoreUnavailable(
            f"Vectors cannot be read: {error} Start a round: it embeds these items again."
        ) from error


@lru_cache(maxsize=64)
def _opened(file: str, sha256: str) -> Shard:
    path = _local(file, sha256)
    shard = files.open_shard(path)
    files.verify(shard, path.name)
    if shard.sha256 != sha256:
        raise ShardDamaged(f"{path.name} is not the shard that was written.")
    return shard


def _local(file: str, sha256: str) -> Path:
    """The file on this machine: where the storage has it, or a copy by its checksum."""
    with suppress(NotImplementedError):
        return Path(default_storage.path(file))
    kept = Path(django_settings.DATA_DIR) / "cache" / "shards" / sha256
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with (
            default_storage.open(file, "rb") as stream,
            tempfile.NamedTemporaryFile(dir=kept.parent, delete=False) as draft,
        ):
            shutil.copyfileobj(stream, draft, 1 << 20)
        Path(draft.name).replace(kept)
    return kept


def gather(encoder: Encoder | None, items: Ids) -> tuple[npt.NDArray[np.bool_], Floats]:
    """Vectors of these items: (n,) whether each is there, (n, d) float32."""
    if encoder is None:
        return np.zeros(len(items), dtype=bool), np.zeros((len(items), 0), dtype=np.float32)
    found, rows = files.gather(opened_all(encoder), items)
    return found, rows if rows.shape[1] else np.zeros((len(items), encoder.dimension), dtype=np.float32)


def tidy(*, project_id: int) -> None:
    """Put small shards together, and let go of encoders that are not used any more. Nothing may be reading them."""
    ready = list(Encoder.objects.filter(project=project_id, state=Encoder.State.READY).order_by("-version"))
    if ready:
        _compact(ready[0])
    for old in ready[KEPT_ENCODERS:]:
        _drop(old.shards.all())
        Encoder.objects.filter(pk=old.pk, model_versions=None).delete()


def _compact(encoder: Encoder) -> None:
    small = list(encoder.shards.filter(rows__lt=SMALL_ROWS).order_by("first_item", "pk"))
    if len(small) < MOST_SMALL:
        return
    for group in _groups(small):
        parts = [opened(row) for row in group]
        ids = np.concatenate([part.items for part in parts])
        order = np.argsort(ids, kind="stable")
        rows = np.concatenate([part.vectors for part in parts])[order].astype(np.float32)
        _write(encoder, ids[order], rows)
        _drop(group)


def _groups(rows: Sequence[EmbeddingShard]) -> Iterator[list[EmbeddingShard]]:
    group: list[EmbeddingShard] = []
    for row in rows:
        if group and sum(one.rows for one in group) + row.rows > SHARD_ROWS:
            yield group
            group = []
        group.append(row)
    if len(group) > 1:
        yield group


def _drop(rows: Any) -> None:
    for row in list(rows):
        row.delete()
        with suppress(OSError):
            default_storage.delete(row.file)
