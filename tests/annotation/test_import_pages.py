"""The mapping page: what it guesses of a file with answers, and what people change."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from annotation.models import Annotation, Dataset, Membership, Project
from tests.annotation.importing.uploads import run, upload
from tests.annotation.test_import_answers import QUESTIONS, annotation, choice, task
from tests.factories import make_member, make_project, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(db: None) -> Project:
    return make_project(owner=make_user("olga"), questions=QUESTIONS)


@pytest.fixture
def page(client: Client, project: Project) -> Any:
    client.force_login(project.created_by)
    return client


def draft(project: Project, data: str, name: str = "export.json", **choices: Any) -> tuple[Dataset, str]:
    dataset = upload(project, data, name, start=False, **choices)
    return dataset, f"/projects/{project.pk}/imports/{dataset.pk}/"


def test_it_shows_who_wrote_the_file_and_what_was_said(page: Client, project: Project) -> None:
    tasks = [task(1, annotation(1, choice("Positive"), by="ann"), annotation(2, choice("Postive"), by=7))]

    _, url = draft(project, json.dumps(tasks))
    body = page.get(url).content.decode()

    assert '<option value="label_studio" selected>' in body
    assert "The number of the task in Label Studio" in body
    assert '<strong class="tabular">2</strong> answers' in body
    assert "the nearest one is “Positive”" in body


def test_authors_and_choices_are_taken_from_the_form(page: Client, project: Project) -> None:
    make_member(project, user=make_user("bert"))
    tasks = [task(1, annotation(1, choice("Positive"), by="ann"), annotation(2, choice("Postive"), by=7))]
    dataset, url = draft(project, json.dumps(tasks))
    form = {
        "column-0": "text",
        "key": "@key",
        "said-answers": "on",
        "said-unfit": "keep",
        "alike": "keep",
        "alike_from": "0.8",
    }

    posted = page.post(
        f"{url}start/",
        {**form, "said-author-0": "bert", "said-author-1": "-", "said-question-0": "sentiment"},
    )

    assert posted.status_code == 302, posted.content.decode()
    dataset.refresh_from_db()
    assert dataset.options["authors"] == {"ann": "bert", "7": None}
    assert (dataset.options["platform"], dataset.options["unfit"]) == ("label_studio", "keep")
    assert run(dataset).state == "done"
    assert Annotation.objects.get().annotator.username == "bert"


def test_columns_become_answers(page: Client, project: Project) -> None:
    rows = "text,sentiment,mood,who\n" + "".join(f"text {n},Positive,Negative,ann\n" for n in range(3))
    dataset, url = draft(project, rows, "answers.csv")

    assert 'value="=answer:sentiment" selected' in page.get(url).content.decode()
    form = {
        "column-0": "text",
        "column-1": "sentiment",
        "column-2": "=answer:sentiment",
        "column-3": "=author",
        "key": "",
    }
    said = {
        "said-answers": "on",
        "said-unfit": "refuse",
        "said-question-0": "sentiment",
        "said-author-0": "=",
    }
    posted = page.post(f"{url}start/", {**form, **said, "alike": "keep", "alike_from": "0.8"})

    assert posted.status_code == 302, posted.content.decode()
    assert run(dataset).answers_imported == 3
    one = Annotation.objects.select_related("item", "annotator").first()
    assert one is not None
    assert (one.answer, one.annotator.username) == ({"sentiment": "Negative"}, "ann")
    assert one.item.payload == {"text": "text 0", "sentiment": "Positive"}


def test_a_project_without_questions_is_shown_those_that_will_be_made(page: Client, project: Project) -> None:
    bare = Project.objects.create(name="Bare", created_by=project.created_by)
    Membership.objects.create(project=bare, user=project.created_by, role="owner")
    data = json.dumps(
        [task(1, annotation(1, choice("Positive"))), task(2, annotation(2, choice("Negative")))]
    )
    file = SimpleUploadedFile("export.json", data.encode())

    posted = page.post(f"/projects/{bare.pk}/imports/", {"file": file})
    body = page.get(posted["Location"]).content.decode()

    assert "Questions that will be made" in body
    assert "Negative, Positive" in " ".join(body.split())


def test_the_page_says_what_came(page: Client, project: Project) -> None:
    span = {"from_name": "ner", "type": "labels", "value": {"start": 0, "end": 2, "labels": ["PER"]}}
    tasks = [task(1, annotation(1, choice("Positive"), span)), task(2, annotation(2, choice("Postive")))]
    dataset, url = draft(project, json.dumps(tasks))
    page.post(
        f"{url}read/",
        {"platform": "label_studio", "guessed": "label_studio", "format": "json", "encoding": "utf-8"},
    )
    Dataset.objects.filter(pk=dataset.pk).update(state="waiting")
    run(dataset)

    body = " ".join(page.get(url).content.decode().split())

    assert "1 labels" in body
    assert "Answers refused" in body
    assert "<dt>Written by</dt><dd>Label Studio</dd>" in body


def test_tags_and_retired_items_are_asked_about_where_the_file_has_any(
    page: Client, project: Project
) -> None:
    row = {"item_id": 1, "key": "k1", "dataset": None, "state": "retired", "payload": {"text": "x"}}
    row |= {"tags": ["hard", "odd"], "consensus": {}, "annotators": []}
    dataset, url = draft(project, json.dumps(row), "own.jsonl")

    body = page.get(url).content.decode()
    assert '<strong class="tabular">2</strong> tags' in body
    form = {"column-0": "text", "key": "@key", "alike": "keep", "alike_from": "0.8", "said-unfit": "refuse"}
    page.post(f"{url}start/", {**form, "said-tags": "leave", "said-retired": "retire"})
    dataset.refresh_from_db()
    run(dataset)

    item = project.items.get()
    assert (item.key, item.state, item.tags.count()) == ("k1", "retired", 0)
    assert dataset.report == {"retired": 1, "left_out": {"tags": 2}}
    assert "Retired" in page.get(url).content.decode()


def test_another_program_can_be_chosen(page: Client, project: Project) -> None:
    dataset, url = draft(project, json.dumps([task(1, annotation(1, choice("Positive")))]))

    chosen = {"platform": "table", "guessed": "label_studio", "format": "json", "encoding": "utf-8"}
    page.post(f"{url}read/", chosen)

    dataset.refresh_from_db()
    assert dataset.options["platform"] == "table"
    assert "annotations" in page.get(url).content.decode()
