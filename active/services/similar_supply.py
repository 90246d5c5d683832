"""Exemplars for the labeling functions that vote by similarity. Loads no numerical library before one runs."""

from __future__ import annotations

from typing import Any

from active.models import Encoder
from active.services.registry import current_encoder, sensitive_vectors
from annotation.models import Item, Project
from labelmodel.further_kinds import LOADERS
from labelmodel.services.function_supplies import SUPPLIES, Definition, Supply, missing

NO_ENCODER = "No item of this project has a vector yet. Run a round of learning first."


def add() -> None:
    """Let there be functions that vote by similarity."""
    LOADERS.append(_register)
    SUPPLIES["similar"] = Supply(_complete, _resources)


def _register() -> None:
    import active.services.similar_kind  # noqa: F401


def _complete(project: Project, question: str, definition: Definition) -> Definition:
    encoder = _encoder(project, definition)
    _items(project, definition)
    return {**definition, "encoder": encoder.version}


def _encoder(project: Project, definition: Definition) -> Encoder:
    """The one that the definition names, which has to be the current one: of others new items have no vectors."""
    found = current_encoder(project)
    if found is None:
        raise missing(NO_ENCODER, "exemplars")
    if why := sensitive_vectors(project, found):
        raise missing(why, "exemplars")
    named = definition.get("encoder", found.version)
    if named != found.version:
        raise missing(
            f"Vectors are made by version {found.version} of the encoder now, not by {named}. Look at the least "
            "similarity, leave the encoder out, and save a new version.",
            "encoder",
        )
    return found


def _items(project: Project, definition: Definition) -> list[int]:
    """The exemplars, in the definition's order."""
    keys = [one["key"] for one in definition["exemplars"]]
    known = dict(Item.objects.filter(project=project, key__in=keys).values_list("key", "pk"))
    for place, key in enumerate(keys):
        if key not in known:
            raise missing(f"There is no item “{key}” in this project.", "exemplars", place, "key")
    return [known[key] for key in keys]


def _resources(project: Project, question: str, definition: Definition) -> dict[str, Any]:
    """Raises StorageFault, too."""
    import numpy as np

    from active.services import embeddings
    from active.services.similar_kind import Exemplars

    encoder, items = _encoder(project, definition), _items(project, definition)
    found, vectors = embeddings.gather(encoder, np.array(items, dtype=np.int64))
    if not found.all():
        place = int(np.flatnonzero(~found)[0])
        key = definition["exemplars"][place]["key"]
        raise missing(
            f"The item “{key}” has no vector yet; the next round of learning makes it.", "exemplars", place
        )
    return {
        "exemplars": Exemplars(
            encoder.version, vectors, lambda items: embeddings.gather_current(encoder, items)
        )
    }
