"""Simulations over REST."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from active.models import Simulation
from active.services.simulations import LEAST_ITEMS
from annotation.models import Consensus, Project, User
from tests.active.learned import make_simulation
from tests.factories import make_items, make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def labeled(project: Project) -> Project:
    items = make_items(project, LEAST_ITEMS)
    Consensus.objects.bulk_create(
        Consensus(
            project=project,
            item=item,
            question="sentiment",
            value="positive",
            confidence=0.9,
            entropy=0.4,
            votes=1,
            unanimous=True,
            method="majority",
            schema=project.schema,
            updated_at=timezone.now(),
        )
        for item in items
    )
    return project


def url(project: Project) -> str:
    return f"/api/v1/projects/{project.pk}/simulations/"


def test_a_simulation_is_asked_for_once_and_cancelled(api: Any, owner: User, labeled: Project) -> None:
    client = api(owner)

    made = client.post(url(labeled), {"strategies": ["margin"], "budget": 100}, format="json")
    again = client.post(url(labeled), {"strategies": ["margin"], "budget": 100}, format="json")
    other = client.post(url(labeled), {"strategies": ["entropy"]}, format="json")
    over = client.post(f"/api/v1/simulations/{made.json()['id']}/cancel/").json()

    assert made.status_code == 202
    assert made.json()["options"]["strategies"] == ["margin", "random"]
    assert again.json()["id"] == made.json()["id"]
    assert other.json()["code"] == "conflict"
    assert (over["status"], over["error"]) == ("cancelled", "Cancelled by olga.")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"strategies": []}, ["strategies"]),
        ({"strategies": ["random"]}, ["strategies"]),
        ({"strategies": ["oracle"]}, ["strategies", 0]),
        ({"strategies": ["margin"], "start": 50, "budget": 50}, ["budget"]),
        ({"strategies": ["margin"], "batch": 1, "budget": 10_000}, ["batch"]),
        ({"strategies": ["margin"], "annotator": 2}, ["annotator"]),
    ],
)
def test_bad_options_say_where(
    api: Any, owner: User, labeled: Project, body: dict[str, Any], path: list[Any]
) -> None:
    said = api(owner).post(url(labeled), body, format="json")

    assert said.status_code == 400
    assert [fault["path"] for fault in said.json()["errors"]] == [path]


def test_it_takes_labels_to_be_replayed(api: Any, owner: User, project: Project) -> None:
    said = api(owner).post(url(project), {"strategies": ["margin"]}, format="json")

    assert (said.status_code, said.json()["code"]) == (409, "conflict")
    assert "there are 0" in said.json()["detail"]


def test_sets_of_labels_cannot_be_replayed(api: Any, owner: User) -> None:
    question = {
        "name": "topics",
        "type": "multiple_choice",
        "title": "Topics",
        "labels": [{"value": "a"}, {"value": "b"}],
    }
    project = make_project(owner=owner, questions=[question])

    said = api(owner).post(url(project), {"strategies": ["margin"]}, format="json")

    assert (said.status_code, "several" in said.json()["detail"]) == (409, True)


def test_results_are_told_and_listed(api: Any, viewer: User, project: Project) -> None:
    made = [make_simulation(project) for _ in range(3)]
    client = api(viewer)

    one = client.get(f"/api/v1/simulations/{made[0].pk}/").json()
    first = client.get(url(project), {"limit": 2}).json()
    rest = client.get(first["next"]).json()

    assert one["result"]["strategies"][0]["saving"] == {"value": 0.4, "low": 0.2, "high": 0.55}
    assert one["result"]["strategies"][1]["to95"] is None
    assert [row["id"] for row in first["results"] + rest["results"]] == [row.pk for row in reversed(made)]


def test_cancelling_what_is_done_changes_nothing(api: Any, owner: User, project: Project) -> None:
    made = make_simulation(project)

    told = api(owner).post(f"/api/v1/simulations/{made.pk}/cancel/").json()

    assert (told["status"], told["error"]) == ("done", "")


def test_whose_simulation_it_is(
    api: Any, stranger: User, annotator: User, viewer: User, project: Project
) -> None:
    made = make_simulation(project, state="running", result={})
    path = f"/api/v1/simulations/{made.pk}/"

    assert api(stranger).get(path).status_code == 404
    assert api(annotator).get(path).status_code == 403
    assert api(viewer).post(f"{path}cancel/").status_code == 403
    assert Simulation.objects.get().state == "running"
