"""What people said, as arrays: what counts, read under the current schema, and no more than can be compared."""

from __future__ import annotations

import pytest

from annotation.models import Project, User
from annotation.reports.said import said
from annotation.services import answers, queue
from annotation.services.answers import Answer
from annotation.services.schemas import create_schema
from tests.factories import SENTIMENT, make_project

pytestmark = pytest.mark.django_db
WITH_TEXT = [*SENTIMENT, {"name": "why", "type": "text", "required": False}]


@pytest.fixture
def talked(annotator: User, owner: User) -> Project:
    """Three items, answered alike, each with words of its own."""
    project = make_project(owner=owner, items=3, questions=WITH_TEXT)
    project.memberships.create(user=annotator, role="annotator")
    for turn in queue.next_leases(annotator=annotator, project=project, count=3).turns:
        told = {"sentiment": "positive", "why": f"Because of {turn.key}."}
        answers.submit(annotator=annotator, lease_id=turn.id, given=Answer(told, f"n{turn.id}"))
    return project


def test_equal_answers_are_kept_once_and_free_text_not_at_all(talked: Project) -> None:
    found = said(project_id=talked.pk, schema_id=talked.schema_id or 0)

    assert len(found) == 3
    assert found.answers == [{"sentiment": "positive"}]
    assert found.code.tolist() == [0, 0, 0]


def test_old_answers_read_under_the_current_schema(talked: Project, owner: User) -> None:
    questions = [{**SENTIMENT[0], "labels": [{"value": "good"}, {"value": "negative"}, {"value": "neutral"}]}]
    mapping = {"sentiment": {"labels": {"positive": "good"}}, "why": None}
    schema = create_schema(project=talked, by=owner, fields=[], questions=questions, mapping=mapping)

    found = said(project_id=talked.pk, schema_id=schema.pk)

    assert found.answers == [{"sentiment": "good"}]


def test_retired_items_and_answers_that_do_not_count_are_left_out(talked: Project) -> None:
    first, second, third = talked.items.order_by("pk")
    talked.items.filter(pk=first.pk).update(state="retired", open_slots=0)
    talked.leases.filter(item=second).update(state="set_aside")

    found = said(project_id=talked.pk, schema_id=talked.schema_id or 0)

    assert found.item.tolist() == [third.pk]
