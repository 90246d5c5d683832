"""Snapshots over REST and on pages: who may, what comes back, what is refused."""

from __future__ import annotations

import pytest
from django.urls import reverse

from annotation.models import Comparison, Snapshot
from annotation.snapshots import comparing, making
from tests.annotation.snapshots.help import agree, made

pytestmark = pytest.mark.django_db(transaction=True)
PARTS = [{"name": "train", "share": 0.8}, {"name": "test", "share": 0.2}]


@pytest.fixture
def url(project):
    return f"/api/v1/projects/{project.pk}/snapshots/"


@pytest.fixture
def items(project):
    found = list(project.items.order_by("pk"))
    for item in found:
        agree(item)
    return found


@pytest.fixture
def page(client, viewer):
    client.force_login(viewer)

    def answered(route, /, *args, method="get", **data):
        return getattr(client, method)(reverse(route, args=args), data)

    return answered


def test_from_asking_to_the_manifest(api, viewer, url, items):
    asked = api(viewer).post(url, {"name": "first", "where": "confidence > 0.5"}, format="json")
    assert (asked.status_code, asked.json()["status"]) == (202, "waiting")
    making.run(snapshot_id=asked.json()["id"])

    found = api(viewer).get(asked["Location"]).json()

    assert (found["status"], found["row_count"], found["number"]) == ("done", 5, 1)
    assert found["manifest"]["sha256"] == found["sha256"]
    [listed] = api(viewer).get(url).json()["results"]
    assert listed["name"] == "first"
    assert "manifest" not in listed


def test_a_split_is_made_once_and_used(api, viewer, project, url, items):
    where = f"/api/v1/projects/{project.pk}/splits/"
    split = {"name": "main", "kind": "random", "parts": PARTS, "seed": 3}
    made_ = api(viewer).post(where, split, format="json")
    assert made_.status_code == 201
    assert api(viewer).post(where, split, format="json").status_code == 409

    asked = api(viewer).post(url, {"split": made_.json()["id"]}, format="json").json()

    assert asked["split"]["parts"] == PARTS
    assert api(viewer).get(where).json()["results"][0]["name"] == "main"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"where": "state = "}, "where"),
        ({"split": 999}, "split"),
        ({"rows": "annotations", "unlabeled": True}, "unlabeled"),
        ({"min_confidence": 7}, "min_confidence"),
        ({"name": "a\tb"}, "name"),
    ],
)
def test_faults_name_their_place(api, viewer, url, body, path):
    refused = api(viewer).post(url, body, format="json")

    assert refused.status_code == 400
    assert refused.json()["errors"][0]["path"][0] == path


def test_who_may(api, annotator, stranger, owner, viewer, project, url, items):
    assert api(annotator).post(url, {}, format="json").status_code == 403
    assert api(stranger).get(url).status_code == 404
    assert api(viewer).post(url, {"gold": True}, format="json").status_code == 403
    secret = made(project, gold=True)
    assert api(viewer).get(f"/api/v1/snapshots/{secret.pk}/").status_code == 403
    assert api(owner).get(f"/api/v1/snapshots/{secret.pk}/").status_code == 200
    assert api(stranger).post(f"/api/v1/snapshots/{secret.pk}/cancel/").status_code == 404


def test_cancelled_and_tried_again(api, viewer, url, items):
    asked = api(viewer).post(url, {}, format="json").json()

    assert api(viewer).post(f"{asked['url']}cancel/").json()["status"] == "cancelled"
    assert making.run(snapshot_id=asked["id"]) is False
    assert api(viewer).post(f"{asked['url']}cancel/").status_code == 409
    assert api(viewer).post(f"{asked['url']}retry/").json()["status"] == "waiting"


def test_too_many_at_once_are_refused(api, viewer, url, monkeypatch):
    monkeypatch.setattr("annotation.services.snapshots.MOST_PENDING", 1)
    api(viewer).post(url, {}, format="json")

    assert api(viewer).post(url, {}, format="json").status_code == 409


def test_two_compared(api, viewer, project, items):
    old, new = made(project), made(project)
    where = f"/api/v1/snapshots/{old.pk}/compare/{new.pk}/"
    assert api(viewer).get(where).status_code == 404
    assert api(viewer).post(where).status_code == 202
    comparing.run(comparison_id=Comparison.objects.get().pk)

    found = api(viewer).get(where).json()

    assert (found["status"], found["result"]["rows"]["both"]) == ("done", 5)
    assert api(viewer).post(f"/api/v1/snapshots/{old.pk}/compare/{old.pk}/").status_code == 400


def test_the_pages_from_choosing_to_comparing(page, project, items):
    assert b"5</strong> items" in page("snapshot-new", project.pk).content
    asked = page("snapshot-new", project.pk, method="post", name="mine", rows="consensus")
    snapshot = Snapshot.objects.get()
    assert asked["Location"] == reverse("snapshot", args=[project.pk, snapshot.pk])
    assert b"Waiting for a worker" in page("snapshot", project.pk, snapshot.pk).content
    making.run(snapshot_id=snapshot.pk)
    shown = page("snapshot", project.pk, snapshot.pk).content.decode()
    assert Snapshot.objects.get().sha256 in shown
    other = made(project)
    compared = page("snapshot-compare-with", project.pk, other.pk, method="post", other=snapshot.pk)
    comparing.run(comparison_id=Comparison.objects.get().pk)
    assert b"not one character differs" in page("snapshot-compare", project.pk, snapshot.pk, other.pk).content
    assert compared["Location"] == reverse("snapshot-compare", args=[project.pk, snapshot.pk, other.pk])
    assert b"mine" in page("snapshots", project.pk).content


def test_the_page_says_what_is_wrong_before_anything_is_made(page, project):
    refused = page("snapshot-new", project.pk, method="post", where="state = ")

    assert refused.status_code == 422
    assert b"banner is-danger" in refused.content
    assert not Snapshot.objects.exists()


def test_a_split_from_its_page(page, project):
    refused = page("split-new", project.pk, method="post", name="a", kind="random", parts="train 80")
    assert refused.status_code == 422
    good = page("split-new", project.pk, method="post", name="a", kind="random", parts="train 80, test 20")
    assert good["Location"].endswith(f"?split={project.splits.get().pk}")


def test_a_link_without_a_token(page, client, project, items):
    snapshot = made(project)
    shown = page("snapshot-link", project.pk, snapshot.pk, method="post", format="jsonl")
    link = shown.context["link"]
    client.logout()

    assert b"".join(client.get(link).streaming_content).count(b"\n") == 5


@pytest.mark.parametrize("name", ["snapshots", "snapshot-new", "split-new"])
def test_pages_are_for_those_who_may_export(client, annotator, project, name):
    client.force_login(annotator)

    assert client.get(reverse(name, args=[project.pk])).status_code == 403


def test_others_are_cancelled_by_those_alone_who_may_configure(api, viewer, manager, adjudicator, url):
    asked = api(adjudicator).post(url, {}, format="json").json()

    assert api(viewer).post(f"{asked['url']}cancel/").status_code == 403
    assert api(manager).post(f"{asked['url']}cancel/").status_code == 200
