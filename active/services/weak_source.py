"""The model in use as a source that votes beside labeling functions, where a project lets it.

Nothing is kept of it item by item: its vectors are there, so its votes are worked out again when a label model is fitted.
"""

from __future__ import annotations

from typing import Any

from active.models import ModelVersion
from active.services import registry
from annotation.models import Project
from annotation.questions.types import Question

# What is less likely than this is no vote.
LEAST_CONFIDENCE = 0.5


def add() -> None:
    """Let label models for functions have it."""
    from labelmodel.services import weak_sources

    weak_sources.MAKERS["model"] = made


def made(project: Project, question: Question, pinned: str) -> Any:
    """The model in use of a question, or the version that a run pinned; None where there is none."""
    from labelmodel.services.weak_sources import Beside

    row = _version(project, question["name"], pinned)
    if row is None or not row.file:
        return None
    return Beside(
        f"model:{row.version}", f"model, version {row.version}", lambda items: _votes(row, question, items)
    )


def _version(project: Project, question: str, pinned: str) -> ModelVersion | None:
    if not pinned:
        return registry.in_use(project, question)
    versions = ModelVersion.objects.filter(project=project, question=question, version=int(pinned))
    return versions.select_related("encoder").first()


def _votes(row: ModelVersion, question: Question, items: Any) -> Any:
    """Positions of the items that it is sure enough of, and of the labels."""
    # Here and not above: only workers load numerical libraries.
    import numpy as np

    from active.services import artifacts, embeddings
    from labelmodel.services.function_rules import labels_of

    predictor = artifacts.load(row)
    place = {label: position for position, label in enumerate(labels_of(question))}
    columns = np.array([place.get(label, -1) for label in predictor.labels], dtype=np.int64)
    found, vectors = embeddings.gather(row.encoder, items)
    there = np.flatnonzero(found)
    chances = predictor.predict(vectors[found])
    if predictor.kind == "set":
        rows, said = np.nonzero(chances >= LEAST_CONFIDENCE)
    else:
        said = chances.argmax(axis=1)
        rows = np.flatnonzero(chances.max(axis=1) >= LEAST_CONFIDENCE)
        said = said[rows]
    known = columns[said] >= 0
    return there[rows[known]], columns[said[known]]
