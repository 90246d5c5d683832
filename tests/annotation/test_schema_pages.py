"""The pages around a schema: who sees what, and what the builder asks the server."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.template import Context, Template
from django.test import Client
from django.urls import reverse

from annotation.models import Item, Project, User
from annotation.pages.schema_starters import STARTERS
from annotation.questions import check_questions
from annotation.services.schemas import create_schema
from tests.factories import FIELDS, SENTIMENT, make_member

pytestmark = pytest.mark.django_db
BROWSER = "django.contrib.auth.backends.ModelBackend"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BROWSER)
    return client


def draft(client: Client, project: Project, body: Any) -> Any:
    text = body if isinstance(body, str) else json.dumps(body)
    return client.post(reverse("schema-form", args=[project.pk]), text, content_type="application/json")


@pytest.mark.parametrize("role", ["owner", "manager"])
def test_those_who_configure_get_the_builder(project: Project, role: str) -> None:
    html = signed_in(make_member(project, role)).get(reverse("schema", args=[project.pk])).content.decode()

    assert 'id="schema-config"' in html
    assert "schema-builder/main.js" in html


@pytest.mark.parametrize("role", ["adjudicator", "annotator", "viewer"])
def test_the_others_look_at_the_form(project: Project, role: str) -> None:
    client = signed_in(make_member(project, role))
    html = client.get(reverse("schema", args=[project.pk])).content.decode()

    assert 'data-question="sentiment"' in html
    assert "schema-config" not in html
    assert draft(client, project, {"fields": [], "questions": SENTIMENT}).status_code == 403


def test_an_archived_project_shows_its_form_only(project: Project, owner: User) -> None:
    Project.objects.filter(pk=project.pk).update(archived_at="2026-01-01T00:00Z")

    html = signed_in(owner).get(reverse("schema", args=[project.pk])).content.decode()

    assert "This project is archived." in html
    assert "schema-config" not in html


def test_a_project_without_questions_says_so(project: Project, viewer: User) -> None:
    Project.objects.filter(pk=project.pk).update(schema=None)

    assert b"No questions yet" in signed_in(viewer).get(reverse("schema", args=[project.pk])).content


@pytest.mark.parametrize("name", ["schema", "schema-versions", "schema-version"])
def test_a_stranger_finds_no_page_and_nobody_is_sent_to_sign_in(
    project: Project, stranger: User, name: str
) -> None:
    url = reverse(name, args=[project.pk, 1] if name == "schema-version" else [project.pk])

    assert signed_in(stranger).get(url).status_code == 404
    assert Client().get(url).status_code == 302


def test_the_preview_is_the_form_of_the_draft(project: Project, manager: User) -> None:
    Item.objects.filter(project=project).update(payload={"text": "<b>Hello</b>"})
    found = draft(signed_in(manager), project, {"fields": FIELDS, "questions": SENTIMENT}).json()

    assert found["faults"] == []
    assert 'value="positive" aria-keyshortcuts="1"' in found["form"]
    assert "&lt;b&gt;Hello&lt;/b&gt;" in found["sample"]
    assert found["questions"][0]["labels"][0]["hotkey"] == "1"


def test_the_preview_of_a_faulty_draft_is_its_faults(project: Project, manager: User) -> None:
    found = draft(
        signed_in(manager), project, {"fields": [], "questions": [{"name": "q", "type": "text", "title": 3}]}
    )

    assert found.json() == {"faults": [{"path": ["questions", 0, "title"], "message": "This must be text."}]}


@pytest.mark.parametrize("body", ["", "{", "[]", "3", '"x"'])
def test_a_preview_of_no_draft_is_refused(project: Project, manager: User, body: str) -> None:
    assert draft(signed_in(manager), project, body).status_code == 400


@pytest.mark.parametrize(
    "body", [{}, {"fields": 3, "questions": 3}, {"questions": [None]}, {"fields": [], "questions": "\0"}]
)
def test_a_preview_of_any_json_gives_faults(project: Project, manager: User, body: Any) -> None:
    assert draft(signed_in(manager), project, body).json()["faults"]


def test_the_versions_and_what_they_changed_are_listed(project: Project, manager: User, viewer: User) -> None:
    note = {"name": "note", "type": "text", "required": False}
    create_schema(
        project=project, by=manager, fields=FIELDS, questions=[*SENTIMENT, note], note="<i>Room</i>"
    )
    client = signed_in(viewer)

    listed = client.get(reverse("schema-versions", args=[project.pk])).content.decode()
    one = client.get(reverse("schema-version", args=[project.pk, 2])).content.decode()

    assert "The question “note” is new (text, optional)." in listed
    assert "&lt;i&gt;Room&lt;/i&gt;" in listed
    assert "Against version 1" in one
    assert 'data-question="note"' in one
    assert client.get(reverse("schema-version", args=[project.pk, 3])).status_code == 404
    assert client.get(reverse("schema-version", args=[project.pk, 10**12])).status_code == 404


def test_the_list_of_versions_costs_the_same_queries_however_long(
    project: Project, manager: User, django_assert_max_num_queries: Any
) -> None:
    client = signed_in(manager)
    client.get(reverse("schema-versions", args=[project.pk]))
    for number in range(25):
        questions = [{**SENTIMENT[0], "title": f"Number {number}"}]
        create_schema(project=project, by=manager, fields=FIELDS, questions=questions)

    with django_assert_max_num_queries(12):
        html = client.get(reverse("schema-versions", args=[project.pk])).content.decode()

    assert "?before=7" in html


def test_the_drawn_form_is_that_of_the_schema(project: Project) -> None:
    template = Template("{% load questions %}{% question_form schema %}")

    assert 'name="answer-sentiment"' in template.render(Context({"schema": project.schema}))


@pytest.mark.parametrize("starter", STARTERS, ids=lambda starter: starter["name"])
def test_starters_are_sound(starter: dict[str, Any]) -> None:
    assert check_questions(starter["questions"]) == []
