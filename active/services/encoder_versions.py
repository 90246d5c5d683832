"""Which encoder a project uses: fitted on a sample, kept in storage, and fitted anew where something about it has changed."""

from __future__ import annotations

import hashlib
import io
import logging
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings as django_settings
from django.db.models import Max

from active import encoders
from active.encoders import EncoderUnavailable
from active.encoders.types import Encoder as Fitted
from active.models import Encoder, LearningSettings
from active.services import payloads, storage
from annotation.errors import DomainError
from annotation.models import Item, Project
from annotation.services import stored
from annotation.services.locks import waited_for
from annotation.services.stored import FileLost, StorageFault

logger = logging.getLogger(__name__)
State = Encoder.State

# What an encoder is fitted on, drawn from the whole pool.
SAMPLE = 30_000
# Items that tell what fields hold.
FIRST = 500
# A fit on less than this is done anew when there are so many times as many items.
SMALL_SAMPLE, GROWN = 10_000, 4
DIED = "The worker that fitted this encoder died, most likely for lack of memory."
# Models of a hub: name, or owner and name.
_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?", re.ASCII)


class CannotEmbed(DomainError):
    """Vectors cannot be made of these items; the message says what to do."""

    code = "cannot_embed"


def current(*, project: Project, settings: LearningSettings) -> Encoder:
    """The encoder that a project uses now; a new version where there is none, or where something about it has changed.

    Raises CannotEmbed, StorageFault.
    """
    # Two who find none would fit two.
    with waited_for("embeddings", project.pk):
        wanted = _wanted(project, settings)
        latest = project.encoders.filter(state=State.READY).order_by("-version").first()
        if latest is not None and latest.options.get("wanted") == wanted:
            try:
                if not (fitted(latest).learns and _outgrown(latest)):
                    return latest
            except FileLost as error:
                logger.warning("An encoder is fitted anew: %s", error)
        return _fit(project, wanted)


def _wanted(project: Project, settings: LearningSettings) -> dict[str, Any]:
    """What the encoder is to be: by the settings, or by the types of the fields and what the first items hold."""
    fields = project.schema.fields if project.schema else []
    if settings.encoder:
        options = dict(settings.encoder_options)
        named = options.pop("fields", None)
        if not isinstance(named, list):
            named = [one["name"] for one in fields]
        return {"kind": settings.encoder, "fields": [str(name) for name in named], "options": options}
    first = project.items.order_by("pk").values_list("payload", flat=True)[:FIRST]
    choice = encoders.choose(fields, list(first))
    return {"kind": choice.kind, "fields": list(choice.fields), "options": dict(choice.options)}


def _outgrown(encoder: Encoder) -> bool:
    """It was fitted on a few items of what are many now."""
    fitted_on = int(encoder.options.get("sample", 0))
    if fitted_on >= SMALL_SAMPLE:
        return False
    most = GROWN * max(fitted_on, 100)
    return Item.objects.filter(project=encoder.project_id)[: most + 1].count() > most


def _fit(project: Project, wanted: dict[str, Any]) -> Encoder:
    if wanted["kind"] not in encoders.ENCODERS:
        raise CannotEmbed(f"There is no encoder '{wanted['kind']}'. Choose another in the settings.")
    if wanted["kind"] == "vectors" and not wanted["fields"]:
        raise CannotEmbed(
            "No vectors have been imported, or their file is lost. Import them, or name the field that holds them."
        )
    row = begin(project, wanted["kind"])
    sample = _sample(project.pk)
    files = payloads.Files(project.pk)
    files.know(sample, wanted["fields"])
    try:
        made = encoders.ENCODERS[wanted["kind"]](
            sample,
            wanted["fields"],
            options=permitted(wanted["options"]),
            seed=row.version,
            load=files.load,
        )
        keep(row, made, {"wanted": wanted, "sample": len(sample)})
    except (EncoderUnavailable, ValueError, StorageFault) as error:
        Encoder.objects.filter(pk=row.pk).update(state=State.FAILED, error=str(error))
        raise CannotEmbed(f"The encoder could not be made: {error}") from error
    return row


def begin(project: Project, kind: str) -> Encoder:
    """The row of the next version. The caller holds the project's lock, so that whatever is being fitted belongs to a
    worker that is no more."""
    project.encoders.filter(state=State.FITTING).update(state=State.FAILED, error=DIED)
    # Of failures only the latest is of interest.
    newest = project.encoders.aggregate(number=Max("version"))["number"] or 0
    project.encoders.filter(state=State.FAILED, version__lt=newest).delete()
    return Encoder.objects.create(project=project, version=newest + 1, kind=kind)


def keep(row: Encoder, made: Fitted, options: Mapping[str, Any], *, state: str = State.READY) -> None:
    """Write an encoder to storage, and its row. Raises StorageFault."""
    data = made.to_bytes()
    row.sha256 = hashlib.sha256(data).hexdigest()
    name = f"embeddings/{row.project_id}/{row.version}/{row.sha256[:12]}.encoder"
    row.file = stored.keep(name, io.BytesIO(data))
    row.dimension, row.state, row.options = made.dimension, state, dict(options)
    row.save()


def _sample(project_id: int) -> list[payloads.Payload]:
    ids = payloads.ids_of(project_id)
    if len(ids) > SAMPLE:
        ids = np.sort(np.random.default_rng(project_id).choice(ids, SAMPLE, replace=False))
    return [one for part in payloads.of_items(ids) for one in part.contents]


def fitted(encoder: Encoder) -> Fitted:
    """The encoder itself. Raises FileLost, StorageFault."""
    return _fitted(encoder.file, encoder.sha256)


@lru_cache(maxsize=2)
def _fitted(file: str, sha256: str) -> Fitted:
    data = storage.read(file, sha256)
    try:
        return encoders.from_bytes(data)
    except ValueError as error:
        raise FileLost(str(error)) from error


def permitted(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with models where the operator has them. ValueError for a path elsewhere, or a forbidden download.

    Whoever configures a project must not make workers read whatever file they like.
    """
    found = dict(options)
    if "parts" in found and isinstance(found["parts"], list):
        found["parts"] = [
            {**part, "options": permitted(part["options"])}
            if isinstance(part, dict) and part.get("options")
            else part
            for part in found["parts"]
        ]
    for name in ("model", "path"):
        if isinstance(found.get(name), str) and found[name]:
            found[name] = _place(name, found[name])
    if found.get("download") and not django_settings.MODEL_DOWNLOADS:
        raise ValueError("Models are not downloaded here. The operator may allow it with MODEL_DOWNLOADS.")
    return found


def _place(option: str, name: str) -> str:
    folder = Path(django_settings.MODELS_DIR).resolve()
    path = (folder / name).resolve()
    if path.is_relative_to(folder) and path.exists():
        return str(path)
    if option == "model" and _HUB_NAME.fullmatch(name) and not Path(name).exists():
        return name
    raise ValueError(f"There is no model '{name}' in the operator's folder of models (MODELS_DIR).")
