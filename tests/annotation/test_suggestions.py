"""Suggestions: what people are shown, that gold questions do not stand out by it, and what is recorded."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from annotation.models import Annotation, GoldQuestion, Lease, Project
from annotation.reports import suggestions
from annotation.services import predictions, queue
from annotation.services.answers import Answer, revise, skip, submit
from annotation.services.predictions import Predicted
from tests.annotation.gold_help import RIGHT, WRONG, is_gold, make_gold_project, say, take
from tests.factories import make_member, make_project, make_schema
from tests.invariants import assert_slots_add_up

pytestmark = pytest.mark.django_db
SAID = {"sentiment": {"value": "positive", "confidence": 0.91, "source": "m", "version": "3"}}
TWO = [
    {"name": "topics", "type": "multiple_choice", "labels": [{"value": "a"}, {"value": "b"}, {"value": "c"}]},
    {
        "name": "urgent",
        "type": "single_choice",
        "required": False,
        "labels": [{"value": "yes"}, {"value": "no"}],
    },
]


def predict(project, items=None, *, value="positive", version=3, question="sentiment", confidence=0.91):
    ids = items if items is not None else project.items.values_list("pk", flat=True)
    said = [Predicted(item, question, value, confidence, {}) for item in ids]
    predictions.keep(
        project_id=project.pk, schema_id=project.schema_id, found=said, source="m", version=version
    )


def told(turn):
    return json.loads(turn.suggested) if turn.suggested else None


@pytest.fixture
def project():
    project = make_project(items=6, suggestions=True)
    predict(project)
    return project


def one(project, **options):
    person = make_member(project)
    (turn,) = take(person, project, **options).turns
    return person, turn


# What is shown


def test_the_latest_of_the_model_is_shown_and_the_lease_keeps_it(project):
    predict(project, value="negative", version=2)
    predict(project)
    person, turn = one(project)

    assert told(turn) == Lease.objects.get(pk=turn.id).suggested == SAID
    assert told(take(person, project).turns[0]) == SAID


def test_nothing_is_shown_where_the_project_does_not_say_so():
    project = make_project(items=3)
    predict(project)
    _, turn = one(project)

    assert turn.suggested is None
    assert Lease.objects.get(pk=turn.id).suggested is None


def test_what_was_said_under_earlier_questions_is_not_shown(project):
    make_schema(project)
    _, turn = one(project)

    assert turn.suggested is None


def test_imported_predictions_are_no_suggestions():
    project = make_project(items=1, suggestions=True)
    item = project.items.get().pk
    said = [Predicted(item, "sentiment", "positive", 0.9, {})]
    predictions.keep(
        project_id=project.pk, schema_id=project.schema_id, found=said, source="x", version=1, kind="import"
    )

    assert one(project)[1].suggested is None


def test_turned_off_it_is_not_shown_any_more_but_was_seen(project):
    person, _ = one(project)
    Project.objects.update(suggestions=False)
    (held,) = take(person, project).turns
    say(person, held)

    assert held.suggested is None
    assert Annotation.objects.get().suggested == SAID


def test_a_turn_that_was_put_off_shows_the_same_again(project):
    Project.objects.update(skip_policy="later")
    person, turn = one(project)
    skip(annotator=person, lease_id=turn.id)
    for other in take(person, project, 5).turns:
        say(person, other)
    predict(project, value="negative", version=4)
    (again,) = take(person, project).turns

    assert (again.id, told(again)) == (turn.id, SAID)


def test_over_rest_each_lease_has_its_suggestion(api, project):
    person = make_member(project)
    body = api(person).post(f"/api/v1/projects/{project.pk}/next/", {"count": 2}, format="json").json()

    assert [lease["suggestion"] for lease in body["leases"]] == [SAID, SAID]


def test_the_page_has_the_first_one_in_its_html(client, project):
    client.force_login(make_member(project))
    page = " ".join(client.get(reverse("label", args=[project.pk])).content.decode().split())

    assert "Suggested by model version 3" in page
    assert "Positive, 91 %" in page


def test_without_a_score_the_page_says_so(api, client, project):
    predict(project, confidence=None, version=4)
    person = make_member(project)
    client.force_login(person)

    html = client.get(reverse("label", args=[project.pk])).content.decode()

    assert "Positive, no score" in " ".join(html.split())
    lease = Lease.objects.filter(annotator=person).first()
    assert lease.suggested["sentiment"]["confidence"] is None
    [first, *_] = (
        api(project.created_by).get(f"/api/v1/projects/{project.pk}/predictions/?version=4").json()["results"]
    )
    assert (first["confidence"], first["distribution"]) == (None, {})


def test_the_settings_page_turns_it_on(client):
    project = make_project(items=1)
    client.force_login(project.created_by)
    form = client.get(reverse("project-settings", args=[project.pk])).context["form"]
    values = {name: form[name].value() for name in form.fields}
    sent = {name: "" if value is None else value for name, value in values.items()}
    before = {f"initial-{name}": value for name, value in sent.items()}
    client.post(reverse("project-settings", args=[project.pk]), {**sent, **before, "suggestions": "on"})

    assert Project.objects.get().suggestions


# What is recorded


@pytest.mark.parametrize(("answer", "followed"), [(RIGHT, True), (WRONG, False)])
def test_an_answer_keeps_what_was_suggested_and_whether_it_says_the_same(project, answer, followed):
    person, turn = one(project)
    predict(project, value="neutral", version=4)
    say(person, turn, answer)

    kept = Annotation.objects.get()
    assert (kept.suggested, kept.followed) == (SAID, followed)


def test_without_a_suggestion_nothing_is_kept():
    project = make_project(items=1, suggestions=True)
    say(*one(project))

    kept = Annotation.objects.get()
    assert (kept.suggested, kept.followed) == (None, None)


def test_a_revision_is_compared_as_well(project):
    person, turn = one(project)
    first = say(person, turn, WRONG)
    revise(annotator=person, annotation_id=first.annotation_id, given=Answer(RIGHT, "again"))

    assert list(Annotation.objects.order_by("pk").values_list("followed", flat=True)) == [False, True]


def test_the_order_of_labels_does_not_matter_and_every_question_counts():
    project = make_project(items=3, suggestions=True, questions=TWO)
    predict(project, value=["a", "b"], question="topics")
    predict(project, value="yes", question="urgent")
    person = make_member(project)
    answers = [
        {"topics": ["b", "a"], "urgent": "yes"},
        {"topics": ["b", "a"]},
        {"topics": ["a"], "urgent": "yes"},
    ]
    for turn, answer in zip(take(person, project, 3).turns, answers, strict=True):
        submit(annotator=person, lease_id=turn.id, given=Answer(answer, str(turn.id)))

    assert list(Annotation.objects.order_by("pk").values_list("followed", flat=True)) == [True, False, False]


def test_a_suggestion_that_the_new_questions_cannot_say_is_not_compared(project):
    person, turn = one(project)
    make_schema(
        project, [{"name": "mood", "type": "single_choice", "labels": [{"value": "x"}, {"value": "y"}]}]
    )
    say(person, turn, {"mood": "x"})

    assert Annotation.objects.get().followed is None


# Gold questions do not stand out


def gold_project(**values):
    return make_gold_project(gold_questions=4, items=40, gold_rate=0.5, suggestions=True, **values)


def split(turns):
    return [turn for turn in turns if is_gold(turn)], [turn for turn in turns if not is_gold(turn)]


def test_a_gold_question_has_a_suggestion_of_the_same_version_as_its_neighbours():
    project = gold_project()
    predict(project)
    predict(project, list(GoldQuestion.objects.values_list("item", flat=True)), value="negative", version=4)
    person = make_member(project)
    known, others = split(take(person, project, 8).turns)
    held, _ = split(take(person, project, 8).turns)

    assert (len(known), len(others)) == (4, 4)
    assert {turn.suggested for turn in (*known, *held)} == {turn.suggested for turn in others}


def test_where_the_neighbours_have_none_neither_has_it():
    project = gold_project()
    predict(project, list(GoldQuestion.objects.values_list("item", flat=True)))
    known, others = split(take(make_member(project), project, 8).turns)

    assert len(known) == 4
    assert {turn.suggested for turn in (*known, *others)} == {None}


def test_one_without_a_suggestion_waits_where_its_neighbours_have_one(client):
    project = gold_project()
    known = list(GoldQuestion.objects.values_list("item", flat=True))
    predict(project, list(project.items.exclude(pk__in=known[1:]).values_list("pk", flat=True)))
    turns = take(make_member(project), project, 8).turns
    client.force_login(project.created_by)

    assert [turn.item_id for turn in turns if is_gold(turn)] == known[:1]
    assert predictions.waiting_gold(project) == 3
    assert "3 of them wait until" in client.get(reverse("gold", args=[project.pk])).content.decode()


def test_in_training_nothing_is_suggested():
    project = gold_project(training_questions=2)
    predict(project)
    person = make_member(project)
    turns = take(person, project, 2).turns
    held = take(person, project, 2).turns

    assert all(is_gold(turn) for turn in turns)
    assert {turn.suggested for turn in (*turns, *held)} == {None}


def test_one_that_comes_again_in_a_new_rotation_is_suggested_anew():
    from annotation.services import gold

    project = make_gold_project(gold_questions=1, gold_rate=0.5, suggestions=True)
    predict(project)
    person = make_member(project)
    for turn in take(person, project, 30).turns:
        say(person, turn)
    gold.rotate(project=project, by=project.created_by)
    known, _ = split(take(person, project, 4).turns)
    held, _ = split(take(person, project, 4).turns)

    assert Lease.objects.get(pk=known[0].id).state == "again"
    assert told(known[0]) == told(held[0]) == SAID


def test_sent_back_for_a_second_look_an_item_comes_without(project):
    person, turn = one(project)
    say(person, turn)
    Lease.objects.update(state="again")
    project.items.filter(pk=turn.item_id).update(state="open")

    again = queue.next_leases(annotator=person, project=project).turns[0]
    assert (again.id, again.suggested) == (turn.id, None)


# What comes out of it


def test_the_figures_tell_who_follows_and_whether_also_where_it_is_wrong():
    project = gold_project()
    predict(project, value="negative")
    person = make_member(project)
    known, others = split(take(person, project, 8).turns)
    for turn in known[:3]:
        say(person, turn, WRONG)
    say(person, known[3], RIGHT)
    for turn in others:
        say(person, turn, WRONG)

    found = suggestions.of_project(project)
    assert (found.all.shown, found.all.followed) == (8, 7)
    assert [(row.name, row.shown, row.followed) for row in found.people] == [(person.username, 8, 7)]
    assert (found.on_gold, found.misled, found.resisted) == (4, 3, 1)
    assert_slots_add_up(project)


def test_pages_rest_and_exports_say_it(api, client, project):
    person, turn = one(project)
    say(person, turn)
    owner = project.created_by
    client.force_login(owner)

    item = api(owner).get(f"/api/v1/items/{turn.item_id}/").json()
    quality = api(owner).get(f"/api/v1/projects/{project.pk}/quality/").json()
    assert (item["annotations"][0]["suggested"], item["annotations"][0]["followed"]) == (SAID, True)
    assert quality["suggestions"]["all"]["followed"] == quality["suggestions"]["people"][0]["shown"] == 1
    shown = client.get(reverse("item", args=[project.pk, turn.item_id])).content.decode()
    assert "followed the suggestion" in shown
    assert "as a model suggested" in shown
    assert "Followed (95 % interval)" in client.get(reverse("quality", args=[project.pk])).content.decode()


# Exports read over a connection of their own.
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ever", [True, False])
def test_exports_carry_it(api, project, ever):
    Project.objects.update(suggestions=ever)
    say(*one(project))
    url = f"/api/v1/projects/{project.pk}/annotations/"
    owner = api(project.created_by)
    said = {"suggested": SAID if ever else None, "followed": True if ever else None}

    row = json.loads(b"".join(owner.get(url).streaming_content))
    assert {name: row[name] for name in said} == said
    (grouped,) = json.loads(b"".join(owner.get(url, {"per": "item"}).streaming_content))["annotations"]
    assert {name: grouped[name] for name in said} == said
    head, cells = b"".join(owner.get(url, {"format": "csv"}).streaming_content).decode().splitlines()
    assert '"counts","suggested","followed"' in head
    assert ('""version"": ""3""' in cells) == ever
