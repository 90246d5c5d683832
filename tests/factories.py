"""Makers of test rows, with the least that each needs."""

from __future__ import annotations

import hashlib
import itertools
import json
from typing import Any

from annotation.models import Dataset, Item, Membership, Project, Schema, User

_NUMBERS = itertools.count(1)

FIELDS = [{"name": "text", "type": "text"}]
SENTIMENT = [
    {
        "name": "sentiment",
        "type": "single_choice",
        "title": "Sentiment",
        "required": True,
        "labels": [
            {"value": "positive", "title": "Positive", "hotkey": "1", "color": "green"},
            {"value": "negative", "title": "Negative", "hotkey": "2", "color": "red"},
            {"value": "neutral", "title": "Neutral", "hotkey": "3", "color": "gray"},
        ],
    }
]


def make_user(username: str = "", **values: Any) -> User:
    return User.objects.create_user(
        username or f"user{next(_NUMBERS)}", password="a-long-password-1", **values
    )


def make_member(
    project: Project, role: str = "annotator", *, user: User | None = None, **values: Any
) -> User:
    user = user or make_user()
    Membership.objects.create(project=project, user=user, role=role, **values)
    return user


def make_schema(
    project: Project,
    questions: list[dict[str, Any]] | None = None,
    *,
    fields: list[dict[str, Any]] | None = None,
) -> Schema:
    from annotation.questions import normalize_questions

    schema = Schema.objects.create(
        project=project,
        version=project.schemas.count() + 1,
        fields=FIELDS if fields is None else fields,
        questions=normalize_questions(questions or SENTIMENT),
        created_by=project.created_by,
    )
    project.schema = schema
    project.save(update_fields=["schema"])
    return schema


def make_project(
    *, owner: User | None = None, items: int = 0, questions: list[dict[str, Any]] | None = None, **values: Any
) -> Project:
    """A project with its owner, one schema version and so many items."""
    owner = owner or make_user()
    project = Project.objects.create(name=f"Project {next(_NUMBERS)}", created_by=owner, **values)
    Membership.objects.create(project=project, user=owner, role="owner")
    make_schema(project, questions)
    make_items(project, items)
    return project


def make_items(project: Project, count: int, **values: Any) -> list[Item]:
    start = project.items.count()
    wanted = project.annotations_per_item
    return Item.objects.bulk_create(
        make_item(project, f"item-{start + n:05}", {"text": f"Text number {start + n}."}, wanted, **values)
        for n in range(count)
    )


def make_item(project: Project, key: str, payload: dict[str, Any], wanted: int = 1, **values: Any) -> Item:
    """An item that is not saved yet."""
    digest = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).digest()[:16]
    return Item(
        project=project,
        key=key,
        payload=payload,
        digest=digest,
        **{"wanted": wanted, "open_slots": wanted, **values},
    )


def make_dataset(project: Project, **values: Any) -> Dataset:
    defaults = {"name": "first", "source_name": "first.csv", "sha256": "0" * 64, "size": 1}
    return Dataset.objects.create(project=project, created_by=project.created_by, **{**defaults, **values})
