"""Models from bytes."""

from __future__ import annotations

from active.learners.boosting import Trees
from active.learners.committee import Committee
from active.learners.logistic import Linear
from active.learners.mlp import Network
from active.learners.model import WHAT, Model
from active.learners.packing import NotReadable, unpacked
from active.learners.support import Support

MODELS: dict[str, type[Model]] = {one.learner: one for one in (Linear, Network, Committee, Trees)}


def model_from_bytes(stored: bytes) -> Model:
    """What Model.to_bytes stored. NotReadable, a ValueError, when it is anything else."""
    facts, arrays = unpacked(WHAT, stored)
    learner = facts.pop("learner", None)
    if learner not in MODELS:
        raise NotReadable(f"{WHAT} by {learner!r}, which is not one of {', '.join(MODELS)}")
    try:
        support = Support(arrays.pop("labels"), arrays.pop("others"), facts.pop("share"))
        return MODELS[learner](support=support, **facts, **arrays)
    except (KeyError, TypeError) as error:
        raise NotReadable(f"{WHAT} lacks or exceeds what {learner} needs ({error})") from error
