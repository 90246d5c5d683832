"""Votes on the sample and on labeled items: of a definition that is being written, and of all active functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from annotation.errors import DomainError, InvalidInput
from annotation.models import Project
from annotation.questions import QUESTION_TYPES
from annotation.questions.types import Question
from labelmodel.functions import ABSTAIN, KINDS, Batch, Cast, Function, apply
from labelmodel.models import FunctionVersion, LabelingFunction
from labelmodel.services import feedback_pool
from labelmodel.services.feedback_pool import Labeled, Pool
from labelmodel.services.function_rules import checked, labels_of, prepared, question_of

Votes = NDArray[np.int16]

LIMIT_SECONDS = 1.5


@dataclass(frozen=True, eq=False)
class Ground:
    """What the functions of a question are held against."""

    project: Project
    question: Question
    labels: list[str]
    exclusive: bool
    pool: Pool
    labeled: Labeled


@dataclass(frozen=True, eq=False)
class Votings:
    """Votes of one function, as positions in the question's labels: on the first items of the sample, and of the labeled ones."""

    function: int
    name: str
    sample: Votes
    labeled: Votes
    errors: dict[int, str] = field(default_factory=dict)
    stopped: bool = False


def ground(project: Project, question: str) -> Ground:
    """Raises InvalidInput where functions do not vote on this question."""
    asked = question_of(project.schema, question)
    pool = feedback_pool.of(project)
    labeled = feedback_pool.labeled(project, pool, asked)
    return Ground(project, asked, labels_of(asked), QUESTION_TYPES[asked["type"]].one_value, pool, labeled)


def of_draft(on: Ground, kind: str, definition: object) -> tuple[Function, Votings]:
    """A definition that nobody has kept yet. Raises InvalidInput with its faults."""
    rule = checked(project=on.project, question=str(on.question["name"]), kind=kind, definition=definition)
    if KINDS[kind].waits:
        # It asks somebody else, who is not to be asked again with every letter.
        raise InvalidInput(
            "Functions of this kind are tried out by a canary run, not while they are written."
        )
    function = LabelingFunction(project=on.project, question=str(on.question["name"]))
    draft = FunctionVersion(
        project=on.project, function=function, kind=kind, definition=rule.definition, labels=on.labels
    )
    ready = prepared(draft, fields=on.pool.fields)
    return ready, _votings(on, ready, 0, "", list(range(len(on.labels))))


def of_others(on: Ground, but: int | None) -> tuple[list[Votings], list[str]]:
    """Every active function but this one; and the names of those that cannot be applied here."""
    found, left_out = [], []
    mine = FunctionVersion.objects.filter(project=on.project, function__question=on.question["name"])
    for version in mine.exclude(function=but or 0).voting().select_related("function", "schema"):
        name = version.function.name
        try:
            if version.kind not in KINDS or KINDS[version.kind].waits:
                raise InvalidInput("not applied here")
            found.append(_of_version(on, version))
        except DomainError:
            left_out.append(name)
    return found, left_out


def _of_version(on: Ground, version: FunctionVersion) -> Votings:
    """Versions never change: what one says of the sample is counted once."""
    key = (version.pk, on.project.schema_id)
    on_sample, on_labeled = on.pool.casts.get(key), on.labeled.casts.get(version.pk)
    if on_sample is None or on_labeled is None:
        version.project = on.project
        place = {label: position for position, label in enumerate(on.labels)}
        into = [place.get(label, ABSTAIN) for label in version.labels]
        function = prepared(version, fields=on.pool.fields)
        made = _votings(on, function, version.function_id, version.function.name, into)
        on_sample = on.pool.casts[key] = made.sample
        on_labeled = on.labeled.casts[version.pk] = made.labeled
    return Votings(version.function_id, version.function.name, on_sample, on_labeled)


def _votings(on: Ground, function: Function, number: int, name: str, into: Sequence[int]) -> Votings:
    # Kinds that look at each item by itself get a smaller part.
    few = function.kind.whole or function.kind.by_item
    sample = _cast(function, on.pool.few if few else on.pool.batch)
    labeled = _cast(function, on.labeled.few if few else on.labeled.batch)
    meant = np.array([*into, ABSTAIN], dtype=np.int16)
    return Votings(
        number,
        name,
        meant[_seen(sample)],
        meant[_seen(labeled)],
        dict(sample.errors),
        sample.stopped is not None,
    )


def _cast(function: Function, batch: Batch) -> Cast:
    (found,) = apply([function], batch, limit_seconds=LIMIT_SECONDS)
    return found


def _seen(cast: Cast) -> Votes:
    """Those that it looked at, which come first."""
    return cast.label[: cast.stopped]
