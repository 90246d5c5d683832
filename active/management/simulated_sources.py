"""What a simulation runs on: a labeled file, or a project."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.core.management.base import CommandError
from numpy.typing import NDArray

from active.encoders import ENCODERS
from active.management.labeled_files import numbered, read_columns, read_vectors
from active.replay import Examples, held_out
from active.services import learning
from annotation.errors import DomainError
from annotation.models import Project

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Files:
    """Where labeled texts are; `embeddings` belong to `path` row by row, `test_embeddings` to `test`."""

    path: Path
    text: str
    label: str
    embeddings: Path | None = None
    test: Path | None = None
    test_embeddings: Path | None = None
    held_out: float = 0.3


def from_files(files: Files) -> tuple[Examples, list[str]]:
    """Examples, and the names of the labels. Without a file to test on, a share of each label's rows is held out."""
    if files.test and bool(files.embeddings) != bool(files.test_embeddings):
        raise CommandError(
            "Embeddings are needed of both files or of none: --embeddings and --test-embeddings."
        )
    if files.test_embeddings and not files.test:
        raise CommandError("--test-embeddings belong to a file: give --test too.")
    texts, named = read_columns(files.path, [files.text, files.label])
    test_texts, test_named = read_columns(files.test, [files.text, files.label]) if files.test else ([], [])
    (labels, test_labels), names = numbered(named, test_named)
    if files.test is None:
        held = held_out(labels, files.held_out, seed=0)
        vectors = _vectors(files.embeddings, files.path, texts, ~held)
        return _examples(vectors[~held], labels[~held], vectors[held], labels[held]), names
    if files.embeddings and files.test_embeddings:
        train = read_vectors(files.embeddings, len(texts), files.path)
        test = read_vectors(files.test_embeddings, len(test_texts), files.test)
        return _examples(train, labels, test, test_labels), names
    both = _encoded([*texts, *test_texts], range(len(texts)))
    return _examples(both[: len(texts)], labels, both[len(texts) :], test_labels), names


def from_project(number: int, question: str) -> tuple[Examples, str]:
    """What a project has labeled, by the consensus on one question; and the project's name."""
    project = Project.objects.select_related("schema").filter(pk=number).first()
    if project is None:
        raise CommandError(f"There is no project {number}.")
    learnable = {one["name"]: one for one in learning.learnable(project)}
    if question and question not in learnable:
        there = ", ".join(learnable) or "none"
        raise CommandError(
            f"A model cannot learn the question “{question}” of this project; it can: {there}."
        )
    if not learnable:
        raise CommandError(learning.NOTHING_TO_LEARN)
    # Rounds and all that they load are needed for projects only.
    from active.services import simulating

    asked = learnable[question] if question else next(iter(learnable.values()))
    try:
        return simulating.examples_of(project, asked), project.name
    except DomainError as error:
        raise CommandError(str(error)) from error
    except ValueError as error:
        raise CommandError(f"Too little of this project is labeled to be replayed: {error}.") from error


def _vectors(embeddings: Path | None, path: Path, texts: list[str], learn_from: NDArray[np.bool_]) -> Floats:
    if embeddings:
        return read_vectors(embeddings, len(texts), path)
    return _encoded(texts, np.flatnonzero(learn_from))


def _encoded(texts: list[str], learn_from: range | NDArray[np.int64]) -> Floats:
    """Vectors of the built-in text encoder, which sees only some of the texts when it learns."""
    payloads = [{"text": text} for text in texts]
    encoder = ENCODERS["text"]([payloads[row] for row in learn_from], ["text"])
    return encoder.encode(payloads)


def _examples(features: Floats, labels: Ints, test_features: Floats, test_labels: Ints) -> Examples:
    try:
        return Examples(features, labels, test_features, test_labels)
    except ValueError as error:
        raise CommandError(f"{error}.") from error
