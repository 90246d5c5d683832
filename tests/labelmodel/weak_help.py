"""Projects whose labeling functions differ: three who are often right, a copy, one that errs, and items that none votes on."""

from __future__ import annotations

from typing import Any

import numpy as np

from annotation.models import Item, Project
from annotation.services import answers, queue
from annotation.services.answers import Answer
from labelmodel.models import FunctionVersion, LabelingFunction, WeakRun
from labelmodel.services import function_run, refresh, run_requests, weak, weak_run
from tests.factories import make_item, make_member, make_project

TRUTH = ("positive", "negative")
# How often each function votes, and how often it is right then.
FUNCTIONS = {"sure": (0.5, 0.95), "fair": (0.6, 0.8), "shaky": (0.5, 0.65), "copy": (0.6, 0.8)}


def truth(n: int) -> str:
    return TRUTH[n % 3 == 0]


def make_weak(items: int = 300, *, seed: int = 3, **values: Any) -> Project:
    """Items with a word for each function that votes on them, and functions that look for their words; not run yet."""
    project = make_project(gold_rate=0, **values)
    rng = np.random.default_rng(seed)
    Item.objects.bulk_create(make_item(project, f"item-{n:05}", {"text": text(n, rng)}) for n in range(items))
    for name in FUNCTIONS:
        add_function(project, name)
    return project


def text(n: int, rng: np.random.Generator) -> str:
    words = [f"Number {n}."]
    for name, (share, right) in FUNCTIONS.items():
        if name != "copy" and rng.random() < share:
            said = truth(n) if rng.random() < right else TRUTH[truth(n) == TRUTH[0]]
            words.append(f"{name}{said}")
            if name == "fair":
                words.append(f"copy{said}")
    return " ".join(words)


def add_function(project: Project, name: str, **values: Any) -> FunctionVersion:
    """An active function that votes for each label that its name stands in front of."""
    rules = [{"label": label, "any": [f"{name}{label}"]} for label in TRUTH]
    function = LabelingFunction.objects.create(
        project=project, question="sentiment", name=name, owner=project.created_by
    )
    assert project.schema is not None
    return FunctionVersion.objects.create(**{
        "project": project, "function": function, "number": 1, "kind": "keywords", "state": "active",
        "definition": {"fields": ["text"], "case": False, "words": True, "rules": rules}, "reads": ["text"],
        "labels": ["positive", "negative", "neutral"], "votes_for": list(TRUTH), "schema": project.schema,
        "author": project.created_by,
    } | values)  # fmt: skip


def cast(project: Project) -> None:
    """Run the functions over what they have not seen."""
    run_requests.want(project=project, by=project.created_by, trigger="change")
    function_run.run_project(project_id=project.pk)


def label(project: Project, count: int, *, as_set: bool = False) -> None:
    """So many answers, true ones, to what the queue gives."""
    person = project.memberships.filter(role="annotator").first()
    user = person.user if person else make_member(project)
    for _ in range(count):
        (turn,) = queue.next_leases(annotator=user, project=project, count=1).turns
        right = truth(int(turn.key[-5:]))
        said = Answer({"sentiment": [right] if as_set else right}, f"{user.pk}-{turn.id}", 4.0)
        answers.submit(annotator=user, lease_id=turn.id, given=said)
    refresh.refresh(project_id=project.pk)


def fit(project: Project, question: str = "sentiment", **values: Any) -> WeakRun:
    """A fit, as workers do it."""
    run = weak.want(project=project, question=question, by=project.created_by, trigger="rest", **values)
    weak_run.run(run_id=run.pk)
    run.refresh_from_db()
    return run
