"""Projects with texts, labels that people gave, and labeling functions."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from annotation.models import Consensus, Item, Project
from labelmodel.models import FunctionVersion, LabelingFunction
from labelmodel.services import function_rules
from tests.factories import make_item, make_project

SPAM = [
    {
        "name": "kind",
        "type": "single_choice",
        "title": "Kind",
        "labels": [
            {"value": "spam", "title": "Spam", "color": "red"},
            {"value": "ham", "title": "Ham", "color": "green"},
        ],
    }
]


def make_texts(
    texts: list[str], *, questions: list[dict[str, Any]] | None = None, **values: Any
) -> tuple[Project, list[Item]]:
    """A project with an item for each text, in the order of ids."""
    project = make_project(questions=questions or SPAM, **values)
    rows = [make_item(project, f"item-{n:05}", {"text": text}) for n, text in enumerate(texts)]
    return project, Item.objects.bulk_create(rows)


def label(item: Item, value: Any, **values: Any) -> Consensus:
    """What people say of an item."""
    project = item.project
    question = project.schema.questions[0]["name"] if project.schema else ""
    defaults = {
        "confidence": 0.9,
        "entropy": 0.1,
        "votes": 1,
        "unanimous": True,
        "method": "majority",
        "kinds": ["person"],
    }
    return Consensus.objects.create(
        project=project, item=item, question=question, value=value, distribution=dict.fromkeys(value if isinstance(value, list) else [value], 1.0),
        schema=project.schema, updated_at=timezone.now(), **{**defaults, **values},
    )  # fmt: skip


def make_function(
    project: Project,
    name: str,
    definition: dict[str, Any],
    *,
    kind: str = "keywords",
    state: str = "active",
    **values: Any,
) -> FunctionVersion:
    """A function with one version in this state, as if it had been reviewed."""
    question = str(project.schema.questions[0]["name"]) if project.schema else ""
    rule = function_rules.checked(project=project, question=question, kind=kind, definition=definition)
    function = LabelingFunction.objects.create(
        project=project, question=question, name=name, owner=project.created_by
    )
    return FunctionVersion.objects.create(
        project=project, function=function, number=1, kind=kind, definition=rule.definition, schema=project.schema,
        labels=rule.labels, reads=rule.reads, votes_for=rule.votes_for, author=project.created_by, state=state,
        **{"activated_at": timezone.now() if state == "active" else None, **values},
    )  # fmt: skip
