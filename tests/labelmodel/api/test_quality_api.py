"""Runs and people's quality over REST."""

from __future__ import annotations

from typing import Any

import pytest

from annotation.models import Project, User
from labelmodel.services import refresh
from tests.factories import make_member, make_project
from tests.labelmodel.crew import make_crew

pytestmark = pytest.mark.django_db


@pytest.fixture
def crew() -> tuple[Project, dict[str, User]]:
    return make_crew()


def test_a_run_is_asked_for_and_polled(api: Any, crew: tuple[Project, dict[str, User]]) -> None:
    project, _ = crew
    client, url = api(project.created_by), f"/api/v1/projects/{project.pk}/label-model/runs/"

    made = client.post(url, {"question": "sentiment", "method": "one_coin"}, format="json")
    assert made.status_code == 202
    (run,) = made.json()["results"]
    assert (run["status"], run["comparison"], run["requested_by"]) == (
        "waiting",
        None,
        project.created_by.username,
    )
    refresh.refresh(project_id=project.pk)

    run = client.get(f"{url}{run['id']}/").json()
    assert (run["status"], run["current"], run["votes"], run["gold"]) == ("done", False, 160, 5)
    assert run["comparison"]["known"] == 5
    default = client.get(url).json()["results"][-1]
    assert (default["method"], default["current"]) == ("partial_pooling", True)


def test_runs_page_by_number(api: Any, crew: tuple[Project, dict[str, User]]) -> None:
    project, _ = crew
    client, url = api(project.created_by), f"/api/v1/projects/{project.pk}/label-model/runs/"
    for method in ("majority", "mace"):
        client.post(url, {"method": method}, format="json")

    first = client.get(url, {"limit": 2}).json()
    rest = client.get(first["next"]).json()

    assert [run["method"] for run in first["results"]] == ["mace", "majority"]
    assert [run["method"] for run in rest["results"]] == ["partial_pooling"]
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("body", "path"), [({"method": "oracle"}, ["method"]), ({"question": "mood"}, ["question"]), ({"question": 3}, ["question"])]
)  # fmt: skip
def test_bad_requests_say_where(
    api: Any, crew: tuple[Project, dict[str, User]], body: dict[str, Any], path: list[str]
) -> None:
    project, _ = crew

    said = api(project.created_by).post(
        f"/api/v1/projects/{project.pk}/label-model/runs/", body, format="json"
    )

    assert said.status_code == 400
    assert [fault["path"] for fault in said.json()["errors"]] == [path]


def test_a_run_of_another_project_is_not_there(api: Any, crew: tuple[Project, dict[str, User]]) -> None:
    project, _ = crew
    other = make_project(owner=project.created_by)
    run = project.label_model_runs.get()

    assert (
        api(project.created_by).get(f"/api/v1/projects/{other.pk}/label-model/runs/{run.pk}/").status_code
        == 404
    )


def test_managers_read_everybody(api: Any, crew: tuple[Project, dict[str, User]]) -> None:
    project, _ = crew

    rows = (
        api(make_member(project, "viewer"))
        .get(f"/api/v1/projects/{project.pk}/source-quality/")
        .json()["results"]
    )

    hasty = next(row for row in rows if row["username"] == "hasty")
    assert {hint["kind"] for hint in hasty["hints"]} == {"random", "constant", "fast"}
    (question,) = hasty["questions"]
    assert question["gold"]["right"] == 3
    assert question["gold"]["n"] == 5
    assert 0 < question["gold"]["low"] < question["gold"]["share"] < question["gold"]["high"]
    assert question["estimated"]["run"] == project.label_model_runs.get().pk
    assert len(question["confusion"]) == len(question["labels"]) == 3


def test_annotators_read_themselves_and_no_more(api: Any, crew: tuple[Project, dict[str, User]]) -> None:
    project, members = crew
    client = api(members["erwin"])

    mine = client.get(f"/api/v1/projects/{project.pk}/source-quality/me/").json()

    assert (mine["username"], mine["answered"]) == ("erwin", 40)
    assert (mine["questions"][0]["gold"]["right"], mine["questions"][0]["gold"]["n"]) == (4, 5)
    assert "others" not in mine["questions"][0]
    assert "hints" not in mine
    assert client.get(f"/api/v1/projects/{project.pk}/source-quality/").status_code == 403
    assert client.get(f"/api/v1/projects/{project.pk}/label-model/runs/").status_code == 403
