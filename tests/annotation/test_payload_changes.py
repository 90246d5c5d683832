"""Every item says when its payload became another one: by trigger, so that no statement can forget it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotation.models import Item, ItemEvent
from annotation.models.item import UNSEEN_FOR
from annotation.services import pushes
from annotation.services.pushes import Choices
from tests.factories import make_items, make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    project = make_project()
    make_items(project, 3)
    return project


def changed(project):
    return list(project.items.filter(payload_changed_at__isnull=False).values_list("key", flat=True))


def test_a_new_item_has_not_changed(project):
    assert changed(project) == []


def test_another_payload_is_told_with_its_moment(project):
    before = timezone.now()
    project.items.filter(key="item-00001").update(payload={"text": "other"})

    assert changed(project) == ["item-00001"]
    assert before <= project.items.get(key="item-00001").payload_changed_at <= timezone.now()


def test_the_same_payload_and_other_columns_change_nothing(project):
    item = project.items.get(key="item-00001")
    Item.objects.filter(pk=item.pk).update(payload=item.payload, priority=1.0)
    item.save()

    assert changed(project) == []


def test_changed_again_it_bears_the_later_moment(project):
    items = project.items.filter(key="item-00001")
    items.update(payload={"text": "other"})
    first = items.get().payload_changed_at
    items.update(payload={"text": "again"})

    assert items.get().payload_changed_at > first


def test_a_push_of_other_content_is_told(project):
    rows = [{"key": "item-00002", "payload": {"text": "other"}}]
    pushes.push(project=project, by=project.created_by, rows=rows, choices=Choices(on_change="update"))

    assert changed(project) == ["item-00002"]


def test_whoever_looked_at_a_moment_is_told_what_was_seen_only_later(project):
    project.items.filter(key="item-00001").update(payload={"text": "other"})
    at = project.items.get(key="item-00001").payload_changed_at
    within, beyond = at + UNSEEN_FOR, at + UNSEEN_FOR + timedelta(seconds=1)

    assert [item.key for item in project.items.changed_since(within)] == ["item-00001"]
    assert not project.items.changed_since(beyond).exists()


def test_the_history_of_an_item_does_not_tell_it_twice(project):
    project.items.filter(key="item-00001").update(payload={"text": "other"})

    [event] = ItemEvent.objects.filter(pgh_obj__key="item-00001")
    assert event.payload == {"text": "other"}
    assert not hasattr(event, "payload_changed_at")
