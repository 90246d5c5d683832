"""The pages of people and of runs: what they show, and to whom."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from annotation.models import Project, User
from labelmodel.models import LabelModelRun
from labelmodel.services import refresh, runs
from tests.factories import make_member, make_project
from tests.labelmodel.crew import make_crew

pytestmark = pytest.mark.django_db


@pytest.fixture
def crew() -> tuple[Project, dict[str, User]]:
    return make_crew()


def seen(user: User, path: str, *, status: int = 200, htmx: bool = False) -> str:
    client = Client()
    client.force_login(user)
    response = client.get(path, headers={"HX-Request": "true"} if htmx else {})
    assert response.status_code == status
    return response.content.decode()


def test_everybody_stands_in_one_table_with_figures_and_hints(crew: tuple[Project, dict[str, User]]) -> None:
    project, members = crew
    viewer = make_member(project, "viewer")

    page = seen(viewer, f"/projects/{project.pk}/quality/people/")

    for words in ("carla", "hasty", "says one label", "much faster than others", "5/5", "Worth a look"):
        assert words in page
    assert f"/quality/people/{members['erwin'].pk}/" in page


def test_for_htmx_the_table_comes_alone(crew: tuple[Project, dict[str, User]]) -> None:
    project, _ = crew

    part = seen(project.created_by, f"/projects/{project.pk}/quality/people/", htmx=True)

    assert "<html" not in part
    assert "carla" in part


@pytest.mark.parametrize(
    ("sort", "first"), [("name", "carla"), ("-name", "olga"), ("-accuracy", "hasty"), ("-seconds", "hasty"), ("'", "carla")]
)  # fmt: skip
def test_a_head_sorts_and_unknown_orders_are_the_usual_one(
    crew: tuple[Project, dict[str, User]], sort: str, first: str
) -> None:
    project, _ = crew

    page = seen(project.created_by, f"/projects/{project.pk}/quality/people/?sort={sort}", htmx=True)

    names = re.findall(r'<a class="truncate" href="[^"]+">([^<]+)</a>', page)
    assert names[0] == (project.created_by.username if first == "olga" else first)


def test_a_manager_sees_a_person_with_items_and_gold(crew: tuple[Project, dict[str, User]]) -> None:
    project, members = crew

    page = seen(project.created_by, f"/projects/{project.pk}/quality/people/{members['erwin'].pk}/")

    for words in ("erwin", "What is said of what", "item-00035", "item-00000", "5 answers to gold questions"):
        assert words in page


def test_who_only_browses_is_not_told_which_items_are_gold(crew: tuple[Project, dict[str, User]]) -> None:
    project, members = crew
    viewer = make_member(project, "viewer")

    page = seen(viewer, f"/projects/{project.pk}/quality/people/{members['erwin'].pk}/")

    assert "item-00035" in page
    assert "item-00000" not in page
    assert "answers to gold questions" not in page


def test_annotators_see_themselves_without_items_names_or_gold(crew: tuple[Project, dict[str, User]]) -> None:
    project, members = crew
    erwin = members["erwin"]

    page = seen(erwin, f"/projects/{project.pk}/quality/people/{erwin.pk}/")

    assert "How I am doing" in page
    assert "4 of 5" in page
    for secret in ("item-0", "carla", "conrad", "hasty", "gold", "rotation"):
        assert secret not in page.split("<main")[1]


def test_annotators_see_nobody_else(crew: tuple[Project, dict[str, User]]) -> None:
    project, members = crew

    seen(members["erwin"], f"/projects/{project.pk}/quality/people/{members['carla'].pk}/", status=403)
    seen(members["erwin"], f"/projects/{project.pk}/quality/people/", status=403)
    seen(members["erwin"], f"/projects/{project.pk}/label-model/", status=403)
    seen(project.created_by, f"/projects/{project.pk}/quality/people/{10**15}/", status=404)


def test_empty_projects_say_what_comes_next() -> None:
    project = make_project()

    people = seen(project.created_by, f"/projects/{project.pk}/quality/people/")
    person = seen(project.created_by, f"/projects/{project.pk}/quality/people/{project.created_by.pk}/")
    model = seen(project.created_by, f"/projects/{project.pk}/label-model/")

    assert "not yet" in people
    assert "Nothing is known yet" in person
    assert "No run yet." in model


def test_runs_are_told_with_what_became_of_them(crew: tuple[Project, dict[str, User]]) -> None:
    project, _ = crew
    runs.request(project=project, by=project.created_by, method="dawid_skene")
    refresh.refresh(project_id=project.pk)
    LabelModelRun.objects.create(
        project=project, question="sentiment", schema=project.schema, method="glad", state="failed", error="<b>Too large."
    )  # fmt: skip

    page = seen(project.created_by, f"/projects/{project.pk}/label-model/")

    for words in ("Partial pooling", "in use", "Dawid-Skene", "read otherwise", "left-out votes", "failed"):
        assert words in page
    assert "&lt;b&gt;Too large." in page


def test_the_button_asks_for_a_fit_and_refuses_what_does_not_exist(
    crew: tuple[Project, dict[str, User]],
) -> None:
    project, _ = crew
    client = Client()
    client.force_login(project.created_by)
    url = f"/projects/{project.pk}/label-model/fit/"

    assert client.post(url, {"method": "oracle"}).status_code == 422
    assert client.post(url, {"method": "mace", "question": "sentiment"}).status_code == 302
    assert LabelModelRun.objects.get(state="waiting").method == "mace"
    client.force_login(make_member(project, "viewer"))
    assert client.post(url, {}).status_code == 403
