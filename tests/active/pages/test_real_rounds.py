"""Pages and REST read what workers really write: no layout is only agreed upon."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from active.services import simulating, simulations
from annotation.models import Project
from labelmodel.services import refresh
from tests.active.learned import turn_on
from tests.active.learning import add, make_learning, run
from tests.annotation.items_help import say
from tests.factories import make_member, make_project

pytestmark = pytest.mark.django_db


def opened(project: Project, rest: str) -> str:
    client = Client()
    client.force_login(project.created_by)
    response = client.get(f"/projects/{project.pk}/learning/{rest}")
    assert response.status_code == 200
    return response.content.decode()


def test_a_round_that_workers_did(api: Any) -> None:
    project, _ = make_learning(answered=40)
    project.learning.target = 0.95
    project.learning.save()
    done = run(project)

    page = opened(project, "")
    assert "Scores of the pool" in page
    assert "Learning curve, as a table" in page
    assert "Like these labeled ones" in opened(project, "queue/")
    assert "What it chose" in opened(project, f"rounds/{done.number}/")
    assert "What it says of what" in opened(project, "models/1/")
    client, url = api(project.created_by), f"/api/v1/projects/{project.pk}/"
    assert client.get(f"/api/v1/rounds/{done.pk}/").json()["metrics"]["cross_validated"]["n"] == 40
    assert client.get(f"{url}queue/").json()["results"][0]["nearest"]
    assert client.get(f"{url}learning-curve/").json()["points"][0]["labels"] == 40


RATING = {"name": "stars", "type": "rating", "title": "Stars"}
TOPICS = {
    "name": "topics",
    "type": "multiple_choice",
    "title": "Topics",
    "labels": [{"value": "a", "title": "Apples"}, {"value": "b", "title": "Bees"}],
}


@pytest.mark.parametrize(
    ("question", "said", "shown"),
    [
        (RATING, lambda n: 1 + n % 5, "At most one off"),
        (TOPICS, lambda n: ["a"] if n % 2 else ["a", "b"], "Apples"),
    ],
    ids=["rating", "set"],
)
def test_ratings_and_sets_are_shown(question: dict[str, Any], said: Any, shown: str) -> None:
    project = make_project(questions=[question], gold_rate=0)
    add(project, 60)
    turn_on(project, batch=10, new_labels=5)
    anna = make_member(project)
    for n, item in enumerate(project.items.order_by("pk")[:30]):
        say(item, anna, **{question["name"]: said(n)})
    refresh.refresh(project_id=project.pk)
    done = run(project)

    assert (done.state, done.error) == ("done", "")
    assert shown in opened(project, "models/1/")
    for rest in ("", "queue/", "rounds/1/", "models/"):
        opened(project, rest)


def test_a_simulation_that_a_worker_ran(api: Any) -> None:
    project, _ = make_learning(answered=60)
    made = simulations.request(
        project=project, by=project.created_by, strategies=["margin"], seeds=2, start=5, batch=10, budget=30
    )
    simulating.run(simulation_id=made.pk)

    page = opened(project, f"simulations/{made.pk}/")

    assert "Saved against random" in page
    told = api(project.created_by).get(f"/api/v1/simulations/{made.pk}/").json()
    assert (told["status"], told["progress"]) == ("done", 1.0)
    assert [one["name"] for one in told["result"]["strategies"]] == ["margin", "random"]
