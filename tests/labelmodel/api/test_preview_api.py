"""Trying a definition over REST: the same figures as in the editor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from rest_framework.test import APIClient

from annotation.models import Project
from labelmodel.services import feedback_pool
from tests.factories import make_member
from tests.labelmodel.written import label, make_function, make_texts

pytestmark = pytest.mark.django_db
BODY = {
    "question": "kind",
    "kind": "keywords",
    "definition": {"rules": [{"label": "spam", "any": ["subscribe"]}]},
}


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    feedback_pool.forget()
    yield
    feedback_pool.forget()


@pytest.fixture
def project() -> Project:
    made, items = make_texts(["subscribe", "subscribe, nice song", "lovely song", "hello"])
    for item, value in zip(items, ["spam", "ham", "ham"], strict=False):
        label(item, value)
    return made


def asked(client: APIClient, project: Project, body: Any) -> Any:
    return client.post(f"/api/v1/projects/{project.pk}/labeling-functions/preview/", body, format="json")


def test_figures_and_examples_come_back(api: Callable[[Any], APIClient], project: Project) -> None:
    make_function(project, "song", {"rules": [{"label": "ham", "any": ["song"]}]})

    answer = asked(api(project.created_by), project, {**BODY, "examples": 2})

    told = answer.json()
    assert answer.status_code == 200
    assert (told["sample"], told["votes"], told["coverage"], told["conflicts"]) == (4, 2, 0.5, 0.25)
    assert told["accuracy"]["share"] == 0.5
    assert told["hits"] == [{"label": "spam", "votes": 2, "accuracy": told["accuracy"]}]
    (wrong,) = told["examples"]["wrong"]
    assert (wrong["key"], wrong["right"], wrong["others"], wrong["marks"]) == (
        "item-00001",
        ["ham"],
        {"song": "ham"},
        [[0, 9]],
    )
    assert len(told["examples"]["matched"]) == 2


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"definition": {"rules": [{"label": "eggs", "any": ["a"]}]}}, ["definition", "rules", 0, "label"]),
        ({"kind": "pattern", "definition": {"rules": [{"label": "spam", "pattern": "("}]}}, ["definition", "rules", 0, "pattern"]),
        ({"kind": "lookup", "definition": {"table": [], "column": "a", "label": "spam"}}, ["definition", "table"]),
        ({"kind": "nothing"}, ["kind"]),
        ({"question": "nothing"}, ["question"]),
        ({"definition": 7}, ["definition"]),
    ],
)  # fmt: skip
def test_faults_come_with_their_paths(
    api: Callable[[Any], APIClient], project: Project, change: Any, path: list[Any]
) -> None:
    answer = asked(api(project.created_by), project, {**BODY, **change})

    assert answer.status_code == 400
    assert path in [fault["path"] for fault in answer.json()["errors"]]


def test_only_who_writes_functions_tries_them(api: Callable[[Any], APIClient], project: Project) -> None:
    assert asked(api(make_member(project, "viewer")), project, BODY).status_code == 403
    assert asked(api(make_member(project, "manager")), project, BODY).status_code == 200
