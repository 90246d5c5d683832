"""Django's admin opens every table, also a large one, and changes nothing that services keep consistent."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from annotation.admin import MOST_ROWS, ShortPaginator
from annotation.models import Annotation, Item, Project, User
from annotation.services import accounts, answers, queue

# Words, sketches, what is due, who has seen what, parts and places: lists of ids, nothing to read.
HIDDEN = {
    "ItemText",
    "ConsensusDue",
    "GuidelinesSeen",
    "SplitItem",
    "SnapshotFormat",
    "ItemTag",
    "Likeness",
    "ReservoirItem",
}
REGISTERED = [model for model in admin.site._registry if model._meta.app_label == "annotation"]


def test_every_table_is_registered() -> None:
    tables = {model.__name__ for model in apps.get_app_config("annotation").get_models()}
    events = {name for name in tables if name.endswith("Event")}

    assert {model.__name__ for model in REGISTERED} == tables - events - HIDDEN


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model.__name__)
def test_every_list_and_search_opens(
    client: Client, admin: User, project: Project, model: type[Model]
) -> None:
    accounts.create_token(user=admin, name="x")
    client.force_login(admin)
    url = f"/admin/annotation/{model._meta.model_name}/"

    assert client.get(url).status_code == 200
    assert client.get(f"{url}?q=x").status_code == 200


def test_a_list_costs_the_same_whatever_it_holds(
    client: Client, admin: User, project: Project, django_assert_max_num_queries: Any
) -> None:
    client.force_login(admin)
    client.get("/admin/annotation/item/")

    with django_assert_max_num_queries(6):
        client.get("/admin/annotation/item/")


def test_counting_stops_early(project: Project) -> None:
    pages = ShortPaginator(Item.objects.order_by("-pk"), 2)

    assert pages.count == 5
    assert f"LIMIT {MOST_ROWS}" in str(Item.objects.order_by()[:MOST_ROWS].query)


@pytest.mark.parametrize("model", [Annotation, Item, Project])
def test_answers_items_and_rules_of_work_cannot_be_changed_here(
    client: Client, admin: User, project: Project, annotator: User, model: Any
) -> None:
    lease = queue.next_leases(annotator=annotator, project=project).turns[0]
    given = answers.Answer({"sentiment": "positive"}, "n", 1.0, None)
    answers.submit(annotator=annotator, lease_id=lease.id, given=given, client="", next_count=0)
    client.force_login(admin)
    row = model.objects.earliest("pk")
    before = model.objects.filter(pk=row.pk).values().get()
    changes = {
        "answers": 9,
        "open_slots": 9,
        "annotations_per_item": 9,
        "seconds": 9,
        "archived_at": timezone.now(),
    }

    client.post(f"/admin/annotation/{model._meta.model_name}/{row.pk}/change/", changes)
    deleted = client.post(f"/admin/annotation/{model._meta.model_name}/{row.pk}/delete/", {"post": "yes"})

    assert model.objects.filter(pk=row.pk).values().get() == before
    assert deleted.status_code == 403


def test_a_person_can_be_switched_off_but_not_deleted(client: Client, admin: User, stranger: User) -> None:
    client.force_login(admin)

    assert client.post(f"/admin/annotation/user/{stranger.pk}/delete/", {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=stranger.pk).exists()


def test_a_token_can_be_revoked_and_not_made(client: Client, admin: User, stranger: User) -> None:
    token, _ = accounts.create_token(user=stranger, name="x")
    client.force_login(admin)

    assert client.get("/admin/annotation/apitoken/add/").status_code == 403
    client.post(f"/admin/annotation/apitoken/{token.pk}/delete/", {"post": "yes"})
    assert not stranger.auth_token_set.exists()


def test_who_is_no_administrator_is_sent_away(client: Client, owner: User) -> None:
    client.force_login(owner)

    assert client.get("/admin/").url.startswith("/admin/login/")
