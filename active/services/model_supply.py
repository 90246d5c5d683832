"""Predictions for the labeling functions that vote by them: of model versions, and of imports. Loads no numerical library before
one runs.

A model that learned from labeling functions says again what they said, so it is refused. One that learned from people has seen
their answers, so it says nothing of items that were answered when it was trained.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import orjson
from django.db import connection

from active.models import ModelVersion
from active.services import registry
from annotation.models import Prediction, Project
from annotation.questions import QUESTION_TYPES
from labelmodel.further_kinds import LOADERS
from labelmodel.services.function_rules import labels_of, question_of
from labelmodel.services.function_supplies import SUPPLIES, Definition, Supply, missing

if TYPE_CHECKING:
    from active.services.model_kind import Ints, Oracle, Said

# By the index of an item's predictions.
_PREDICTED = """
SELECT item_id, value::text, confidence, distribution::text FROM annotation_prediction
WHERE item_id = ANY(%(items)s) AND question = %(question)s AND kind = 'import' AND source = %(source)s AND version = %(version)s
"""
_ANSWERED = """
SELECT DISTINCT item_id FROM annotation_annotation WHERE item_id = ANY(%(items)s) AND created_at <= %(at)s ORDER BY item_id
"""


def add() -> None:
    """Let there be functions that vote by predictions."""
    LOADERS.append(_register)
    SUPPLIES["model"] = Supply(_complete, _resources)


def _register() -> None:
    import active.services.model_kind  # noqa: F401


def _complete(project: Project, question: str, definition: Definition) -> Definition:
    if "source" in definition:
        _check_import(project, question, definition)
        return definition
    return {**definition, "model": _version(project, question, definition).version}


def _resources(project: Project, question: str, definition: Definition) -> dict[str, Any]:
    """Raises StorageFault, too."""
    if "source" in definition:
        return {"oracle": _import(project, question, definition)}
    return {"oracle": _model(_version(project, question, definition))}


def _check_import(project: Project, question: str, definition: Definition) -> None:
    named = {"source": definition["source"], "version": definition["version"]}
    imported = Prediction.objects.filter(project=project, kind=Prediction.Kind.IMPORT, **named)
    if not imported.filter(question=question).exists():
        raise missing(
            f"Nobody has imported predictions of “{named['source']}”, version {named['version']}, for this question.",
            "source",
        )


def _version(project: Project, question: str, definition: Definition) -> ModelVersion:
    if "model" in definition:
        found = ModelVersion.objects.filter(project=project, question=question, version=definition["model"])
        row = found.select_related("encoder").first()
    else:
        row = registry.in_use(project, question)
    if row is None:
        named = f"no version {definition['model']} of a model" if "model" in definition else "no model in use"
        raise missing(f"There is {named} for this question.", "model")
    if why := registry.no_vote(project, row):
        raise missing(why, "model")
    return row


def _model(row: ModelVersion) -> Oracle:
    import numpy as np

    from active.services import artifacts, copying, embeddings
    from active.services.model_kind import Oracle, Said

    predictor = artifacts.load(row)

    def of(items: Ints) -> Said:
        found, vectors = embeddings.gather_current(row.encoder, items)
        label, chance = np.full(len(items), -1, dtype=np.int64), np.zeros(len(items))
        if found.any():
            chances = predictor.predict(vectors[found])
            label[found], chance[found] = chances.argmax(axis=1), chances.max(axis=1)
        answered = copying.ids(_ANSWERED, {"items": items.tolist(), "at": row.created_at})
        return Said(label, chance, ~found, np.isin(items, answered))

    return Oracle(tuple(predictor.labels), of)


def _import(project: Project, question: str, definition: Definition) -> Oracle:
    import numpy as np

    from active.services.model_kind import Oracle, Said

    asked = question_of(project.schema, question)
    labels, kind = labels_of(asked), QUESTION_TYPES[asked["type"]]
    place = {label: position for position, label in enumerate(labels)}
    scope = {"question": question, "source": definition["source"], "version": definition["version"]}

    def of(items: Ints) -> Said:
        label, chance = np.full(len(items), -1, dtype=np.int64), np.zeros(len(items))
        order = np.argsort(items, kind="stable")
        for item, value, confidence, distribution in _rows({**scope, "items": items.tolist()}):
            said = kind.votes(asked, orjson.loads(value))
            best = _likeliest(orjson.loads(distribution) or dict.fromkeys(said, confidence), place)
            at = order[np.searchsorted(items, item, sorter=order)]
            label[at], chance[at] = best
        nowhere = np.zeros(len(items), dtype=bool)
        return Said(label, chance, nowhere, nowhere)

    return Oracle(tuple(labels), of)


def _likeliest(chances: dict[str, float], place: dict[str, int]) -> tuple[int, float]:
    """Position and probability; of equals the first label of the question."""
    known = [(chance, -place[label]) for label, chance in chances.items() if label in place]
    chance, position = max(known, default=(0.0, 1))
    return -position, chance


def _rows(scope: dict[str, Any]) -> Iterable[tuple[int, str, float, str]]:
    with connection.cursor() as cursor:
        cursor.execute(_PREDICTED, scope)
        return list(cursor.fetchall())
