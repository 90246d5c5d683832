"""REST: bulk actions, tags, saved views."""

from __future__ import annotations

import pytest

from annotation.models import BulkAction, SavedView, Tag
from annotation.services import bulk, tags

pytestmark = pytest.mark.django_db


@pytest.fixture
def here(project):
    return f"/api/v1/projects/{project.pk}"


@pytest.mark.parametrize(
    "which",
    [{}, {"items": []}, {"items": [], "where": ""}, {"ids": [1]}, {"where": "", "wehre": "state = open"}],
)
def test_all_items_are_meant_only_where_that_is_said(api, here, manager, which):
    answer = api(manager).post(f"{here}/bulk-actions/", {"action": "retire", **which}, format="json")

    assert answer.status_code == 400
    assert not BulkAction.objects.exists()


def test_an_empty_filter_means_all_items(api, here, manager):
    answer = api(manager).post(f"{here}/bulk-actions/", {"action": "retire", "where": ""}, format="json")

    assert answer.status_code == 202


def test_a_bulk_action_is_asked_for_done_and_told(api, here, project, adjudicator):
    client = api(adjudicator)
    asked = client.post(
        f"{here}/bulk-actions/", {"action": "tag", "where": "state = open", "tag": "odd"}, format="json"
    )
    bulk.run(action_id=asked.json()["id"])

    told = client.get(asked["Location"]).json()

    assert asked.status_code == 202
    assert (told["status"], told["done"], told["changed"], told["tag"]) == ("done", 5, 5, "odd")
    assert [one["id"] for one in client.get(f"{here}/bulk-actions/").json()["results"]] == [told["id"]]


def test_faults_of_a_filter_say_where(api, here, manager):
    answer = api(manager).post(
        f"{here}/bulk-actions/", {"action": "retire", "where": "state ="}, format="json"
    )

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["path"][0] == "where"


def test_a_bulk_action_is_cancelled_and_goes_on(api, here, project, manager):
    job = bulk.create(project=project, by=manager, action="retire")
    client, place = api(manager), f"/api/v1/bulk-actions/{job.pk}"

    cancelled = client.post(f"{place}/cancel/")
    again = client.post(f"{place}/cancel/")
    retried = client.post(f"{place}/retry/")

    assert [cancelled.json()["status"], again.status_code, retried.json()["status"]] == [
        "cancelled",
        409,
        "waiting",
    ]


def test_who_may_not_do_the_like_does_not_see_it(api, here, project, manager, adjudicator, viewer):
    retiring = bulk.create(project=project, by=manager, action="retire")
    tagging = bulk.create(project=project, by=manager, action="tag", tag="odd")

    seen = [one["id"] for one in api(adjudicator).get(f"{here}/bulk-actions/").json()["results"]]

    assert seen == [tagging.pk]
    assert api(adjudicator).get(f"/api/v1/bulk-actions/{retiring.pk}/").status_code == 403
    assert api(viewer).get(f"{here}/bulk-actions/").status_code == 403


def test_tags_are_made_counted_renamed_and_deleted(api, here, project, adjudicator):
    client = api(adjudicator)
    made = client.post(f"{here}/tags/", {"name": " look  again "}, format="json")
    place = f"/api/v1/tags/{made.json()['id']}/"
    bulk.run(action_id=bulk.create(project=project, by=adjudicator, action="tag", tag="look again").pk)

    renamed = client.patch(place, {"name": "odd"}, format="json")

    assert (made.status_code, made.json()["name"], renamed.json()["name"]) == (201, "look again", "odd")
    assert [(one["name"], one["items"]) for one in client.get(f"{here}/tags/").json()["results"]] == [
        ("odd", 5)
    ]
    assert client.delete(place).status_code == 204
    assert not Tag.objects.exists()


def test_two_tags_have_different_names(api, project, manager):
    odd, even = (tags.ensure(project=project, by=manager, name=name) for name in ("odd", "even"))

    answer = api(manager).patch(f"/api/v1/tags/{even.pk}/", {"name": "ODD"}, format="json")

    assert answer.status_code == 409
    assert tags.ensure(project=project, by=manager, name="Odd") == odd


def test_a_view_is_saved_changed_and_deleted(api, here, project, adjudicator, viewer):
    client = api(adjudicator)
    view = {"name": "Doubtful", "where": "confidence < 0.8", "columns": ["state", "confidence"]}
    made = client.post(f"{here}/views/", view, format="json")
    place = f"/api/v1/views/{made.json()['id']}/"

    changed = client.patch(place, {"where": "state = open"}, format="json").json()

    assert made.status_code == 201
    assert (changed["name"], changed["where"], changed["columns"]) == (
        "Doubtful",
        "state = open",
        view["columns"],
    )
    assert api(viewer).get(f"{here}/views/").json()["results"] == [changed]
    assert api(viewer).delete(place).status_code == 403
    assert client.delete(place).status_code == 204


def test_a_view_is_overwritten_only_if_asked(api, here, project, manager):
    client = api(manager)
    client.post(f"{here}/views/", {"name": "Mine"}, format="json")

    refused = client.post(f"{here}/views/", {"name": "Mine", "where": "state = open"}, format="json")
    taken = client.post(
        f"{here}/views/", {"name": "Mine", "where": "state = open", "overwrite": True}, format="json"
    )

    assert [refused.status_code, taken.status_code] == [409, 201]
    assert SavedView.objects.get().where == "state = open"


def test_a_view_with_faults_is_refused(api, here, manager):
    answer = api(manager).post(f"{here}/views/", {"name": "x", "where": "colour = blue"}, format="json")

    assert answer.status_code == 400
    assert "colour" in answer.json()["errors"][0]["message"]


def test_only_who_may_know_gold_questions_saves_a_view_of_them(api, here, manager, adjudicator):
    view = {"name": "Known", "where": "gold"}

    assert api(adjudicator).post(f"{here}/views/", view, format="json").status_code == 403
    assert api(manager).post(f"{here}/views/", view, format="json").status_code == 201


def test_nothing_of_another_project_is_reached(api, project, manager, stranger):
    job = bulk.create(project=project, by=manager, action="tag", tag="odd")
    paths = [f"bulk-actions/{job.pk}/", f"tags/{Tag.objects.get().pk}/"]

    assert [api(stranger).get(f"/api/v1/{path}").status_code for path in paths] == [404, 405]
    assert api(stranger).delete(f"/api/v1/{paths[1]}").status_code == 404
    assert BulkAction.objects.count() == 1
