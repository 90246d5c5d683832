"""What models learned, in storage: written once, checked by SHA-256, opened once for each worker process."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from active.learners import Calibration, Model, calibration_from_bytes, model_from_bytes
from active.models import ModelVersion
from annotation.errors import DomainError

Floats = npt.NDArray[np.float32]
# The bytes of the model come first, after their length.
_LENGTH = 8


class ArtifactLost(DomainError):
    """A model's file is gone or not what was written."""

    code = "artifact_lost"


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
    """Write the artifact of a model version and tell its row where it is."""
    data = predictor.to_bytes()
    row.sha256, row.size = hashlib.sha256(data).hexdigest(), len(data)
    row.file = default_storage.save(
        f"models/{row.project_id}/{row.version}-{row.sha256[:12]}.model", ContentFile(data)
    )


def load(row: ModelVersion) -> Predictor:
    """The model of a version. Raises ArtifactLost with what to do."""
    return _load(row.file, row.sha256, row.version, tuple(row.parameters["labels"]), row.parameters["kind"])


@lru_cache(maxsize=4)
def _load(file: str, sha256: str, version: int, labels: tuple[str, ...], kind: str) -> Predictor:
    again = "Start a round: it trains a new one. The queue stays as it is."
    try:
        with default_storage.open(file, "rb") as stream:
            data: bytes = stream.read()
    except (OSError, ValueError) as error:
        raise ArtifactLost(
            f"The file of model version {version} cannot be read ({error}). {again}"
        ) from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ArtifactLost(f"The file of model version {version} is not what was written. {again}")
    split = _LENGTH + int.from_bytes(data[:_LENGTH], "little")
    return Predictor(
        model_from_bytes(data[_LENGTH:split]), calibration_from_bytes(data[split:]), list(labels), kind
    )


def drop(row: ModelVersion) -> None:
    """Let go of what an old version learned; its record stays."""
    if row.file:
        default_storage.delete(row.file)
        ModelVersion.objects.filter(pk=row.pk).update(file="", size=0)
        _load.cache_clear()


def forget_cached(**_: Any) -> None:
    """For tests: open everything anew."""
    _load.cache_clear()
