"""Answers and predictions that come with a file become what they would be had people given them here."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from annotation.models import Annotation, ConsensusDue, Dataset, Lease, Membership, Project, Skip, User
from tests.annotation.importing.uploads import counts, imported
from tests.factories import make_member, make_project, make_user
from tests.invariants import assert_slots_add_up

pytestmark = pytest.mark.django_db

QUESTIONS = [
    {
        "name": "sentiment",
        "type": "single_choice",
        "labels": [{"value": "Positive"}, {"value": "Negative"}, {"value": "Neutral"}],
    },
    {"name": "stars", "type": "rating", "required": False},
    {"name": "note", "type": "text", "required": False},
]


def choice(value: str) -> dict[str, Any]:
    return {"from_name": "sentiment", "to_name": "text", "type": "choices", "value": {"choices": [value]}}


def annotation(pk: int, *results: dict[str, Any], by: Any = 1, **values: Any) -> dict[str, Any]:
    given = {
        "created_at": f"2026-01-0{pk % 9 + 1}T10:00:00.123456Z",
        "lead_time": 2.5,
        "was_cancelled": False,
    }
    return {"id": pk, "completed_by": by, "result": list(results), **given, **values}


def task(pk: int, *annotations: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {
        "id": pk,
        "data": {"text": f"text {pk}"},
        "annotations": list(annotations),
        "predictions": [],
        **values,
    }


def from_label_studio(project: Project, *tasks: dict[str, Any], **choices: Any) -> Dataset:
    return imported(project, json.dumps(tasks), "export.json", **choices)


@pytest.fixture
def project(db: None) -> Project:
    return make_project(questions=QUESTIONS)


def test_an_answer_keeps_author_time_and_duration(project: Project) -> None:
    stars = {"from_name": "stars", "to_name": "text", "type": "rating", "value": {"rating": 4}}

    dataset = from_label_studio(
        project, task(7, annotation(3, choice("Negative"), stars, by={"email": "a@b.org"}))
    )

    assert counts(dataset) == ("done", 1, 1, 0, 0)
    said = Annotation.objects.get(project=project)
    assert (said.answer, said.origin, said.seconds) == (
        {"sentiment": "Negative", "stars": 4},
        "imported",
        2.5,
    )
    assert (said.annotator.username, said.annotator.is_active, said.annotator.imported) == (
        "a@b.org",
        False,
        True,
    )
    assert said.created_at == datetime(2026, 1, 4, 10, 0, 0, 123456, UTC)
    item = project.items.get()
    assert (item.key, item.payload, item.state, item.answers) == ("7", {"text": "text 7"}, "resolved", 1)
    assert Lease.objects.get().annotation_id == said.pk
    assert Membership.objects.get(user=said.annotator).answered == 1
    assert ConsensusDue.objects.filter(item=item).exists()
    assert_slots_add_up(project)


def test_importing_again_changes_nothing(project: Project) -> None:
    tasks = [
        task(n, annotation(n, choice("Positive")), annotation(n + 100, choice("Neutral"), by=2))
        for n in (1, 2, 3)
    ]
    from_label_studio(project, *tasks)

    again = from_label_studio(project, *tasks)

    assert counts(again) == ("done", 3, 0, 3, 0)
    assert (again.answers_imported, again.report["answers_unchanged"]) == (0, 6)
    assert Annotation.objects.count() == 6
    assert_slots_add_up(project)


def test_people_who_disagree_leave_a_dispute(project: Project) -> None:
    from_label_studio(
        project, task(1, annotation(1, choice("Positive")), annotation(2, choice("Negative"), by=2))
    )

    item = project.items.get()
    assert (item.state, item.answers, item.wanted, item.open_slots, item.doubt) == ("disputed", 2, 2, 0, 0.5)


def test_the_same_person_twice_has_revised(project: Project) -> None:
    from_label_studio(project, task(1, annotation(2, choice("Negative")), annotation(1, choice("Positive"))))

    first, last = Annotation.objects.order_by("created_at")
    assert (first.answer["sentiment"], last.answer["sentiment"]) == ("Positive", "Negative")
    assert last.supersedes_id == first.pk
    assert Lease.objects.get().annotation_id == last.pk
    assert_slots_add_up(project)


def test_a_wrong_label_is_refused_with_the_nearest_one(project: Project) -> None:
    dataset = from_label_studio(project, task(1, annotation(1, choice("Postive"))))

    assert counts(dataset) == ("done", 1, 1, 0, 0)
    (refused,) = dataset.rejections.all()
    assert "no label “Postive”; the nearest one is “Positive”" in refused.message
    assert (refused.row, refused.field, dataset.report["answers_refused"]) == (1, "sentiment", 1)
    assert project.items.get().state == "open"


def test_what_does_not_fit_is_kept_on_demand(project: Project) -> None:
    note = {"from_name": "note", "to_name": "text", "type": "textarea", "value": {"text": ["fine"]}}

    from_label_studio(project, task(1, annotation(1, choice("Postive"), note)), unfit="keep")

    said = Annotation.objects.get()
    assert (said.answer, said.kept) == (
        {"note": "fine"},
        {"from": "label_studio", "unfit": {"sentiment": ["Postive"]}},
    )


def test_regions_are_kept_word_for_word_and_counted(project: Project) -> None:
    span = {
        "id": "x",
        "from_name": "ner",
        "type": "labels",
        "value": {"start": 0, "end": 2, "labels": ["PER"]},
    }

    dataset = from_label_studio(project, task(1, annotation(1, choice("Positive"), span)))

    assert Annotation.objects.get().kept == {"from": "label_studio", "offsets": "utf-16", "regions": [span]}
    assert dataset.report["kept"] == {"labels": 1}


def test_offsets_inside_a_character_are_told(project: Project) -> None:
    span = {"from_name": "ner", "type": "labels", "value": {"start": 1, "end": 4, "labels": ["PER"]}}
    one = task(1, annotation(1, choice("Positive"), span)) | {"data": {"text": "😀 Ann"}}

    dataset = from_label_studio(project, one)

    assert "begins or ends inside a character" in dataset.rejections.get().message
    assert dataset.answers_imported == 1


def test_cancelled_ones_are_skips(project: Project) -> None:
    dataset = from_label_studio(project, task(1, annotation(1, choice("Positive"), was_cancelled=True)))

    assert (Skip.objects.count(), Annotation.objects.count(), dataset.report["skipped"]) == (1, 0, 1)
    assert Lease.objects.get().state == "skipped"
    assert_slots_add_up(project)


def test_ground_truth_becomes_gold_on_demand(project: Project) -> None:
    from_label_studio(
        project, task(1, annotation(1, choice("Positive"), ground_truth=True)), gold="questions"
    )

    assert project.gold_questions.get().answer == {"sentiment": "Positive"}
    assert not Annotation.objects.exists()


def test_predictions_come_with_score_and_version(project: Project) -> None:
    said = {"id": 5, "model_version": "m1", "score": 0.75, "result": [choice("Neutral")]}

    dataset = from_label_studio(project, task(1, predictions=[said]))

    one = project.items.get().predictions.get()
    assert (one.kind, one.source, one.version) == ("import", "label_studio", "m1")
    assert (one.value, one.confidence, one.distribution) == ("Neutral", 0.75, {"Neutral": 0.75})
    assert dataset.predictions_imported == 1


def test_a_prediction_without_a_score_has_none(project: Project) -> None:
    plain = {"id": 5, "model_version": "m1", "result": [choice("Neutral")]}
    sure = {"id": 6, "model_version": "m2", "score": 1, "result": [choice("Neutral")]}

    from_label_studio(project, task(1, predictions=[plain, sure]))
    again = from_label_studio(project, task(1, predictions=[plain, sure]))

    assert [one.score for one in project.items.get().predictions.order_by("version")] == [None, 1.0]
    assert again.predictions_imported == 0


def test_what_a_distribution_says_of_the_value_is_its_score(project: Project) -> None:
    record = {
        "text": "x", "inputs": {"text": "x"}, "annotation": None, "annotation_agent": None, "metadata": {},
        "prediction": [{"label": "Neutral", "score": 0.6}, {"label": "Positive", "score": 0.4}],
    }  # fmt: skip

    imported(project, json.dumps([record]), "x.json", questions={"label": "sentiment"})

    one = project.items.get().predictions.get()
    assert (one.value, one.score, one.distribution) == ("Neutral", 0.6, {"Neutral": 0.6, "Positive": 0.4})


def test_authors_are_members_by_name_or_as_chosen(project: Project) -> None:
    anna, bert = make_member(project, user=make_user("anna")), make_member(project, user=make_user("bert"))
    said = [annotation(1, choice("Positive"), by="ANNA"), annotation(2, choice("Positive"), by=17)]

    from_label_studio(project, task(1, *said), authors={"17": "bert"})

    assert set(Annotation.objects.values_list("annotator", flat=True)) == {anna.pk, bert.pk}


def test_what_somebody_said_here_stays(project: Project) -> None:
    from annotation.services import answers, queue

    anna = make_member(project, user=make_user("anna"))
    imported(project, json.dumps([task(1)]), "items.json")
    (turn,) = queue.next_leases(annotator=anna, project=project).turns
    answers.submit(annotator=anna, lease_id=turn.id, given=answers.Answer({"sentiment": "Neutral"}, "n1"))

    dataset = from_label_studio(project, task(1, annotation(1, choice("Positive"), by="anna")))

    assert "anna has answered this item here" in dataset.rejections.get().message
    assert Annotation.objects.get().answer == {"sentiment": "Neutral"}
    assert_slots_add_up(project)


def test_without_questions_the_import_says_what_to_do() -> None:
    bare = Project.objects.create(name="Bare", created_by=make_user())
    Membership.objects.create(project=bare, user=bare.created_by, role="owner")

    failed = from_label_studio(bare, task(1, annotation(1, choice("Positive"))))
    made = from_label_studio(bare, task(1, annotation(1, choice("Positive"))), make_questions=True)

    assert "the project has no questions yet" in failed.error
    assert (made.state, made.answers_imported) == ("done", 1)
    bare.refresh_from_db()
    (question,) = bare.schema.questions
    assert (question["name"], question["type"], question["required"]) == ("sentiment", "single_choice", True)
    assert bare.schema.fields[0]["name"] == "text"


def test_users_made_for_numbers_are_not_shared_between_projects(project: Project) -> None:
    other = make_project(questions=QUESTIONS)

    from_label_studio(project, task(1, annotation(1, choice("Positive"), by=1)))
    from_label_studio(other, task(1, annotation(1, choice("Positive"), by=1)))

    names = User.objects.filter(imported=True).values_list("username", flat=True)
    assert set(names) == {"label-studio-1", "label-studio-1-2"}
