"""What models learned, in storage: written once, checked by SHA-256, opened once for each worker process."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from active.learners import Calibration, Model, calibration_from_bytes, model_from_bytes
from active.models import ModelVersion
from active.services import storage
from annotation.services.stored import keep

Floats = npt.NDArray[np.float32]
# The bytes of the model come first, after their length.
_LENGTH = 8


@dataclass(frozen=True, eq=False)
class Predictor:
    """A model with its calibration, and the labels by their numbers."""

    model: Model
    calibration: Calibration
    labels: list[str]
    kind: str

    @property
    def n_labels(self) -> int:
        return len(self.labels)

    def predict(self, features: Floats) -> Floats:
        """(n, k) calibrated probabilities; rows add up to 1 but for sets."""
        return np.asarray(self.calibration.apply(self.model.predict(features)), dtype=np.float32)

    def committee(self, features: Floats) -> Floats | None:
        """(c, n, k) probabilities by each member, None where the learner has none."""
        votes = self.model.committee(features)
        return None if votes is None else np.asarray(votes, dtype=np.float32)

    def to_bytes(self) -> bytes:
        model = self.model.to_bytes()
        return len(model).to_bytes(_LENGTH, "little") + model + self.calibration.to_bytes()


def save(row: ModelVersion, predictor: Predictor) -> None:
    """Write the artifact of a model version and tell its row where it is. Raises StorageFault."""
    data = predictor.to_bytes()
    row.sha256, row.size = hashlib.sha256(data).hexdigest(), len(data)
    row.file = keep(f"models/{row.project_id}/{row.version}-{row.sha256[:12]}.model", io.BytesIO(data))


def load(row: ModelVersion) -> Predictor:
    """The model of a version. Raises FileLost where its file is gone or damaged, StorageFault."""
    return _load(row.file, row.sha256, tuple(row.parameters["labels"]), row.parameters["kind"])


@lru_cache(maxsize=4)
def _load(file: str, sha256: str, labels: tuple[str, ...], kind: str) -> Predictor:
    data = storage.read(file, sha256)
    split = _LENGTH + int.from_bytes(data[:_LENGTH], "little")
    return Predictor(
        model_from_bytes(data[_LENGTH:split]), calibration_from_bytes(data[split:]), list(labels), kind
    )


def drop(row: ModelVersion) -> None:
    """Let go of what an old version learned; its record stays."""
    storage.remove([row.file])
    ModelVersion.objects.filter(pk=row.pk).update(file="", size=0)
