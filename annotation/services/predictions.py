"""What models and imports say of items: kept by version, read for suggestions and comparisons."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import orjson
from django.db import transaction
from django.utils import timezone

from annotation.errors import InvalidInput
from annotation.models import Prediction, Project
from annotation.services import hot
from annotation.services import predictions_sql as sql

BATCH = 5000
# Of a distribution over many labels, so many of the likeliest are kept.
MOST_LABELS = 12
MODEL = Prediction.Kind.MODEL.value


@dataclass(frozen=True, slots=True)
class Predicted:
    """What is said of one question of one item: the value as an answer says it, how likely it is right (None: the source does
    not say), and the probabilities of the labels (of sets, each label by itself)."""

    item: int
    question: str
    value: Any
    confidence: float | None
    distribution: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Latest:
    """The latest prediction of one kind for a question of an item. `confidence` is None where its source did not say."""

    value: Any
    confidence: float | None
    distribution: dict[str, float]
    source: str
    version: str
    created_at: datetime


def keep(
    *,
    project_id: int,
    schema_id: int,
    found: Iterable[Predicted],
    source: str,
    version: int | str,
    kind: str = MODEL,
) -> int:
    """Keep what a version of a source says under this schema; what it said before of the same questions is replaced.

    Returns how many; items that are not there, or not of this project, are left out. Batches of short transactions, in the
    order given: harmless to repeat after an interruption. Predictions for gold questions are kept like any other (docs/labeling-page.md tells why). Raises InvalidInput for
    a confidence or probability that is not between 0 and 1.
    """
    scope = {
        "project": project_id,
        "schema": schema_id,
        "source": source,
        "version": str(version),
        "kind": kind,
    }
    remaining = iter(found)
    kept = 0
    while chunk := list(islice(remaining, BATCH)):
        kept += _keep_batch({**scope, "now": timezone.now()}, chunk)
    return kept


@transaction.atomic
def _keep_batch(scope: dict[str, Any], chunk: Sequence[Predicted]) -> int:
    # In the order of items: two that keep predictions at once wait for each other instead of locking each other up.
    rows = sorted({(one.item, one.question): one for one in chunk}.values(), key=lambda one: one.item)
    said = [scored(one.value, one.confidence, one.distribution) for one in rows]
    columns = {
        "item": [one.item for one in rows],
        "question": [one.question for one in rows],
        "value": [orjson.dumps(one.value).decode() for one in rows],
        "confidence": [_probability(confidence) for confidence, _ in said],
        "distribution": [orjson.dumps(_likeliest(distribution)).decode() for _, distribution in said],
    }
    return len(hot.rows(sql.KEEP, {**scope, **columns}))


def scored(
    value: Any, confidence: float | None, distribution: Mapping[str, float]
) -> tuple[float, Mapping[str, float]]:
    """Confidence and distribution as a row keeps them: without a score, 1 and none; a score of 1 has one, that of the value."""
    if confidence is None:
        return 1.0, {}
    if confidence < 1 or distribution:
        return confidence, distribution
    said = value if isinstance(value, list) else [value]
    return confidence, {str(one): 1.0 for one in said if one is not None}


def _likeliest(distribution: Mapping[str, float]) -> dict[str, float]:
    found = {label: _probability(share) for label, share in distribution.items()}
    if len(found) <= MOST_LABELS:
        return found
    return dict(sorted(found.items(), key=lambda pair: -pair[1])[:MOST_LABELS])


def _probability(value: float) -> float:
    # Rounding of single precision may lead just outside.
    if not (math.isfinite(value) and -1e-6 <= value <= 1 + 1e-6):
        raise InvalidInput(f"A probability is from 0 to 1, not {value}.")
    return min(1.0, max(0.0, float(value)))


def latest(*, items: Sequence[int], kind: str = MODEL) -> dict[int, dict[str, Latest]]:
    """The latest predictions of this kind for these items: {item id: {question: prediction}}, whatever schema they are
    under; items without any are left out."""
    told: dict[int, dict[str, Latest]] = {}
    for row in hot.rows(sql.LATEST, {"items": list(items), "kind": kind}):
        value, distribution = orjson.loads(row.value), orjson.loads(row.distribution)
        told.setdefault(row.item_id, {})[row.question] = Latest(
            value, row.score, distribution, row.source, row.version, row.created_at
        )
    return told


def waiting_gold(project: Project) -> int:
    """How many gold questions are shown to nobody until the model has said something of them: suggestions are shown, and
    they would stand out without one."""
    if not project.suggestions or project.schema_id is None:
        return 0
    return int(hot.one(sql.WAITING, {"project": project.pk, "schema": project.schema_id}).n)


def forget(*, project_id: int, source: str, version: int | str, kind: str = MODEL) -> int:
    """Take back what a version of a source said; the one before it is the latest again. Returns how many."""
    scope = {"project": project_id, "source": source, "version": str(version), "kind": kind}
    count = 0
    while gone := len(hot.rows(sql.FORGET, {**scope, "most": BATCH})):
        count += gone
    return count
