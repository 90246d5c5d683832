"""Labeling functions for tests: one that votes, through review and trial to activation, and a kind that does what it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np

from annotation.models import Item, Project, User
from labelmodel.functions import ABSTAIN, KINDS, Batch, Cast, Kind
from labelmodel.models import FunctionRun, FunctionVersion, VoteShard
from labelmodel.services import (
    asking_requests,
    function_asking,
    function_review,
    function_run,
    functions,
)
from labelmodel.services.vote_shards import UNSEEN, unpack
from tests.factories import make_item, make_project

TEXTS = ["good film", "bad film", "so good", "neither", "good and bad", "bad"]


def reviews(texts: list[str] | None = None, **values: Any) -> Project:
    """A project with a text in each item."""
    project = make_project(**values)
    add_items(project, TEXTS if texts is None else texts)
    return project


def add_items(project: Project, texts: list[str]) -> list[Item]:
    start = project.items.count()
    return Item.objects.bulk_create(
        make_item(project, f"item-{start + n:05}", {"text": text}) for n, text in enumerate(texts)
    )


def words(label: str, *terms: str) -> dict[str, Any]:
    return {"label": label, "any": list(terms)}


def draft(
    project: Project,
    name: str = "good words",
    definition: dict[str, Any] | None = None,
    *,
    by: User | None = None,
    kind: str = "keywords",
    **values: Any,
) -> FunctionVersion:
    return functions.create(
        project=project,
        by=by or project.created_by,
        name=name,
        question="sentiment",
        kind=kind,
        definition=words("positive", "good") if definition is None else definition,
        **values,
    )


def activate(version: FunctionVersion, by: User | None = None) -> FunctionVersion:
    """From a draft to an active version, by whoever owns the project; the pool is not run."""
    by = by or version.project.created_by
    function_review.submit(version=version, by=by)
    function_review.approve(version=version, by=by)
    work_off(version.project)
    version.refresh_from_db()
    return function_review.activate(version=version, by=by)


def active(
    project: Project, name: str = "good words", definition: Any = None, **values: Any
) -> FunctionVersion:
    """An active function that has run over the pool."""
    version = activate(draft(project, name, definition, **values))
    run(project)
    return version


def work_off(project: Project) -> None:
    """Whatever waits is done, also by functions that ask others, up to where it is of no use to go on."""
    function_run.run_project(project_id=project.pk)
    for pk in asking_requests.due(project_id=project.pk):
        while function_asking.go_on(run_id=pk):
            pass


def run(project: Project) -> FunctionRun:
    """Whatever waits is done; the latest run over the pool."""
    work_off(project)
    return project.function_runs.exclude(kind="canary").latest("pk")


def said(version: FunctionVersion) -> dict[str, str | None]:
    """{key: the label, or None for abstaining} of the items that a version has seen."""
    items = {item.pk: item.key for item in Item.objects.filter(project=version.project_id)}
    found: dict[str, str | None] = {}
    for shard in VoteShard.objects.filter(version=version):
        label = unpack(shard.votes)
        for pk, key in items.items():
            place = pk - shard.block * len(label)
            if 0 <= place < len(label) and label[place] != UNSEEN:
                found[key] = version.labels[label[place]] if label[place] != ABSTAIN else None
    return found


@contextmanager
def told(apply: Callable[[Batch], Cast], *, name: str = "told") -> Iterator[None]:
    """A kind that votes as this says, for as long as the block lasts; it reads `text`."""
    kind = Kind(
        name, "Told", "For tests.", lambda given, context: given, lambda given: frozenset({"text"}),
        lambda given, context, resources: apply,
    )  # fmt: skip
    with mock.patch.dict(KINDS, {name: kind}):
        yield


def all_first(batch: Batch) -> Cast:
    """Votes for the first label everywhere."""
    return Cast(np.zeros(len(batch), dtype=np.int16))
