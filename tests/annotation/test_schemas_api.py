"""The same over REST."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection

from annotation.errors import Conflict
from annotation.models import Project, User
from annotation.services.schemas import create_schema
from tests.annotation.test_schemas import POLARITY, answer
from tests.factories import FIELDS, SENTIMENT, make_member, make_project

pytestmark = pytest.mark.django_db

BODY = {"fields": FIELDS, "questions": [POLARITY]}


def url(project: Project, rest: str = "") -> str:
    return f"/api/v1/projects/{project.pk}/schemas/{rest}"


def test_a_version_is_published_listed_and_read(api: Any, project: Project, manager: User) -> None:
    made = api(manager).post(url(project), {**BODY, "note": "Clearer words"}, format="json")

    assert made.status_code == 201
    assert {"version": 2, "note": "Clearer words", "created_by": "mira"}.items() <= made.json().items()
    assert made.json()["questions"][0]["labels"][0] == {
        "value": "good", "title": "good", "color": "blue", "help": "", "hotkey": "1",
    }  # fmt: skip
    assert api(manager).get(url(project, "2/")).json() == made.json()
    listed = api(manager).get(url(project)).json()
    assert [schema["version"] for schema in listed["results"]] == [1, 2]


def test_the_list_pages_by_version(api: Any, project: Project, manager: User) -> None:
    api(manager).post(url(project), BODY, format="json")

    first = api(manager).get(url(project) + "?limit=1").json()
    second = api(manager).get(first["next"]).json()

    assert [schema["version"] for schema in first["results"] + second["results"]] == [1, 2]
    assert second["next"] is None


def test_each_fault_has_its_path(api: Any, project: Project, manager: User) -> None:
    body = {"questions": [{**POLARITY, "labels": [{"value": "a"}, {"value": "a"}]}]}
    answered = api(manager).post(url(project), body, format="json")

    assert answered.status_code == 400
    assert answered["Content-Type"] == "application/problem+json"
    assert [error["path"] for error in answered.json()["errors"]] == [["questions", 0, "labels", 1, "value"]]


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"questions": None},
        {"questions": "x"},
        {"questions": {"name": "q"}},
        {"questions": [None]},
        {"questions": [{"name": "q\0", "type": "text"}]},
        {"questions": [{"name": "q", "type": "text", "help": "\0"}]},
        {"questions": [{"name": "q", "type": "text", "max_length": 10**30}]},
        {"questions": [POLARITY], "fields": {}},
        {"questions": [POLARITY], "fields": [{"name": "\0"}]},
        {"questions": [POLARITY], "mapping": []},
        {"questions": [POLARITY], "mapping": {"\0": None}},
        {"questions": [POLARITY], "mapping": {"sentiment": {"labels": {"positive": "\0"}}}},
        {"questions": [POLARITY], "note": "x" * 301},
        {"questions": [POLARITY], "note": "\0"},
        {"questions": [POLARITY], "base_version": 10**30},
        {"questions": [POLARITY], "base_version": "one"},
        {"questions": [POLARITY], "ask_again": "perhaps"},
    ],
)
def test_a_bad_body_is_a_problem_not_an_error(api: Any, project: Project, manager: User, body: Any) -> None:
    answered = api(manager).post(url(project), body, format="json")

    assert answered.status_code == 400
    assert answered.json()["code"] == "invalid"
    assert project.schemas.count() == 1


def test_a_published_version_makes_an_older_edit_a_conflict(
    api: Any, project: Project, manager: User
) -> None:
    assert api(manager).post(url(project), {**BODY, "base_version": 1}, format="json").status_code == 201
    late = api(manager).post(url(project), {"questions": SENTIMENT, "base_version": 1}, format="json")

    assert (late.status_code, late.json()["code"]) == (409, "conflict")


def test_the_preview_counts_and_saves_nothing(api: Any) -> None:
    project = make_project(items=3)
    answer(project, {"sentiment": "positive"}, {"sentiment": "positive"}, {"sentiment": "neutral"})
    manager = make_member(project, "manager")

    body = {**BODY, "mapping": {"sentiment": {"labels": {"positive": "good"}}}}
    answered = api(manager).post(url(project, "preview/"), body, format="json")

    assert answered.status_code == 200
    found = answered.json()
    assert (found["answers"], found["incomplete"], found["lacking"]) == (3, 1, {"sentiment": 1})
    renamed = next(change for change in found["changes"] if change["kind"] == "label_renamed")
    assert (renamed["label"], renamed["to"], renamed["answers"]) == ("positive", "good", 2)
    assert [fault["path"][-1] for fault in found["unsaid"]] == ["negative", "neutral"]
    assert project.schemas.count() == 1


@pytest.mark.parametrize("role", ["owner", "manager", "adjudicator", "annotator", "viewer"])
def test_everybody_reads_and_only_managers_write(api: Any, project: Project, role: str) -> None:
    client = api(make_member(project, role))
    allowed = role in {"owner", "manager"}

    assert client.get(url(project)).status_code == 200
    assert client.get(url(project, "1/")).status_code == 200
    assert client.post(url(project, "preview/"), BODY, format="json").status_code == (200 if allowed else 403)
    assert client.post(url(project), BODY, format="json").status_code == (201 if allowed else 403)


def test_a_stranger_finds_nothing(api: Any, project: Project, stranger: User) -> None:
    client = api(stranger)

    assert client.get(url(project)).status_code == 404
    assert client.get(url(project, "1/")).status_code == 404
    assert client.post(url(project, "preview/"), BODY, format="json").status_code == 404
    assert client.post(url(project), BODY, format="json").status_code == 404
    assert api(None).get(url(project)).status_code == 401


@pytest.mark.parametrize("version", ["0", "9", "99999999999999999999"])
def test_a_version_that_is_not_there(api: Any, project: Project, manager: User, version: str) -> None:
    assert api(manager).get(url(project, f"{version}/")).status_code == 404


@pytest.mark.parametrize("wanted", ["after=x", "after=-1", "limit=0", "limit=101", f"after={10**30}"])
def test_a_bad_query_is_a_problem(api: Any, project: Project, manager: User, wanted: str) -> None:
    assert api(manager).get(f"{url(project)}?{wanted}").status_code == 400


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("base", "made"), [(None, [1, 2, 3, 4, 5]), (1, [1, 2])])
def test_managers_who_publish_at_once_get_numbers_of_their_own(base: int | None, made: list[int]) -> None:
    project = make_project()
    owner = project.created_by
    refused: list[Exception] = []
    gate = threading.Barrier(4)

    def publish(number: int) -> None:
        question = {**POLARITY, "title": f"Number {number}"}
        try:
            gate.wait()
            create_schema(project=project, by=owner, fields=FIELDS, questions=[question], base_version=base)
        except Conflict as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert list(project.schemas.order_by("version").values_list("version", flat=True)) == made
    assert len(refused) == 5 - len(made)
    project.refresh_from_db()
    assert project.schema is not None
    assert project.schema.version == made[-1]
