"""Labeling functions, their runs and tables over REST."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile

from annotation.models import Project
from labelmodel.models import LabelingFunction
from labelmodel.services import function_run
from tests.factories import make_member
from tests.labelmodel.services.function_help import active, draft, reviews, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return reviews()


@pytest.fixture
def url(project: Project) -> str:
    return f"/api/v1/projects/{project.pk}/labeling-functions/"


@pytest.fixture
def client(api: Any, project: Project) -> Any:
    return api(project.created_by)


BODY = {
    "name": "good words",
    "question": "sentiment",
    "kind": "keywords",
    "definition": words("positive", "good"),
}


def test_from_writing_to_votes(client: Any, url: str, project: Project) -> None:
    tests = [{"payload": {"text": "so good"}, "label": "positive"}]
    made = client.post(url, {**BODY, "tests": tests, "most_share": 0.9}, format="json")
    assert made.status_code == 201
    shown = made.json()
    assert (shown["name"], shown["runs"], shown["active"], shown["faults"]) == ("good words", False, None, [])
    assert shown["latest"] == {
        "number": 1,
        "kind": "keywords",
        "state": "draft",
        "votes_for": ["positive"],
        "reads": ["text"],
    }
    version = f"{url}{shown['id']}/versions/1/"

    results = client.post(f"{version}tests/").json()["results"]
    assert [(one["got"], one["passed"]) for one in results] == [("positive", True)]
    assert client.post(f"{version}submit/").json()["state"] == "review"
    assert client.post(f"{version}approve/", {"note": "Fine."}, format="json").json()["canary"] is None
    assert client.post(f"{version}activate/").status_code == 409
    function_run.run_project(project_id=project.pk)
    canary = client.get(version).json()["canary"]
    assert (canary["items"], canary["votes"], canary["active"]) == (6, {"positive": 3}, None)
    assert client.post(f"{version}activate/").json()["state"] == "active"
    function_run.run_project(project_id=project.pk)

    shown = client.get(f"{url}{shown['id']}/").json()
    assert (shown["runs"], shown["seen"], shown["votes"]) == (True, 6, 3)
    (run, _) = client.get(f"/api/v1/projects/{project.pk}/function-runs/").json()["results"]
    assert (run["status"], run["kind"], run["trigger"], run["done"]) == ("done", "new", "change", 6)
    (line,) = run["lines"]
    assert (line["name"], line["number"], line["votes"], line["hit_rate"]) == (
        "good words",
        1,
        {"positive": 3},
        0.5,
    )


def within(depth: int) -> Any:
    deep: Any = "x"
    for _ in range(depth):
        deep = [deep]
    return deep


def test_faults_of_a_definition_have_paths(client: Any, url: str) -> None:
    said = client.post(url, {**BODY, "definition": {"label": "happy", "any": []}}, format="json")

    assert said.status_code == 400
    assert [error["path"] for error in said.json()["errors"]] == [
        ["definition", "label"],
        ["definition", "any"],
    ]
    assert client.post(url, {**BODY, "definition": 7}, format="json").status_code == 400
    for name, deep in (("definition", {"rules": within(900)}), ("tests", [within(400)])):
        said = client.post(url, {**BODY, name: deep}, format="json")
        assert (said.status_code, "inside each other" in said.json()["errors"][0]["message"]) == (400, True)
    long = [{"payload": {"text": "x" * 2_000}, "label": None}] * 101
    said = client.post(url, {**BODY, "tests": long}, format="json")
    assert (said.status_code, said.json()["errors"][0]["path"]) == (400, ["tests"])
    assert client.post(url, {**BODY, "most_votes_an_hour": 0}, format="json").status_code == 400


def test_versions_page_and_never_change(client: Any, url: str, project: Project) -> None:
    function = draft(project).function
    versions = f"{url}{function.pk}/versions/"
    for term in ("fine", "great"):
        body = {"kind": "keywords", "definition": words("positive", term)}
        assert client.post(versions, body, format="json").json()["state"] == "draft"

    first = client.get(versions, {"limit": 2}).json()
    assert [one["number"] for one in first["results"]] == [3, 2]
    assert [one["number"] for one in client.get(first["next"]).json()["results"]] == [1]
    assert client.patch(f"{versions}1/", {}, format="json").status_code == 405
    assert client.get(f"{versions}9/").status_code == 404


def test_stop_resume_roll_back_and_remove(client: Any, url: str, project: Project) -> None:
    function = f"{url}{active(project).function_id}/"

    assert client.post(f"{function}stop/", {}, format="json").status_code == 400
    stopped = client.post(f"{function}stop/", {"reason": "It guesses."}, format="json").json()
    assert (stopped["runs"], stopped["stopped_reason"]) == (False, "It guesses.")
    assert stopped["stopped_by"] == project.created_by.username
    assert client.post(f"{function}resume/").json()["runs"] is True
    assert client.delete(function).status_code == 409
    rolled = client.post(f"{function}roll-back/", {"reason": "Bad."}, format="json").json()
    assert (rolled["active"], rolled["latest"]["state"]) == (None, "retired")
    runs = client.get(f"/api/v1/projects/{project.pk}/function-runs/").json()["results"]
    assert [run["tainted_at"] is not None for run in runs if run["kind"] == "new"] == [False, True]
    again = client.post(f"{function}roll-back/", {"reason": "Bad.", "version": 1}, format="json")
    assert (again.status_code, "rolled back already" in again.json()["detail"]) == (409, True)

    unused = draft(project, "unused").function_id
    assert client.delete(f"{url}{unused}/").status_code == 204
    assert not LabelingFunction.objects.filter(pk=unused).exists()


def test_limits_and_names_change(client: Any, url: str, project: Project) -> None:
    function = f"{url}{draft(project, most_votes_an_hour=5).function_id}/"

    changed = client.patch(function, {"name": "praise", "most_share": 0.2}, format="json").json()
    assert (changed["name"], changed["most_share"], changed["most_votes_an_hour"]) == ("praise", 0.2, 5)
    changed = client.patch(function, {"most_votes_an_hour": None}, format="json").json()
    assert changed["most_votes_an_hour"] is None


def test_what_a_definition_may_speak_of(client: Any, url: str, project: Project) -> None:
    settings = f"/api/v1/projects/{project.pk}/weak-settings/"
    project.items.update(payload={"text": "good", "length": 4, "email": "x"})
    changed = client.patch(settings, {"sensitive_fields": ["email"]}, format="json").json()
    assert (changed["automatic"], changed["sensitive_fields"]) == (True, ["email"])
    assert client.get(settings).json() == changed

    told = client.get(f"{url}vocabulary/").json()

    assert told["fields"] == [{"name": "text", "type": "text"}, {"name": "length", "type": "number"}]
    assert told["questions"] == [{"name": "sentiment", "labels": ["positive", "negative", "neutral"]}]
    assert {"keywords", "pattern", "lookup"} <= {kind["name"] for kind in told["kinds"]}


def test_runs_are_asked_for_cancelled_and_tried_again(client: Any, project: Project) -> None:
    runs = f"/api/v1/projects/{project.pk}/function-runs/"
    assert client.post(runs, {}, format="json").status_code == 409
    active(project)

    made = client.post(runs, {"kind": "all"}, format="json")
    assert (made.status_code, made.json()["status"]) == (202, "waiting")
    run = f"{runs}{made.json()['id']}/"
    assert client.post(f"{run}cancel/").json()["status"] == "cancelled"
    assert client.post(f"{run}cancel/").status_code == 409
    assert client.post(f"{run}retry/").json()["status"] == "waiting"
    function_run.run_project(project_id=project.pk)
    assert client.get(run).json()["status"] == "done"
    first = client.get(runs, {"limit": 1}).json()
    assert [one["kind"] for one in first["results"]] == ["all"]
    assert [one["kind"] for one in client.get(first["next"]).json()["results"]] == ["new"]


def test_tables_are_uploaded_and_removed(
    client: Any, project: Project, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    tables = f"/api/v1/projects/{project.pk}/function-tables/"

    made = client.post(
        tables, {"file": ContentFile(b"term,label\ngood,positive\n", "words.csv")}, format="multipart"
    )
    assert made.status_code == 201
    assert (made.json()["name"], made.json()["columns"], made.json()["rows"]) == (
        "words",
        ["term", "label"],
        1,
    )
    bad = client.post(tables, {"file": ContentFile(b"a,b\n1\n", "bad.csv")}, format="multipart")
    assert (bad.status_code, bad.json()["errors"][0]["path"]) == (400, ["file"])
    table = f"{tables}{made.json()['id']}/"
    assert client.get(table).json()["sha256"] == made.json()["sha256"]
    assert client.delete(table).status_code == 204
    assert client.get(tables).json()["results"] == []


@pytest.mark.parametrize(("role", "sees"), [("viewer", 200), ("adjudicator", 200), ("annotator", 403)])
def test_who_browses_sees_and_does_nothing(
    api: Any, url: str, project: Project, role: str, sees: int
) -> None:
    person = api(make_member(project, role))
    function = f"{url}{draft(project).function_id}/"

    assert person.get(url).status_code == sees
    assert person.get(function).status_code == sees
    for address in (url, f"{function}stop/", f"{function}versions/", f"{function}versions/1/submit/"):
        assert person.post(address, {}, format="json").status_code == 403


def test_lists_take_few_statements(
    client: Any, url: str, project: Project, django_assert_max_num_queries: Any
) -> None:
    for n in range(8):
        draft(project, f"function {n}")

    with django_assert_max_num_queries(12):
        assert len(client.get(url).json()["results"]) == 8
